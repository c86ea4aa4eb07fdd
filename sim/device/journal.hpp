// What the card has to say to whoever watches it: why a network was refused or
// died, what a network logged. Bounded: the oldest lines go first.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace qaic::sim::device {

class Journal {
 public:
  void add(std::string line) {
    if (lines_.size() == kLines) lines_.pop_front();
    lines_.push_back(std::move(line));
  }
  [[nodiscard]] std::vector<std::string> take() {
    std::vector<std::string> out(std::make_move_iterator(lines_.begin()),
                                 std::make_move_iterator(lines_.end()));
    lines_.clear();
    return out;
  }

 private:
  static constexpr std::size_t kLines = 1000;
  std::deque<std::string> lines_;
};

}  // namespace qaic::sim::device
