// A mapped range of memory, unmapped when it goes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::os {

class Mapping {
 public:
  enum class Access { read, read_write };

  Mapping() = default;
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { reset(); }

  // Shared mapping of `size` bytes of `fd` from `offset`. An empty range gives
  // an empty mapping.
  static base::Result<Mapping> shared(int fd, std::uint64_t offset, std::size_t size, Access access);

  [[nodiscard]] base::Bytes bytes() const { return {data_, size_}; }
  [[nodiscard]] base::MutableBytes writable_bytes() const { return {data_, size_}; }
  void reset();

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// An unnamed file in memory, close-on-exec, `size` bytes of zero.
[[nodiscard]] base::Result<Fd> memory_file(const char* name, std::uint64_t size);

// Gives pages of a memory file back to the system; they read as zero again.
[[nodiscard]] base::Result<void> punch_hole(int fd, std::uint64_t offset, std::uint64_t size);

}  // namespace qaic::os
