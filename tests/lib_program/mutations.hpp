// One change for each rule of the checker that breaks that rule.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "tests/lib_program/material.hpp"

namespace qaic::samples {

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  // 0 to count - 1; 0 if count is 0.
  std::size_t below(std::size_t count) { return count == 0 ? 0 : engine_() % count; }
  std::uint32_t between(std::uint32_t low, std::uint32_t high) {
    return low + static_cast<std::uint32_t>(below(std::size_t{high} - low + 1));
  }
  template <class T>
  T& one_of(std::vector<T>& list) {
    return list.at(below(list.size()));
  }

 private:
  std::mt19937 engine_;
};

struct Mutation {
  std::string_view rule;
  void (*change)(Material&, Random&);
};

// What breaks the descriptor, constants or container; the rest.
std::span<const Mutation> host_mutations();
std::span<const Mutation> card_mutations();

}  // namespace qaic::samples
