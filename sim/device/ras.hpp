// Reliability events: what befell the card, as messages to the host, and the
// card's own record of it. Source: kernel-interface §6.1.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "wire/ras.hpp"

namespace qaic::sim::device {

// One event. The syndrome carries `address`, `instance` and `degrees` where the
// source's layout has a place for them.
struct RasEvent {
  wire::ras::Source source = wire::ras::Source::ddr;
  wire::ras::ErrorType type = wire::ras::ErrorType::correctable;
  std::uint64_t address = 0;
  std::uint8_t instance = 0;  // DDR channel, NSP, bus
  wire::ras::Threshold crossed = wire::ras::Threshold::upper;
  std::int32_t degrees = 0;     // Celsius
  std::uint32_t threshold = 1;  // events per message
};

class Ras {
 public:
  // The message that tells the host of it.
  base::ByteVector record(const RasEvent& event);

  // Since power-on, all sources together.
  [[nodiscard]] std::uint32_t correctable() const { return correctable_; }
  [[nodiscard]] std::uint32_t uncorrectable() const { return uncorrectable_; }

 private:
  std::uint32_t sequence_ = 0;
  std::uint32_t correctable_ = 0;
  std::uint32_t uncorrectable_ = 0;  // fatal or not
};

}  // namespace qaic::sim::device
