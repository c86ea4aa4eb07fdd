// Looking at other processes: their memory, open files, signals and children.
// Needs the rights of ptrace(2) over them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "os/fd.hpp"

namespace qaic::os {

// Copies the whole of `out` or `in`; false when any part of the range is not
// readable or writable there, or the process is gone.
[[nodiscard]] bool read_memory(pid_t thread, std::uint64_t address, base::MutableBytes out);
[[nodiscard]] bool write_memory(pid_t thread, std::uint64_t address, base::Bytes in);
// A NUL-terminated text of at most `limit` bytes; nothing if it is longer or
// not readable.
[[nodiscard]] std::optional<std::string> read_c_string(pid_t thread, std::uint64_t address,
                                                       std::size_t limit);

// Which file an open descriptor or a path refers to.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};
[[nodiscard]] std::optional<FileIdentity> identity_of_fd(int fd);
[[nodiscard]] std::optional<FileIdentity> identity_of_foreign_fd(pid_t thread, std::int64_t fd);

enum class LastLink { follow, keep };
// The file that `path`, relative to `folder_fd` (AT_FDCWD: its working folder),
// names for that thread: its root, its mounts; symbolic links followed (the
// last one as told), "/proc/self/fd/N" and "/dev/fd/N" too. Nothing when there
// is none.
[[nodiscard]] std::optional<FileIdentity> identity_of_foreign_path(pid_t thread, std::int64_t folder_fd,
                                                                   const std::string& path,
                                                                   LastLink last_link);

// A descriptor of ours for the same open file description. Works through the
// thread's process, whose threads share their files.
[[nodiscard]] std::optional<Fd> copy_foreign_fd(pid_t thread, int fd);

// Is the descriptor a dma-buf of the kernel's?
[[nodiscard]] bool is_dma_buf(pid_t thread, int fd);

// Status flags of an open file (O_RDONLY …, O_CLOEXEC), from its fdinfo.
[[nodiscard]] std::optional<int> foreign_fd_flags(pid_t thread, int fd);

// Effective user of a thread, as this process' user namespace numbers it.
[[nodiscard]] std::optional<unsigned> user_of(pid_t thread);

// What signals wait for a thread that it does not block.
struct PendingSignals {
  bool for_thread = false;   // sent to this very thread
  bool for_process = false;  // sent to its process; any of its threads may take it
  bool is_leader = false;    // the thread is the process' first one
};
[[nodiscard]] PendingSignals pending_signals(pid_t thread);

// One line of a process' memory map.
struct MappedRange {
  std::uint64_t start = 0;
  std::uint64_t end = 0;  // behind the last byte
  bool readable = false;
  FileIdentity file;  // zero for memory without a file
  std::uint64_t offset = 0;
};
// Ordered by address; empty when the process cannot be looked at.
[[nodiscard]] std::vector<MappedRange> mapped_ranges(pid_t thread);

// Is [offset, offset + size) of that file mapped by any process other than ours?
// Processes that cannot be looked at do not count, nor do those in the mount
// namespace `except` (telling a namespace is a hundred times quicker than
// reading a memory map); "" leaves none out.
[[nodiscard]] bool mapped_by_others(FileIdentity file, std::uint64_t offset, std::uint64_t size,
                                    const std::string& except = {});

// The calling process' mount namespace, "mnt:[4026531841]"; "" if it cannot be told.
[[nodiscard]] std::string own_mount_namespace();

// All children of the calling process.
[[nodiscard]] std::vector<pid_t> own_children();

}  // namespace qaic::os
