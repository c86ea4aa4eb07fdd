// The judgement on images that a card would load together.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "lib/firmware/verify.hpp"

namespace qaic::firmware {

struct SetReport {
  // Release of each image that names one, by file name: sbl.bin, fw1.bin,
  // fw2.bin, fw9.bin.
  std::map<std::string, Release> releases;
  // kind verdict; id fw-set-mixed.
  std::vector<base::Error> findings;
  // Of the images that distributions ship, those that are not in the set. A
  // note, no finding: which images a card asks for is its firmware's business.
  std::vector<std::string> absent;

  [[nodiscard]] bool consistent() const { return findings.empty(); }
};

// SBL, QSM and NSP images carry the same release. Images that are bad are not
// compared, nor are those without a version in plain text.
[[nodiscard]] SetReport check_set(const std::vector<const Report*>& images);

}  // namespace qaic::firmware
