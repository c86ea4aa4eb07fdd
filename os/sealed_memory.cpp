#include "os/sealed_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>

#include "os/file.hpp"

namespace qaic::os {

using base::fail;
using base::Result;
using base::system_error;

Result<Fd> sealed_memory_file(const char* name, std::uint64_t size) {
  Fd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return fail(system_error(errno, "memory-file", "cannot create memory"));
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) < 0) {
    return fail(
        system_error(errno, "memory-file", "cannot size memory", "raise the limit: ulimit -f unlimited"));
  }
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
    return fail(system_error(errno, "memory-file", "cannot fix the size of memory"));
  }
  // The kernel does not count the description that memfd_create makes among the
  // writers of its file; one opened by name it does, and open_only_here() counts.
  return reopen(fd.get(), O_RDWR | O_CLOEXEC);
}

namespace {

Result<Fd> seal_content(const Fd& fd) {
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) < 0) {
    return fail(system_error(errno, "memory-file", "cannot fix the content of memory"));
  }
  // As above: what open_only_here() tells needs a description opened by name.
  return reopen(fd.get(), O_RDWR | O_CLOEXEC);
}

}  // namespace

Result<Fd> constant_memory_file(const char* name, std::string_view content) {
  const Fd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return fail(system_error(errno, "memory-file", "cannot create memory"));
  QAIC_CHECK(write_all(fd.get(), base::as_bytes(content)));
  return seal_content(fd);
}

Result<Fd> hollow_memory_file(const char* name, std::uint64_t size) {
  const Fd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return fail(system_error(errno, "memory-file", "cannot create memory"));
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) < 0) {
    return fail(system_error(errno, "memory-file", "cannot size memory"));
  }
  return seal_content(fd);
}

Result<Fd> reopen(int fd, int flags) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  Fd copy(::open(path.c_str(), flags));
  if (!copy.valid()) return fail(system_error(errno, "file-open", "cannot open a file again"));
  return copy;
}

std::uint64_t available_memory() {
  constexpr std::string_view kName = "MemAvailable:";
  const auto bytes = read_file("/proc/meminfo", 65536);
  if (!bytes) return UINT64_MAX;
  std::string_view text = base::as_text(*bytes);
  const auto at = text.find(kName);
  if (at == std::string_view::npos) return UINT64_MAX;
  text.remove_prefix(at + kName.size());
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::uint64_t kib = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), kib).ec != std::errc{}) return UINT64_MAX;
  return kib * 1024;
}

}  // namespace qaic::os
