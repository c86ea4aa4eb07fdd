// Files: open, read whole, list a folder, follow a link.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::os {

enum class OpenMode { read, read_write };

// Opens with close-on-exec. Error ids: file-open.
[[nodiscard]] base::Result<Fd> open_file(const std::string& path, OpenMode mode);

// Size in bytes of what `fd` refers to.
[[nodiscard]] base::Result<std::uint64_t> file_size(int fd);

// Whole content; more than `limit` bytes is an error of kind bad_input.
[[nodiscard]] base::Result<base::ByteVector> read_file(const std::string& path, std::size_t limit);

// Everything that can still be read from `fd`, with the same limit; `name` is
// for errors.
[[nodiscard]] base::Result<base::ByteVector> read_rest(int fd, std::size_t limit, const std::string& name);

// A sysfs-like attribute: at most 4 KiB, trailing newline removed.
[[nodiscard]] base::Result<std::string> read_text(const std::string& path);

// Names in a folder, sorted, without "." and "..".
[[nodiscard]] base::Result<std::vector<std::string>> list_folder(const std::string& path);

// Where a symbolic link points, as written in it.
[[nodiscard]] base::Result<std::string> read_link(const std::string& path);

enum class FileKind { missing, regular, folder, character_device, other };
// Follows symbolic links; anything that cannot be looked at counts as missing.
[[nodiscard]] FileKind file_kind(const std::string& path);

// Writes everything or says why not. Repeats on EINTR and short writes.
[[nodiscard]] base::Result<void> write_all(int fd, base::Bytes bytes);

// Creates or replaces `path` with `bytes`.
[[nodiscard]] base::Result<void> write_file(const std::string& path, base::Bytes bytes);

}  // namespace qaic::os
