// Reliability events that the card reports. Source: kernel-interface §6.1.
#include "wire/ras.hpp"

#include <array>
#include <limits>
#include <string_view>

#include "sim/driver/state.hpp"

namespace qaic::sim::driver {

const Driver::RasCounts& Driver::ras_counts() const {
  return state_->ras;
}

void Driver::State::take_ras(base::Bytes bytes) {
  // The driver does not look at the length: what is missing is what its buffer held.
  wire::ras::Message message;
  std::memcpy(&message, bytes.data(), std::min(bytes.size(), sizeof(message)));
  const wire::ras::Header& header = message.header;
  const std::uint32_t type = message.error_type;
  if (header.magic != wire::ras::kMagic || (header.version != 1 && header.version != 2) ||
      header.type != static_cast<std::uint8_t>(wire::ras::MessageType::push) ||
      header.len != wire::ras::kBodySize || type > 2) {
    log.push_back("a RAS message that the driver drops");
    return;
  }
  constexpr std::array<std::string_view, 3> kTypes{"correctable", "uncorrectable", "uncorrectable non-fatal"};
  constexpr std::array<std::string_view, 7> kSources{
      "SoC memory", "PCIe", "DDR", "system bus 1", "system bus 2", "NSP memory", "temperature"};
  const std::uint32_t source = message.source;
  // Others are counted, not printed.
  if (source < kSources.size()) {
    log.push_back("RAS: " + std::string(kTypes[type]) + " error of " + std::string(kSources[source]) +
                  ", threshold " + std::to_string(message.threshold));
  }
  const auto count = [](std::uint32_t& counter) {
    if (counter != std::numeric_limits<std::uint32_t>::max()) ++counter;
  };
  if (type == 0) count(ras.correctable);
  if (type == 1) count(ras.uncorrectable);
  if (type == 2) count(ras.nonfatal);
  if (type == 1) crash_reset();
}

}  // namespace qaic::sim::driver
