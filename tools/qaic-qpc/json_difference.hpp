// Where two JSON values differ.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace qaic::qpc {

// `a` and `b` are what stands there, null where nothing does.
struct Difference {
  std::string path;  // such as "requests[3].size"
  nlohmann::json a;
  nlohmann::json b;
};

// Appends to `out`; at most kMostDifferences are kept there in all.
inline constexpr std::size_t kMostDifferences = 10000;
void add_differences(const nlohmann::json& a, const nlohmann::json& b, const std::string& path,
                     std::vector<Difference>& out);

}  // namespace qaic::qpc
