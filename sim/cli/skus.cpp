#include "sim/cli/skus.hpp"

#include <array>
#include <utility>

namespace qaic::sim::cli {

using wire::nnc::Sku;

namespace {

constexpr std::array<std::pair<std::string_view, Sku>, 8> kNames{{{"standard", Sku::pcie},
                                                                  {"pro", Sku::pcie_pro},
                                                                  {"lite", Sku::pcie_lite},
                                                                  {"ultra", Sku::pcie_ultra},
                                                                  {"ultra-plus", Sku::pcie_ultra_plus},
                                                                  {"080", Sku::pcie_080},
                                                                  {"ultra-080", Sku::pcie_ultra_080},
                                                                  {"m2", Sku::m2}}};

}  // namespace

std::optional<Sku> sku_by_name(std::string_view name) {
  for (const auto& [text, sku] : kNames) {
    if (text == name) return sku;
  }
  return std::nullopt;
}

std::string_view sku_name(Sku sku) {
  for (const auto& [text, known] : kNames) {
    if (known == sku) return text;
  }
  return "unknown";
}

std::string sku_names() {
  std::string out;
  for (const auto& [text, sku] : kNames) {
    if (!out.empty()) out += ", ";
    out += text;
  }
  return out;
}

}  // namespace qaic::sim::cli
