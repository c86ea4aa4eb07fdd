// The stock configuration of each SKU. From runtime-protocols §3.1 (logs of
// real cards): Pro and Ultra 16 NSPs and 32692 MB, Standard 14 NSPs. Inferred:
// Standard's and Lite's DDR (the product's 16 and 8 GiB less the same 76 MiB
// that Pro lacks to 32 GiB), Lite's and AIC080's 8 NSPs, which features are set.
#include <array>
#include <cstdio>

#include "sim/device/card.hpp"

namespace qaic::sim::device {

namespace {

using wire::nnc::Sku;

constexpr std::uint64_t kMebibyte = 1U << 20;
constexpr std::uint64_t kReservedMebibytes = 76;

constexpr std::uint64_t dram_of(std::uint64_t gibibytes) {
  return (gibibytes * 1024 - kReservedMebibytes) * kMebibyte;
}

struct Size {
  std::uint8_t nsp_count;
  std::uint64_t dram_bytes;
};

Size size_of(Sku sku) {
  switch (sku) {
    case Sku::pcie:
      return {14, dram_of(16)};
    case Sku::pcie_lite:
    case Sku::m2:
      return {8, dram_of(8)};
    case Sku::pcie_080:
    case Sku::pcie_ultra_080:
      return {8, dram_of(32)};
    case Sku::invalid:
    case Sku::pcie_pro:
    case Sku::pcie_ultra:
    case Sku::automotive:
    case Sku::pcie_ultra_plus:
      return {16, dram_of(32)};
  }
  return {16, dram_of(32)};
}

}  // namespace

unsigned socs_per_board(Sku sku) {
  switch (sku) {
    case Sku::pcie_ultra:
    case Sku::pcie_ultra_plus:
    case Sku::pcie_ultra_080:
      return 4;
    case Sku::invalid:
    case Sku::m2:
    case Sku::pcie:
    case Sku::pcie_pro:
    case Sku::pcie_lite:
    case Sku::automotive:
    case Sku::pcie_080:
      return 1;
  }
  return 1;
}

CardConfig stock_config(Sku sku, unsigned card, unsigned soc) {
  using wire::nnc::Feature;
  using wire::nnc::feature_bit;
  CardConfig config;
  config.sku = sku;
  // Shaped like real serials ("PN471-12-343016", "0x2b36e75d"), but nobody can
  // take them for one.
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "SIM471-12-%06u", card % 1000000);
  config.board_serial = text.data();
  std::snprintf(text.data(), text.size(), "0x51b%05x", ((card << 4) | (soc & 0xF)) & 0xFFFFF);
  config.hw_serial = text.data();
  config.complex_id = static_cast<std::uint8_t>(soc);
  const Size size = size_of(sku);
  config.nsp_count = size.nsp_count;
  config.dram_bytes = size.dram_bytes;
  config.pvs_image_version = 24;  // the value in a real card's log
  config.features = feature_bit(Feature::hybrid_boot) | feature_bit(Feature::ssr) |
                    feature_bit(Feature::ddr_ecc) | feature_bit(Feature::page_retirement);
  if (sku == Sku::automotive) config.features |= feature_bit(Feature::crc);
  config.stated_qsm_version = "QSM.SIM.1.20.0";
  return config;
}

}  // namespace qaic::sim::device
