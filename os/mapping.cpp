#include "os/mapping.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace qaic::os {

using base::fail;
using base::Result;
using base::system_error;

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  if (this != &other) {
    reset();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void Mapping::reset() {
  if (data_ != nullptr) ::munmap(std::exchange(data_, nullptr), std::exchange(size_, 0));
}

Result<Mapping> Mapping::shared(int fd, std::uint64_t offset, std::size_t size, Access access) {
  Mapping mapping;
  if (size == 0) return mapping;
  const int protection = PROT_READ | (access == Access::read_write ? PROT_WRITE : 0);
  void* address =
      ::mmap(nullptr, size, protection, MAP_SHARED | MAP_NORESERVE, fd, static_cast<off_t>(offset));
  if (address == MAP_FAILED) {
    return fail(system_error(errno, "memory-map", "cannot map " + std::to_string(size) + " bytes"));
  }
  mapping.data_ = static_cast<std::byte*>(address);
  mapping.size_ = size;
  return mapping;
}

Result<Fd> memory_file(const char* name, std::uint64_t size) {
  Fd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd.valid()) return fail(system_error(errno, "memory-file", "cannot create memory"));
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) < 0) {
    return fail(
        system_error(errno, "memory-file", "cannot size memory of " + std::to_string(size) + " bytes"));
  }
  return fd;
}

Result<void> punch_hole(int fd, std::uint64_t offset, std::uint64_t size) {
  if (::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                  static_cast<off_t>(size)) < 0) {
    return fail(system_error(errno, "memory-file", "cannot give memory back"));
  }
  return {};
}

}  // namespace qaic::os
