#include "sim/device/ras.hpp"

#include <algorithm>

namespace qaic::sim::device {

namespace ras = wire::ras;

namespace {

using Syndrome = std::array<std::byte, 64>;

template <class T>
Syndrome syndrome_of(const T& layout) {
  static_assert(sizeof(T) <= sizeof(Syndrome));
  Syndrome out{};
  const auto bytes = base::bytes_of(layout);
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

// Only what an event says; which of PCIe's counters move, and what the bits of
// irq_status mean, is not known, so one counter moves and the bits stay 0.
Syndrome syndrome_of(const RasEvent& event) {
  const auto low = static_cast<std::uint32_t>(event.address);
  const auto high = static_cast<std::uint16_t>(event.address >> 32);
  switch (event.source) {
    case ras::Source::soc_memory: {
      ras::SocMemory memory;
      memory.addresses[0] = event.address;
      return syndrome_of(memory);
    }
    case ras::Source::pcie: {
      ras::Pcie pcie;
      if (event.type == ras::ErrorType::correctable) {
        pcie.bad_tlp = 1;
      } else {
        pcie.completion_timeout = 1;
      }
      pcie.address = low;
      pcie.index = event.instance;
      return syndrome_of(pcie);
    }
    case ras::Source::ddr: {
      ras::Ddr ddr;
      ddr.count = 1;
      ddr.address_low = low;
      ddr.address_high = high;
      ddr.instance = event.instance;
      ddr.error_type = static_cast<std::uint16_t>(event.type);
      return syndrome_of(ddr);
    }
    case ras::Source::system_bus1: {
      ras::SystemBus1 bus;
      for (std::size_t i = 0; i < 4; ++i) {
        bus.address[i] = static_cast<std::uint16_t>(event.address >> (16 * i));
      }
      bus.instance = event.instance;
      return syndrome_of(bus);
    }
    case ras::Source::system_bus2: {
      ras::SystemBus2 bus;
      bus.lsb2 = low;
      bus.msb2 = static_cast<std::uint32_t>(event.address >> 32);
      bus.valid = 1;
      bus.instance = event.instance;
      return syndrome_of(bus);
    }
    case ras::Source::nsp_memory: {
      ras::NspMemory memory;
      memory.addresses[0] = low;
      memory.nsp_id = event.instance;
      return syndrome_of(memory);
    }
    case ras::Source::temperature: {
      ras::Temperature temperature;
      temperature.threshold = static_cast<std::uint32_t>(event.crossed);
      temperature.degrees = event.degrees;
      return syndrome_of(temperature);
    }
  }
  return {};
}

}  // namespace

base::ByteVector Ras::record(const RasEvent& event) {
  ++(event.type == ras::ErrorType::correctable ? correctable_ : uncorrectable_);
  ras::Message message;
  message.header.magic = ras::kMagic;
  message.header.version = ras::kVersion;
  message.header.sequence = sequence_++;
  message.header.type = static_cast<std::uint8_t>(ras::MessageType::push);
  message.header.len = ras::kBodySize;
  message.source = static_cast<std::uint32_t>(event.source);
  message.error_type = static_cast<std::uint32_t>(event.type);
  message.threshold = event.threshold;
  message.correctable_count = correctable_;
  message.uncorrectable_count = uncorrectable_;
  message.syndrome = syndrome_of(event);
  base::ByteVector bytes;
  base::append_struct(bytes, message);
  return bytes;
}

}  // namespace qaic::sim::device
