#include <qaic/qaic.h>

#include <memory>

#include "lib/api/boundary.hpp"
#include "lib/api/objects.hpp"
#include "lib/core/device.hpp"
#include "wire/nnc.hpp"

namespace qaic::api {

namespace {

template <std::size_t N, std::size_t M>
void copy_text(char (&field)[N], const std::array<char, M>& text) {
  static_assert(N > M, "the terminator needs room");
  const std::string_view all(text.data(), M);
  set_text(field, all.substr(0, all.find('\0')));
}

void put_resources(qaic_status& out, const wire::nnc::ResourceInfo& info) {
  out.dram_total_mb = info.dram_total;
  out.dram_free_mb = info.dram_free;
  out.dram_fragmentation_percent = info.fragmentation;
  out.vc_total = info.vc_total;
  out.vc_free = info.vc_free;
  out.nsp_total = info.nsp_total;
  out.nsp_free = info.nsp_free;
  out.mcid_total = info.mcid_total;
  out.mcid_free = info.mcid_free;
  out.semaphore_total = info.semaphore_total;
  out.semaphore_free = info.semaphore_free;
  out.pc_total = info.pc_total;
  out.pc_reserved = info.pc_reserved;
}

void put_performance(qaic_status& out, const wire::nnc::PerformanceInfo& info) {
  out.nsp_hz = info.nsp_frequency;
  out.ddr_hz = info.ddr_frequency;
  out.compnoc_hz = info.comp_frequency;
  out.memnoc_hz = info.mem_frequency;
  out.sysnoc_hz = info.sys_frequency;
  out.peak_compute_ops = info.peak_compute;
  out.dram_bandwidth_kbps = info.dram_bw;
}

qaic_status status_from_nnc(const core::Status& status) {
  const wire::nnc::StatusResponse& card = status.card;
  qaic_status out{};
  out.format_version = card.format_version;
  out.fw_major = card.fw_major;
  out.fw_minor = card.fw_minor;
  out.fw_patch = card.fw_patch;
  out.fw_build = card.fw_build;
  copy_text(out.fw_qc_image_version, card.fw_qc_image_version);
  copy_text(out.fw_oem_image_version, card.fw_oem_image_version);
  copy_text(out.fw_image_variant, card.fw_image_variant);
  out.hw_version = card.hw_version;
  copy_text(out.hw_serial, card.hw_serial);
  copy_text(out.board_serial, card.board_serial);
  out.compiler_version = card.compiler_version;
  put_resources(out, card.resources);
  put_performance(out, card.performance);
  out.constants_loaded = card.constants_loaded;
  out.constants_in_use = card.constants_in_use;
  out.networks_loaded = card.networks_loaded;
  out.networks_active = card.networks_active;
  out.metadata_major = card.metadata_major;
  out.metadata_minor = card.metadata_minor;
  out.nnc_major = card.command_major;
  out.nnc_minor = card.command_minor;
  copy_text(out.sbl_image_name, card.sbl_image_name);
  out.need_reset_to_retire_pages = card.need_reset_to_retire_pages;
  out.pvs_image_version = card.pvs_image_version;
  out.nsp_pg_mask = card.nsp_pg_mask;
  out.time_offset_us = card.qts_time_offset_us;
  out.retired_pages = card.retired_pages;
  out.sku_type = card.sku_type;
  out.complex_id = card.complex_id;
  out.nsp_fw_major = card.nsp_fw_major;
  out.nsp_fw_minor = card.nsp_fw_minor;
  out.nsp_fw_patch = card.nsp_fw_patch;
  out.nsp_fw_build = card.nsp_fw_build;
  copy_text(out.nsp_qc_image_version, card.nsp_qc_image_version);
  copy_text(out.nsp_oem_image_version, card.nsp_oem_image_version);
  copy_text(out.nsp_image_variant, card.nsp_image_variant);
  out.features = status.transaction.status_flags;
  out.transaction_major = status.transaction.major;
  out.transaction_minor = status.transaction.minor;
  return out;
}

}  // namespace

}  // namespace qaic::api

using namespace qaic;

extern "C" {

int qaic_device_open(const char* node, qaic_device** out, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (node == nullptr) return base::fail(api::null_argument("node"));
    if (out == nullptr) return base::fail(api::null_argument("out"));
    QAIC_TRY(auto device, core::Device::open(node));
    *out = std::make_unique<qaic_device>(qaic_device{std::move(device)}).release();
    return {};
  });
}

void qaic_device_close(qaic_device* device) {
  const std::unique_ptr<qaic_device> owner(device);
}

const char* qaic_device_node(const qaic_device* device) {
  return device == nullptr ? "" : device->device->node().c_str();
}

int qaic_device_status(qaic_device* device, qaic_status* out, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (device == nullptr) return base::fail(api::null_argument("device"));
    QAIC_TRY(const auto status, device->device->status());
    return api::give(out, api::status_from_nnc(status));
  });
}

int qaic_device_resources(qaic_device* device, qaic_status* out, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (device == nullptr) return base::fail(api::null_argument("device"));
    QAIC_TRY(const auto resources, device->device->resources());
    qaic_status filled{};
    api::put_resources(filled, resources);
    return api::give(out, filled);
  });
}

int qaic_device_performance(qaic_device* device, qaic_status* out, qaic_error* error) {
  return api::guard(error, [&]() -> base::Result<void> {
    if (device == nullptr) return base::fail(api::null_argument("device"));
    QAIC_TRY(const auto performance, device->device->performance());
    qaic_status filled{};
    api::put_performance(filled, performance);
    return api::give(out, filled);
  });
}

const char* qaic_sku_name(uint32_t sku_type) {
  if (sku_type > 0xFF) return "Unknown";
  switch (static_cast<wire::nnc::Sku>(sku_type)) {
    case wire::nnc::Sku::invalid:
      return "Invalid";
    case wire::nnc::Sku::m2:
      return "M.2";
    case wire::nnc::Sku::pcie:
      return "PCIe";
    case wire::nnc::Sku::pcie_pro:
      return "PCIe Pro";
    case wire::nnc::Sku::pcie_lite:
      return "PCIe Lite";
    case wire::nnc::Sku::pcie_ultra:
      return "PCIe Ultra";
    case wire::nnc::Sku::automotive:
      return "Auto";
    case wire::nnc::Sku::pcie_ultra_plus:
      return "PCIe Ultra Plus";
    case wire::nnc::Sku::pcie_080:
      return "PCIe 080";
    case wire::nnc::Sku::pcie_ultra_080:
      return "PCIe Ultra 080";
  }
  return "Unknown";
}

}  // extern "C"
