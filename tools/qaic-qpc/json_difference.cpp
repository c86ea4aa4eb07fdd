#include "tools/qaic-qpc/json_difference.hpp"

#include <algorithm>
#include <set>

namespace qaic::qpc {

using Json = nlohmann::json;

void add_differences(const Json& a, const Json& b, const std::string& path, std::vector<Difference>& out) {
  if (a == b || out.size() >= kMostDifferences) return;
  if (a.is_object() && b.is_object()) {
    std::set<std::string> keys;
    for (const Json* side : {&a, &b}) {
      for (const auto& [key, ignored] : side->items()) keys.insert(key);
    }
    for (const auto& key : keys) {
      add_differences(a.value(key, Json()), b.value(key, Json()), path.empty() ? key : path + "." + key, out);
    }
  } else if (a.is_array() && b.is_array()) {
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      add_differences(i < a.size() ? a[i] : Json(), i < b.size() ? b[i] : Json(),
                      path + "[" + std::to_string(i) + "]", out);
    }
  } else {
    out.push_back({path, a, b});
  }
}

}  // namespace qaic::qpc
