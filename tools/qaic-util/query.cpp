// `qaic-util -q`: the text that existing scripts parse. Labels, order and
// spacing of the first block are a contract (runtime-protocols §3.3); new keys
// come only after it.
#include <fmt/format.h>

#include <iterator>

#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/status_json.hpp"
#include "tools/qaic-util/verbs.hpp"

namespace qaic::tools::util {

namespace {

using Out = std::back_insert_iterator<std::string>;

const char* status_word(const ProbeAnswer& answer) {
  if (answer.status) return "Ready";
  switch (answer.failure->exit_code) {
    case kUnavailable:
      return "Initializing";
    case kPermission:
    case kDeadline:
    case kNoCard:
      return "Unknown";
    default:
      return "Error";
  }
}

// "16GT/s", "2.5GT/s".
std::string speed_text(std::uint32_t mtps) {
  return fmt::format("{}GT/s", mtps / 1000.0);
}

void print_sensor(Out out, const char* label, bool known, double value) {
  if (known) {
    fmt::format_to(out, "\t{}:{:.2f}\n", label, value);
  } else {
    fmt::format_to(out, "\t{}:unavailable\n", label);
  }
}

void print_link(Out out, const qaic_card_info& card) {
  if ((card.present & QAIC_CARD_LINK_MAX) == 0) return;
  fmt::format_to(out, "\tMax Link Speed:{}\n\tMax Link Width:x{}\n", speed_text(card.link_max_mtps),
                 card.link_max_width);
  if ((card.present & QAIC_CARD_LINK_CURRENT) != 0) {
    fmt::format_to(out, "\tCurrent Link Speed:{}\n\tCurrent Link Width:x{}\n",
                   speed_text(card.link_current_mtps), card.link_current_width);
  } else {
    fmt::format_to(out, "\tCurrent Link Speed:Unknown\n\tCurrent Link Width:Unknown\n");
  }
}

void print_versions(Out out, const qaic_status& s) {
  fmt::format_to(out, "\tHW Version:{}\n\tHW Serial:{}\n", hw_version_text(s.hw_version), s.hw_serial);
  fmt::format_to(out, "\tFW Version:{}\n", version_text(s.fw_major, s.fw_minor, s.fw_patch, s.fw_build));
  fmt::format_to(out, "\tFW QC_IMAGE_VERSION:{}\n\tFW OEM_IMAGE_VERSION:{}\n\tFW IMAGE_VARIANT:{}\n",
                 s.fw_qc_image_version, s.fw_oem_image_version, s.fw_image_variant);
  if ((s.features >> QAIC_FEATURE_CRC & 1) != 0) fmt::format_to(out, "\tFW Features:[FUSA]\n");
  fmt::format_to(out, "\tNSP Version:{}\n",
                 version_text(s.nsp_fw_major, s.nsp_fw_minor, s.nsp_fw_patch, s.nsp_fw_build));
  fmt::format_to(out, "\tNSP QC_IMAGE_VERSION:{}\n\tNSP OEM_IMAGE_VERSION:{}\n\tNSP IMAGE_VARIANT:{}\n",
                 s.nsp_qc_image_version, s.nsp_oem_image_version, s.nsp_image_variant);
}

void print_resources(Out out, const qaic_status& s) {
  fmt::format_to(out, "\tDram Total:{} MB\n\tDram Free:{} MB\n", s.dram_total_mb, s.dram_free_mb);
  fmt::format_to(out, "\tDram Fragmentation:{:.2f}%\n", static_cast<double>(s.dram_fragmentation_percent));
  fmt::format_to(out, "\tVc Total:{}\n\tVc Free:{}\n\tPc Total:{}\n\tPc Reserved:{}\n", s.vc_total, s.vc_free,
                 s.pc_total, s.pc_reserved);
  fmt::format_to(out, "\tNsp Total:{}\n\tNsp Free:{}\n", s.nsp_total, s.nsp_free);
  fmt::format_to(out, "\tLast 100ms Average Dram Bw:{:.2f} KBps\n",
                 static_cast<double>(s.dram_bandwidth_kbps));
  fmt::format_to(out, "\tMCID Total:{}\n\tMCID Free:{}\n\tSemaphore Total:{}\n\tSemaphore Free:{}\n",
                 s.mcid_total, s.mcid_free, s.semaphore_total, s.semaphore_free);
  fmt::format_to(out,
                 "\tConstants Loaded:{}\n\tConstants In-Use:{}\n\tNetworks Loaded:{}\n\tNetworks Active:{}\n",
                 s.constants_loaded, s.constants_in_use, s.networks_loaded, s.networks_active);
}

void print_frequencies(Out out, const qaic_status& s) {
  const auto one = [&](const char* label, std::uint32_t hz) {
    fmt::format_to(out, "\t{} Frequency(Mhz):{:.2f}\n", label, hz / 1e6);
  };
  one("NSP", s.nsp_hz);
  one("DDR", s.ddr_hz);
  one("COMPNOC", s.compnoc_hz);
  one("MEMNOC", s.memnoc_hz);
  one("SYSNOC", s.sysnoc_hz);
}

// What the card tells and the known block leaves out.
void print_more(Out out, const qaic_card_info& card, const qaic_status& s) {
  const auto feature = [&](qaic_feature bit) { return (s.features >> bit & 1) != 0 ? '+' : '-'; };
  fmt::format_to(out, "\tMHI ID:{}\n", card.mhi);
  fmt::format_to(out,
                 "\tDevice Capabilities: HybridBoot{} MDP{} SSR{} DPS{} HBE{} DdrEcc{} PageRetirement{} "
                 "SecureBoot{} SocDebug{}\n",
                 feature(QAIC_FEATURE_HYBRID_BOOT), feature(QAIC_FEATURE_MULTI_DEVICE),
                 feature(QAIC_FEATURE_SSR), feature(QAIC_FEATURE_DATAPATH_SWITCHING),
                 feature(QAIC_FEATURE_HBE), feature(QAIC_FEATURE_DDR_ECC),
                 feature(QAIC_FEATURE_PAGE_RETIREMENT), feature(QAIC_FEATURE_SECURE_BOOT),
                 feature(QAIC_FEATURE_SOC_DEBUG));
  fmt::format_to(out, "\tRetired Pages:{}\n\tReset Needed To Retire Pages:{}\n", s.retired_pages,
                 s.need_reset_to_retire_pages != 0 ? "yes" : "no");
  fmt::format_to(out, "\tSoC Index:{}\n\tCompiler Version:{}\n\tPeak Compute(int8 ops/s):{}\n", s.complex_id,
                 s.compiler_version, s.peak_compute_ops);
  fmt::format_to(out, "\tTime Offset(us):{}\n\tNNC Transaction Protocol Version:{}.{}\n", s.time_offset_us,
                 s.transaction_major, s.transaction_minor);
}

void print_card(Out out, const qaic_card_info& card, const ProbeAnswer& answer) {
  fmt::format_to(out, "QID {}\n\tStatus:{}\n\tPCI Address:{}\n\tPCI Info:{}\n", card.qid, status_word(answer),
                 card.pci_address, card.pci_info);
  print_link(out, card);
  fmt::format_to(out, "\tDev Link:{} \n", card.node);
  if (answer.status) {
    const qaic_status& s = *answer.status;
    print_versions(out, s);
    print_resources(out, s);
    print_frequencies(out, s);
    fmt::format_to(out, "\tMetadata Version:{}.{}\n\tNNC Command Protocol Version:{}.{}\n", s.metadata_major,
                   s.metadata_minor, s.nnc_major, s.nnc_minor);
    fmt::format_to(out, "\tSBL Image:{}\n\tPVS Image Version:{}\n\tNSP Defective PG Mask: 0x{:x}\n",
                   s.sbl_image_name, s.pvs_image_version, s.nsp_pg_mask);
    fmt::format_to(out, "\tSku Type:{}\n\tBoard serial:{}\n", qaic_sku_name(s.sku_type), s.board_serial);
    print_sensor(out, "SoC temperature(degree C)", (card.present & QAIC_CARD_SOC_TEMPERATURE) != 0,
                 card.soc_temperature_millicelsius / 1000.0);
    print_sensor(out, "Board power(Watts)", (card.present & QAIC_CARD_BOARD_POWER) != 0,
                 static_cast<double>(card.board_power_microwatts) / 1e6);
    print_sensor(out, "TDP Cap(Watts)", (card.present & QAIC_CARD_TDP_CAP) != 0,
                 static_cast<double>(card.tdp_cap_microwatts) / 1e6);
    print_more(out, card, s);
  }
  fmt::format_to(out, "\n");
}

}  // namespace

int run_query(const GlobalOptions& options) {
  if (options.json) return run_show(options);
  const Report report = status_report(options);
  std::string text;
  for (std::size_t i = 0; i < report.answers.size(); ++i) {
    print_card(std::back_inserter(text), report.selection.cards[i], report.answers[i]);
  }
  const int written = write_text(text, options.output_file, kTool);
  print_failures(report);
  return written != kDone ? written : report.exit_code;
}

}  // namespace qaic::tools::util
