// Which processes have a file open or mapped: what fuser(1) tells.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace qaic::os {

struct FileHolder {
  pid_t process = 0;
  pid_t parent = 0;
  unsigned user = 0;    // its effective user
  std::string command;  // as the kernel calls it: at most 15 bytes, of any value
};

struct FileHolders {
  std::vector<FileHolder> seen;  // by process id; the calling process does not count
  // Processes of which we may not see what they have open; kernel threads and
  // what has ended do not count.
  std::size_t closed_to_us = 0;
  // /proc may not show all processes: it is that of a pid namespace, or hides
  // those of other users.
  bool others_hidden = false;
};

// `path`: a device node, which counts as open by whatever name it was opened,
// or any other file. Looks at every open file of every process: milliseconds.
[[nodiscard]] FileHolders holders_of(const std::string& path);

}  // namespace qaic::os
