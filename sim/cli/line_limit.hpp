// How many lines a second are written of what a guest can set off as it likes.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace qaic::sim::cli {

class LineLimit {
 public:
  explicit LineLimit(unsigned most) : most_(most) {}

  // Of these lines, said at `now`, those that are to be written, and before
  // them how many were kept back in an earlier second. With no lines and
  // nothing kept back there is nothing to ask.
  [[nodiscard]] std::vector<std::string> pass(std::vector<std::string> lines, std::chrono::nanoseconds now);
  [[nodiscard]] bool keeps_back() const { return kept_back_ != 0; }
  // What is left to say at the end; empty: nothing.
  [[nodiscard]] std::string rest();

 private:
  unsigned most_;
  unsigned passed_ = 0;  // in this second
  std::size_t kept_back_ = 0;
  std::chrono::nanoseconds second_{};  // when it began
};

}  // namespace qaic::sim::cli
