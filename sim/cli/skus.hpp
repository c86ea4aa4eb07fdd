// Names of SKUs on the command line.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/nnc.hpp"

namespace qaic::sim::cli {

[[nodiscard]] std::optional<wire::nnc::Sku> sku_by_name(std::string_view name);
[[nodiscard]] std::string_view sku_name(wire::nnc::Sku sku);
// "standard, pro, …"
[[nodiscard]] std::string sku_names();

}  // namespace qaic::sim::cli
