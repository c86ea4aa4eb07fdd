// Which cards are online, from the kernel's uevents.
#pragma once

#include <set>
#include <string>

namespace qaic::sim::vm::guest {

class Cards {
 public:
  // Listens from now on; the driver must be loaded later. A driver that is
  // built into the kernel spoke before: it is then looked for in sysfs.
  Cards(unsigned expected, bool driver_built_in);

  [[nodiscard]] int fd() const { return fd_; }
  // Takes what the kernel said.
  void take_events();
  [[nodiscard]] unsigned online() const;
  [[nodiscard]] unsigned expected() const { return expected_; }
  [[nodiscard]] bool all_online() const { return online() >= expected_; }

 private:
  unsigned expected_;
  bool built_in_;
  int fd_ = -1;
  std::set<std::string> online_;
};

}  // namespace qaic::sim::vm::guest
