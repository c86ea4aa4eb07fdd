// Tells when a file is no longer open anywhere else.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::os {

// Watches files that the caller holds open exactly once, for writing.
class CloseWatch {
 public:
  static base::Result<CloseWatch> create();

  // Readable when a watched file was closed by somebody.
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Gives the number under which take_closed() names the file.
  [[nodiscard]] base::Result<int> add(int file);
  void remove(int watch);
  // Files of which an open file description went since the last call, each
  // once; others may still be open. Never blocks.
  [[nodiscard]] std::vector<int> take_closed();

 private:
  explicit CloseWatch(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

// Is the caller's descriptor `file`, opened by name for writing, the only open file
// description of its file? Mappings and descriptors in flight count as open.
[[nodiscard]] bool open_only_here(int file);

}  // namespace qaic::os
