#include "sim/device/telemetry.hpp"

namespace qaic::sim::device {

namespace {

// Idle clocks in the logs of a real Pro card, runtime-protocols §3.1. Here they
// do not move with load.
constexpr std::uint32_t kMegahertz = 1000000;
constexpr std::uint32_t kNspFrequency = 825 * kMegahertz;
constexpr std::uint32_t kDdrFrequency = 2133 * kMegahertz;
constexpr std::uint32_t kCompFrequency = 1450 * kMegahertz;
constexpr std::uint32_t kMemFrequency = 1000 * kMegahertz;
constexpr std::uint32_t kSysFrequency = 667 * kMegahertz;
// Inferred from the products' 400 and 350 int8 TOPS with 16 and 14 NSPs.
constexpr std::uint64_t kOperationsPerNsp = 25000000000000ULL;

}  // namespace

void Telemetry::moved(std::chrono::nanoseconds now, std::uint64_t bytes) {
  const std::int64_t number = now / kSlot;
  Slot& slot = slots_[static_cast<std::size_t>(number) % kSlots];
  if (slot.number != number) slot = {number, 0};
  slot.bytes += bytes;
}

std::uint64_t Telemetry::dram_bandwidth(std::chrono::nanoseconds now) const {
  const std::int64_t newest = now / kSlot;
  std::uint64_t bytes = 0;
  for (const Slot& slot : slots_) {
    const bool recent =
        slot.number >= 0 && slot.number <= newest && newest - slot.number < static_cast<std::int64_t>(kSlots);
    if (recent) bytes += slot.bytes;
  }
  return bytes * static_cast<std::uint64_t>(std::chrono::seconds(1) / kWindow) / 1024;
}

wire::nnc::PerformanceInfo Telemetry::info(std::chrono::nanoseconds now) const {
  wire::nnc::PerformanceInfo info;
  info.nsp_frequency = kNspFrequency;
  info.ddr_frequency = kDdrFrequency;
  info.comp_frequency = kCompFrequency;
  info.mem_frequency = kMemFrequency;
  info.sys_frequency = kSysFrequency;
  info.peak_compute = kOperationsPerNsp * nsp_count_;
  info.dram_bw = dram_bandwidth(now);
  return info;
}

}  // namespace qaic::sim::device
