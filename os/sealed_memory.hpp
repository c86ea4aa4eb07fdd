// Memory files that keep their size, and how much memory is left.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::os {

// Like memory_file(), but nobody can make it shorter or longer.
[[nodiscard]] base::Result<Fd> sealed_memory_file(const char* name, std::uint64_t size);

// A file with that content that nobody can change: write(2) to it gives EPERM.
[[nodiscard]] base::Result<Fd> constant_memory_file(const char* name, std::string_view content);

// A file of that size that holds nothing and cannot be written: for a
// descriptor that only stands for something.
[[nodiscard]] base::Result<Fd> hollow_memory_file(const char* name, std::uint64_t size);

// A new open file description of the file behind `fd`; `flags` as in open(2).
[[nodiscard]] base::Result<Fd> reopen(int fd, int flags);

// Bytes that can be used without swapping, as the kernel estimates it.
[[nodiscard]] std::uint64_t available_memory();

}  // namespace qaic::os
