// The version strings that images carry in plain text, and their order.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "lib/firmware/image.hpp"

namespace qaic::firmware {

struct Release {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  friend constexpr auto operator<=>(const Release&, const Release&) = default;
  [[nodiscard]] std::string text() const { return std::to_string(major) + "." + std::to_string(minor); }
};

// One component's version, "SBL.AIC.1.20.2.1" and what stands with it.
struct Version {
  std::string component;               // "SBL", "NSP", "QSM", "TZ"
  std::string text;                    // whole
  std::optional<Release> release;      // absent if the text has no two numbers after ".AIC."
  std::optional<std::string> variant;  // IMAGE_VARIANT_STRING
  std::optional<std::string> oem;      // OEM_IMAGE_VERSION_STRING, not empty
  std::size_t segment = 0;             // index of the segment that holds it
  friend bool operator==(const Version&, const Version&) = default;
};

struct BuildId {
  std::string text;  // OEM_IMAGE_UUID_STRING, whole
  std::optional<std::string> uuid;
  std::optional<std::string> time;  // "2025-12-20T11:59", zone not stated in the image
  friend bool operator==(const BuildId&, const BuildId&) = default;
};

struct Versions {
  std::vector<Version> components;
  std::optional<BuildId> build;

  [[nodiscard]] const Version* find(std::string_view component) const;
};

// Looks only into segments that the hash table covers: a string elsewhere
// proves nothing. Besides the tagged strings it takes bare ones of the form
// "QSM.AIC.1.20.2.5", which is how fw1.bin names the QSM version.
[[nodiscard]] Versions find_versions(const Image& image);

// "NSP.AIC.1.20.2.0" -> 1.20
[[nodiscard]] std::optional<Release> release_of(std::string_view version);

}  // namespace qaic::firmware
