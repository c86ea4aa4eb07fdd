#include "tools/qaic-qpc/input.hpp"

#include "os/file.hpp"
#include "wire/qpc.hpp"

namespace qaic::qpc {

std::string program_path(const std::string& given) {
  if (os::file_kind(given) != os::FileKind::folder) return given;
  return given + "/" + std::string(wire::qpc::kFileName);
}

base::Result<os::Mapping> map_file(const std::string& path) {
  if (os::file_kind(path) == os::FileKind::folder) {
    return base::fail(base::make_error(base::ErrorKind::bad_input, "file-open",
                                       path + " is a folder, not a file", "name the file in it"));
  }
  QAIC_TRY(const os::Fd fd, input(os::open_file(path, os::OpenMode::read)));
  QAIC_TRY(const std::uint64_t size, os::file_size(fd.get()));
  return input(os::Mapping::shared(fd.get(), 0, static_cast<std::size_t>(size), os::Mapping::Access::read));
}

}  // namespace qaic::qpc
