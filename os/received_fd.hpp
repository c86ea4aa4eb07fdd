// What a descriptor is that somebody else sent.
#pragma once

#include <cstdint>
#include <optional>

namespace qaic::os {

// A regular file (a memory file, or one on disk or in hugetlbfs).
struct FileObject {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;  // bytes, at this moment
  bool writable = false;   // by this descriptor
};
[[nodiscard]] std::optional<FileObject> file_object(int fd);

// True if writing to it can neither block nor raise SIGPIPE, as with an
// eventfd; makes it non-blocking.
[[nodiscard]] bool tame_event(int fd);

}  // namespace qaic::os
