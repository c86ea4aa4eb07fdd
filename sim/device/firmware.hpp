// What the card knows of the firmware it was booted with: version texts read
// out of the images. Source: firmware-images.md, runtime-protocols §3.1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/device/ports.hpp"
#include "wire/nnc.hpp"

namespace qaic::sim::device {

// "NSP.AIC.1.18.2.0" -> 1, 18, 2, 0. A number that is not there is 0, a missing
// build 0xFF ("none" on the wire).
struct Version {
  std::uint8_t major = 0;
  std::uint8_t minor = 0;
  std::uint8_t patch = 0;
  std::uint8_t build = 0xFF;
};
Version parse_version(std::string_view text);

struct Firmware {
  std::string sbl;          // sbl.bin, QC_IMAGE_VERSION_STRING
  std::string nsp;          // fw2.bin, "NSP.AIC.…"
  std::string nsp_variant;  // fw2.bin, "aic100.nsp.prodQ"
  std::string qsm;          // a setting, else fw1.bin, "QSM.AIC.…", without a key before it
};

// Absent images or texts stay empty. `set_qsm` wins over the image's QSM
// version, `stated_qsm` stands where there is neither.
Firmware read_firmware(Storage& storage, std::string_view set_qsm, std::string_view stated_qsm);

// The version fields of STATUS.
void report(const Firmware& firmware, wire::nnc::StatusResponse& status);

}  // namespace qaic::sim::device
