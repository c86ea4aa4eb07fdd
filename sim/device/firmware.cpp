#include "sim/device/firmware.hpp"

#include <array>
#include <charconv>

#include "base/bytes.hpp"

namespace qaic::sim::device {

namespace {

// What QSM calls its variant in the logs of real cards; no image names it.
constexpr std::string_view kQsmVariant = "AIC100.REL";

bool is_printable(char c) {
  return c > ' ' && c < 0x7F;
}

// The printable run that starts at `from`.
std::string_view run_at(std::string_view image, std::size_t from) {
  std::size_t end = from;
  while (end < image.size() && is_printable(image[end])) ++end;
  return image.substr(from, end - from);
}

// The first text that begins with `prefix`; "" if there is none.
std::string first_text(std::string_view image, std::string_view prefix) {
  const std::size_t at = image.find(prefix);
  return at == std::string_view::npos ? std::string() : std::string(run_at(image, at));
}

// The value behind `key` in the image, else the first text that begins with `prefix`.
std::string find_text(std::string_view image, std::string_view key, std::string_view prefix) {
  for (std::size_t at = image.find(key); at != std::string_view::npos; at = image.find(key, at + 1)) {
    const std::string_view value = run_at(image, at + key.size());
    if (value.starts_with(prefix)) return std::string(value);
  }
  return first_text(image, prefix);
}

}  // namespace

Version parse_version(std::string_view text) {
  std::array<std::uint8_t, 4> numbers{0, 0, 0, 0xFF};
  std::size_t count = 0;
  while (!text.empty() && count < numbers.size()) {
    const std::string_view part = text.substr(0, text.find('.'));
    std::uint8_t number = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    const bool whole = error == std::errc() && end == part.data() + part.size();
    if (whole) numbers[count++] = number;
    if (!whole && count > 0) break;  // "1.18.2-1": the numbers ended
    text.remove_prefix(part.size() == text.size() ? text.size() : part.size() + 1);
  }
  return {numbers[0], numbers[1], numbers[2], numbers[3]};
}

Firmware read_firmware(Storage& storage, std::string_view set_qsm, std::string_view stated_qsm) {
  Firmware firmware;
  firmware.qsm = set_qsm;
  if (firmware.qsm.empty()) {
    if (const auto fw1 = storage.image("fw1.bin")) firmware.qsm = first_text(base::as_text(*fw1), "QSM.AIC.");
  }
  if (firmware.qsm.empty()) firmware.qsm = stated_qsm;
  if (const auto sbl = storage.image("sbl.bin")) {
    firmware.sbl = find_text(base::as_text(*sbl), "QC_IMAGE_VERSION_STRING=", "SBL.");
  }
  if (const auto nsp = storage.image("fw2.bin")) {
    const std::string_view text = base::as_text(*nsp);
    firmware.nsp = find_text(text, "QC_IMAGE_VERSION_STRING=", "NSP.");
    firmware.nsp_variant = find_text(text, "IMAGE_VARIANT_STRING=", "aic100.nsp");
  }
  return firmware;
}

void report(const Firmware& firmware, wire::nnc::StatusResponse& status) {
  const Version qsm = parse_version(firmware.qsm);
  status.fw_major = qsm.major;
  status.fw_minor = qsm.minor;
  status.fw_patch = qsm.patch;
  status.fw_build = qsm.build;
  base::set_fixed_text(status.fw_qc_image_version, firmware.qsm);
  if (!firmware.qsm.empty()) base::set_fixed_text(status.fw_image_variant, kQsmVariant);
  base::set_fixed_text(status.sbl_image_name, firmware.sbl);
  const Version nsp = parse_version(firmware.nsp);
  status.nsp_fw_major = nsp.major;
  status.nsp_fw_minor = nsp.minor;
  status.nsp_fw_patch = nsp.patch;
  status.nsp_fw_build = nsp.build;
  base::set_fixed_text(status.nsp_qc_image_version, firmware.nsp);
  base::set_fixed_text(status.nsp_image_variant, firmware.nsp_variant);
}

}  // namespace qaic::sim::device
