// What each error id of the tools and libraries means. tests/lint checks that
// every id in the tree is here.
#pragma once

#include <span>
#include <string_view>

namespace qaic::tools::util {

struct Explanation {
  std::string_view id;
  std::string_view meaning;
};

// Sorted by id.
std::span<const Explanation> explanations();

}  // namespace qaic::tools::util
