// The guest kernel's log.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qaic::sim::vm {

// A record of /dev/kmsg ("6,339,5140900,-;text") as dmesg shows it:
// "[    5.140900] text". Continuation lines (variables) are left out.
[[nodiscard]] std::string log_line(std::string_view record);

// Its priority: 0 emergency … 4 warning … 7 debug.
[[nodiscard]] unsigned log_priority(std::string_view record);

// What the kernel complains about: warnings, bugs, stalls, panics, each from
// its first line to its end.
class KernelComplaints {
 public:
  void take(const std::string& line);
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
  // How many complaints there were.
  [[nodiscard]] unsigned count() const { return count_; }

 private:
  std::vector<std::string> lines_;
  unsigned count_ = 0;
  unsigned follows_ = 0;  // lines that still belong to the last one
};

}  // namespace qaic::sim::vm
