#include "lib/firmware/catalogue.hpp"

#include <algorithm>
#include <array>

#include "wire/mbn.hpp"

namespace qaic::firmware {
namespace {

using wire::mbn::kMachineAarch64;
using wire::mbn::kMachineHexagon;

constexpr std::array<KnownImage, 6> kImages = {{
    {"sbl.bin", 64, kMachineAarch64, 0x00, "SBL", ""},
    {"fw1.bin", 64, kMachineAarch64, 0x0e, "QSM", ""},
    {"fw2.bin", 32, kMachineHexagon, 0x02, "NSP", "aic100.nsp."},
    {"fw5.bin", 64, kMachineAarch64, 0x0f, "", ""},
    {"fw9.bin", 32, kMachineHexagon, 0x02, "NSP", "aic100.nsp_fusa."},
    {"fw10.bin", 64, kMachineAarch64, 0x31, "", ""},
}};

constexpr std::array<std::string_view, 3> kUnseen = {"fw4.bin", "fw6.bin", "fw8.bin"};

constexpr std::array<KnownRoot, 1> kRoots = {{
    {"d9357db88795b5a8afaebfd9ab08a569cc8e519f6c689723759f4e6915ca3466e98b5a3282678bdf63673d8517bb0c5b",
     "general-use test root (for testing only)",
     "the image is whole and left one signing run unchanged; not who made it: the root is a general-use test "
     "key, not a production key"},
}};

}  // namespace

std::span<const KnownImage> known_images() {
  return kImages;
}

const KnownImage* find_known_image(std::string_view file) {
  const auto* found =
      std::find_if(kImages.begin(), kImages.end(), [file](const auto& i) { return i.file == file; });
  return found == kImages.end() ? nullptr : found;
}

bool is_unseen_image(std::string_view file) {
  return std::find(kUnseen.begin(), kUnseen.end(), file) != kUnseen.end();
}

const KnownRoot* find_known_root(std::string_view sha384) {
  const auto* found =
      std::find_if(kRoots.begin(), kRoots.end(), [sha384](const auto& r) { return r.sha384 == sha384; });
  return found == kRoots.end() ? nullptr : found;
}

}  // namespace qaic::firmware
