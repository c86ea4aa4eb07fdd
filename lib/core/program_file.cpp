#include "lib/core/program_file.hpp"

#include <cerrno>
#include <utility>

#include "os/file.hpp"
#include "wire/qpc.hpp"

namespace qaic::core {

namespace {

using base::Error;
using base::ErrorKind;
using base::fail;
using base::Result;

Error open_error(Error error) {
  error.id = "program-open";
  if (error.code != EACCES && error.code != EPERM) error.kind = ErrorKind::bad_input;
  return error;
}

Result<os::Mapping> map_file(const std::string& path) {
  QAIC_TRY(const os::Fd fd, os::open_file(path, os::OpenMode::read));
  QAIC_TRY(const std::uint64_t size, os::file_size(fd.get()));
  return os::Mapping::shared(fd.get(), 0, size, os::Mapping::Access::read);
}

}  // namespace

Result<ProgramFile> ProgramFile::open(const std::string& path) {
  std::string file = path;
  if (os::file_kind(path) == os::FileKind::folder) {
    file += '/';
    file += wire::qpc::kFileName;
  }
  auto mapping = map_file(file);
  if (!mapping) return fail(open_error(std::move(mapping).error()));
  auto program = parse(mapping->bytes());
  if (!program) {
    program.error().what.insert(0, file + ": ");
    return program;
  }
  program->mapping_ = std::move(*mapping);  // moving keeps the address that the program points to
  return program;
}

Result<ProgramFile> ProgramFile::parse(base::Bytes bytes) {
  ProgramFile out;
  QAIC_TRY(out.program_, program::parse_program(bytes));
  return out;
}

}  // namespace qaic::core
