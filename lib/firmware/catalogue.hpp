// What is known beforehand: the files a card asks for, and the roots that
// images are signed under.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace qaic::firmware {

// A file under qcom/aic100/. Everything but the name was read from the genuine
// images of 1.18 and 1.20; a field without value does not tell images apart.
struct KnownImage {
  std::string_view file;
  std::uint32_t class_bits;
  std::uint16_t machine;
  std::uint32_t software_id;        // wire::mbn::OwnerMetadata
  std::string_view component;       // whose version names the image; "" = none in plain text
  std::string_view variant_prefix;  // "" = not checked
};

// The six images that distributions ship, in the order of their names in the
// kernel's table (kernel-interface §5.3).
[[nodiscard]] std::span<const KnownImage> known_images();
[[nodiscard]] const KnownImage* find_known_image(std::string_view file);

// Names the kernel's table has, but of which no image was ever seen: fw4.bin,
// fw6.bin, fw8.bin.
[[nodiscard]] bool is_unseen_image(std::string_view file);

struct KnownRoot {
  std::string_view sha384;  // of the certificate's DER bytes, lower-case hex
  std::string_view label;
  std::string_view proves;  // what a signature under this root proves, and what not
};
[[nodiscard]] const KnownRoot* find_known_root(std::string_view sha384);

}  // namespace qaic::firmware
