// A program that may hang in our stead: started, listened to, and left behind.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::os {

// Starts `path` with our environment and no open file of ours: it outlives us
// where it hangs, and would keep pipes open that others read to their end. Gives
// the reading end of its stdout; its stderr goes nowhere. Nobody waits for it.
// Error ids: pipe, process-start.
[[nodiscard]] base::Result<Fd> start_in_background(const std::string& path,
                                                   const std::vector<std::string>& arguments);

enum class Heard { bytes, end, deadline };
// One read of what there is, at most out.size(), waiting until `deadline`;
// `count` is how much came with Heard::bytes.
struct Reading {
  Heard heard = Heard::end;
  std::size_t count = 0;
};
[[nodiscard]] Reading read_until(int fd, base::MutableBytes out,
                                 std::chrono::steady_clock::time_point deadline);

}  // namespace qaic::os
