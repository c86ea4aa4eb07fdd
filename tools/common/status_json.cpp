#include "tools/common/status_json.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "tools/common/exit_code.hpp"

namespace qaic::tools {

using nlohmann::json;

namespace {

struct FeatureName {
  qaic_feature feature;
  std::string_view name;
};
constexpr std::array<FeatureName, 10> kFeatures{{{QAIC_FEATURE_CRC, "crc"},
                                                 {QAIC_FEATURE_DATAPATH_SWITCHING, "datapath_switching"},
                                                 {QAIC_FEATURE_HBE, "hbe"},
                                                 {QAIC_FEATURE_HYBRID_BOOT, "hybrid_boot"},
                                                 {QAIC_FEATURE_SSR, "ssr"},
                                                 {QAIC_FEATURE_MULTI_DEVICE, "multi_device"},
                                                 {QAIC_FEATURE_DDR_ECC, "ddr_ecc"},
                                                 {QAIC_FEATURE_PAGE_RETIREMENT, "page_retirement"},
                                                 {QAIC_FEATURE_SECURE_BOOT, "secure_boot"},
                                                 {QAIC_FEATURE_SOC_DEBUG, "soc_debug"}}};

json text_or_null(const char* text) {
  return *text == '\0' ? json(nullptr) : json(text);
}

void add_absent(json& row, const std::string& path, const std::string& reason, const std::string& hint) {
  row[path] = nullptr;
  row["absent"][path] = {{"reason", reason}, {"hint", hint}};
}

void add_measured(json& row, const qaic_card_info& card, std::uint32_t bit, const std::string& path,
                  double value) {
  if ((card.present & bit) != 0) {
    row[path] = value;
  } else {
    add_absent(row, path, "no-hwmon", "the mainline driver has no sensors");
  }
}

void add_link(json& row, const qaic_card_info& card) {
  const auto one = [&](std::uint32_t bit, const char* name, std::uint32_t mtps, std::uint32_t width) {
    const std::string speed = fmt::format("link_{}_transfers_per_second", name);
    const std::string lanes = fmt::format("link_{}_lanes", name);
    if ((card.present & bit) != 0) {
      row[speed] = std::uint64_t{mtps} * 1'000'000;
      row[lanes] = width;
    } else {
      add_absent(row, speed, "not-in-sysfs", "the PCI core gives no link here");
      add_absent(row, lanes, "not-in-sysfs", "the PCI core gives no link here");
    }
  };
  one(QAIC_CARD_LINK_MAX, "max", card.link_max_mtps, card.link_max_width);
  one(QAIC_CARD_LINK_CURRENT, "current", card.link_current_mtps, card.link_current_width);
}

}  // namespace

std::vector<std::string> feature_names(std::uint64_t features) {
  std::vector<std::string> names;
  for (const auto& [feature, name] : kFeatures) {
    if ((features >> feature & 1) != 0) names.emplace_back(name);
  }
  return names;
}

std::string version_text(unsigned major, unsigned minor, unsigned patch, unsigned build) {
  if (build == 255) return fmt::format("{}.{}.{}", major, minor, patch);
  return fmt::format("{}.{}.{}.{}", major, minor, patch, build);
}

std::string hw_version_text(std::uint32_t packed) {
  return fmt::format("{}.{}.{}.{}", packed >> 28, packed >> 16 & 0xFFF, packed >> 8 & 0xFF, packed & 0xFF);
}

std::string state_name(const ProbeAnswer& answer) {
  if (answer.status) return "ready";
  const Failure& failure = *answer.failure;
  if (failure.id == "card-no-driver") return "no_driver";
  if (failure.id == "card-no-node") return "no_node";
  switch (failure.exit_code) {
    case kPermission:
      return "no_permission";
    case kUnavailable:
      return "initializing";
    case kDeadline:
      return "no_answer";
    default:
      return "error";
  }
}

json card_json(const qaic_card_info& card) {
  json row{{"qid", card.qid},
           {"pci_address", card.pci_address},
           {"pci_vendor_id", fmt::format("0x{:04x}", card.vendor)},
           {"pci_device_id", fmt::format("0x{:04x}", card.device)},
           {"description", card.pci_info},
           {"node", text_or_null(card.node)},
           {"driver", text_or_null(card.driver)},
           {"mhi", text_or_null(card.mhi)},
           {"absent", json::object()}};
  add_link(row, card);
  if ((card.present & QAIC_CARD_NUMA_NODE) != 0) {
    row["numa_node"] = card.numa_node;
  } else {
    add_absent(row, "numa_node", "not-in-sysfs", "the host has one memory node");
  }
  if (card.node[0] == '\0') {
    row["absent"]["node"] = {{"reason", card.driver[0] == '\0' ? "no-driver" : "no-node"},
                             {"hint", "dmesg | grep qaic"}};
  }
  return row;
}

json status_json(const qaic_card_info& card, const ProbeAnswer& answer) {
  json row = card_json(card);
  add_measured(row, card, QAIC_CARD_SOC_TEMPERATURE, "soc_temperature_celsius",
               card.soc_temperature_millicelsius / 1000.0);
  add_measured(row, card, QAIC_CARD_BOARD_POWER, "board_power_watts",
               static_cast<double>(card.board_power_microwatts) / 1e6);
  add_measured(row, card, QAIC_CARD_TDP_CAP, "tdp_cap_watts",
               static_cast<double>(card.tdp_cap_microwatts) / 1e6);
  row["state"] = state_name(answer);
  if (!answer.status) {
    row["card"] = nullptr;
    row["absent"]["card"] = {{"reason", answer.failure->id}, {"hint", answer.failure->hint}};
    return row;
  }
  const qaic_status& s = *answer.status;
  row["card"] = {{"sku", qaic_sku_name(s.sku_type)},
                 {"sku_type", s.sku_type},
                 {"board_serial", text_or_null(s.board_serial)},
                 {"hw_serial", text_or_null(s.hw_serial)},
                 {"hw_version", hw_version_text(s.hw_version)},
                 {"soc_index", s.complex_id},
                 {"features", feature_names(s.features)},
                 {"firmware",
                  {{"version", version_text(s.fw_major, s.fw_minor, s.fw_patch, s.fw_build)},
                   {"qc_image_version", text_or_null(s.fw_qc_image_version)},
                   {"oem_image_version", text_or_null(s.fw_oem_image_version)},
                   {"image_variant", text_or_null(s.fw_image_variant)},
                   {"sbl_image", text_or_null(s.sbl_image_name)},
                   {"pvs_image_version", s.pvs_image_version}}},
                 {"nsp_firmware",
                  {{"version", version_text(s.nsp_fw_major, s.nsp_fw_minor, s.nsp_fw_patch, s.nsp_fw_build)},
                   {"qc_image_version", text_or_null(s.nsp_qc_image_version)},
                   {"oem_image_version", text_or_null(s.nsp_oem_image_version)},
                   {"image_variant", text_or_null(s.nsp_image_variant)}}},
                 {"protocol",
                  {{"transaction", fmt::format("{}.{}", s.transaction_major, s.transaction_minor)},
                   {"command", fmt::format("{}.{}", s.nnc_major, s.nnc_minor)},
                   {"metadata", fmt::format("{}.{}", s.metadata_major, s.metadata_minor)}}},
                 {"dram",
                  {{"total_bytes", std::uint64_t{s.dram_total_mb} << 20},
                   {"free_bytes", std::uint64_t{s.dram_free_mb} << 20},
                   {"fragmentation_ratio", s.dram_fragmentation_percent / 100.0},
                   {"bandwidth_bytes_per_second", s.dram_bandwidth_kbps * 1000},
                   {"retired_pages", s.retired_pages},
                   {"reset_needed_to_retire_pages", s.need_reset_to_retire_pages != 0}}},
                 {"nsp",
                  {{"total", s.nsp_total},
                   {"free", s.nsp_free},
                   {"defective_mask", fmt::format("0x{:x}", s.nsp_pg_mask)}}},
                 {"virtual_channels", {{"total", s.vc_total}, {"free", s.vc_free}}},
                 {"physical_channels", {{"total", s.pc_total}, {"reserved", s.pc_reserved}}},
                 {"multicast_ids", {{"total", s.mcid_total}, {"free", s.mcid_free}}},
                 {"semaphores", {{"total", s.semaphore_total}, {"free", s.semaphore_free}}},
                 {"constants", {{"loaded", s.constants_loaded}, {"in_use", s.constants_in_use}}},
                 {"networks", {{"loaded", s.networks_loaded}, {"active", s.networks_active}}},
                 {"frequency",
                  {{"nsp_hz", s.nsp_hz},
                   {"ddr_hz", s.ddr_hz},
                   {"compnoc_hz", s.compnoc_hz},
                   {"memnoc_hz", s.memnoc_hz},
                   {"sysnoc_hz", s.sysnoc_hz}}},
                 {"peak_compute_operations_per_second", s.peak_compute_ops},
                 {"time_offset_us", s.time_offset_us}};
  return row;
}

}  // namespace qaic::tools
