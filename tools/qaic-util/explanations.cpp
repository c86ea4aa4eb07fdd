#include "tools/qaic-util/explanations.hpp"

#include <array>

namespace qaic::tools::util {

namespace {

constexpr std::array kExplanations{
    Explanation{"card-no-answer",
                "The card did not answer within --timeout. A card that boots, or is wedged, behaves so; the "
                "request may still be with it. The kernel log tells which."},
    Explanation{
        "card-no-driver",
        "The PCI device is there, but no driver is bound to it: the qaic module is not loaded, or its "
        "probe failed. See the kernel log."},
    Explanation{"card-no-node",
                "The driver is bound but made no /dev/accel node for the card: its probe is not finished or "
                "failed."},
};

}  // namespace

std::span<const Explanation> explanations() {
  return kExplanations;
}

}  // namespace qaic::tools::util
