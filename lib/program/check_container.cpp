// Segments: names, sizes, and that they do not share bytes.
#include <algorithm>
#include <array>
#include <functional>

#include "lib/program/checks.hpp"
#include "wire/qpc.hpp"

namespace qaic::program {
namespace {

namespace qpc = wire::qpc;

constexpr std::array<std::string_view, 4> kCrcSegments = {"network.elf.crc", "constants.bin.crc",
                                                          "metadata.crc", "metadata_fb.crc"};

bool is_known(std::string_view name) {
  return name == qpc::kNetworkElf || name == qpc::kNetworkDescriptor || name == qpc::kConstants ||
         name == qpc::kConstantsDescriptor || name == qpc::kMultiDevice ||
         std::ranges::find(kCrcSegments, name) != kCrcSegments.end();
}

std::string place_of(const Segment& segment) {
  return "container." + segment.name;
}

}  // namespace

void check_container(const Container& container, Findings& out) {
  std::vector<const Segment*> by_start;
  for (const auto& segment : container.segments) {
    if (!is_known(segment.name)) {
      out.add("segment-unknown", place_of(segment),
              "what segment '" + segment.name + "' is for is not known");
    }
    if (std::ranges::find(kCrcSegments, segment.name) != kCrcSegments.end() && segment.bytes.size() != 4) {
      out.add("segment-crc-size", place_of(segment),
              "'" + segment.name + "' has " + number(segment.bytes.size()) + " bytes, a CRC has 4");
    }
    if (!segment.bytes.empty()) by_start.push_back(&segment);
  }
  // Addresses only; nothing is read.
  std::ranges::sort(by_start, std::less<>{}, [](const Segment* s) { return s->bytes.data(); });
  const auto end = [](const Segment& s) { return s.bytes.data() + s.bytes.size(); };
  std::size_t last = 0;  // of those before, the one that reaches furthest
  for (std::size_t i = 1; i < by_start.size(); ++i) {
    const Segment& before = *by_start[last];
    if (end(*by_start[i]) > end(before)) last = i;
    if (end(before) <= by_start[i]->bytes.data()) continue;
    out.add("segment-overlap", place_of(*by_start[i]),
            "'" + by_start[i]->name + "' shares bytes with '" + before.name + "'");
  }
}

}  // namespace qaic::program
