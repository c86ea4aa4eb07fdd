#include "lib/program/descriptor.hpp"

#include <algorithm>
#include <array>

#include "base/checked.hpp"

namespace qaic::program {
namespace {

struct DataTypeRow {
  std::string_view name;
  std::uint32_t bytes;
};
// In the order of wire::qpc::DataType; numbers that nothing is known of have no name.
constexpr std::array<DataTypeRow, 12> kDataTypes = {{{"float32", 4},
                                                     {"float16", 2},
                                                     {"int8_q", 1},
                                                     {"uint8_q", 1},
                                                     {"int16_q", 2},
                                                     {"int32_q", 4},
                                                     {"int32", 4},
                                                     {"int64", 8},
                                                     {"int8", 1},
                                                     {},
                                                     {},
                                                     {"bfloat16", 2}}};

// In the order of wire::qpc::Transform.
constexpr std::array<std::string_view, 7> kTransforms = {
    "convert",   "convert_to_d32", "convert_from_d32", "dequantize",
    "transpose", "quantize",       "copy_dma_buffer"};

// In the order of networkDescLayout.
constexpr std::array<std::string_view, 11> kLayouts = {
    "flat_nxyd",
    "d32_untiled",
    "d32_untiled_weights",
    "d32_channel_major_8x8",
    "d32_channel_major_1x64",
    "d32_spatial_major_8x8",
    "d32_spatial_major_1x64",
    "d4_channel_major_8x8",
    "d4_spatial_major_8x8",
    "packed_d4_channel_major_8x8",
    "packed_d4_spatial_major_8x8",
};

}  // namespace

std::optional<std::uint32_t> element_size(std::uint32_t type) {
  if (data_type_name(type).empty()) return std::nullopt;
  return kDataTypes[type].bytes;
}

std::string_view data_type_name(std::uint32_t type) {
  return type < kDataTypes.size() ? kDataTypes[type].name : std::string_view{};
}

std::optional<std::uint32_t> data_type_from_name(std::string_view name) {
  const auto it = std::ranges::find(kDataTypes, name, &DataTypeRow::name);
  if (name.empty() || it == kDataTypes.end()) return std::nullopt;
  return static_cast<std::uint32_t>(it - kDataTypes.begin());
}

std::string_view transform_name(std::uint32_t kind) {
  return kind < kTransforms.size() ? kTransforms[kind] : std::string_view{};
}

std::string layout_text(std::uint32_t layout) {
  return layout < kLayouts.size() ? std::string(kLayouts[layout]) : std::to_string(layout);
}

std::optional<std::uint64_t> byte_size(const IoFormat& format) {
  const auto element = element_size(format.type);
  if (!element) return std::nullopt;
  std::uint64_t size = *element;
  for (const std::int32_t dim : format.dims) {
    if (dim < 0) return std::nullopt;
    if (dim == 0) continue;
    const auto product = base::checked_multiply<std::uint64_t>(size, static_cast<std::uint64_t>(dim));
    if (!product) return std::nullopt;
    size = *product;
  }
  return size;
}

}  // namespace qaic::program
