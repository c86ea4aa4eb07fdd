#include "sim/syscall/config_space.hpp"

#include "wire/pci.hpp"

namespace qaic::sim::syscall {

using namespace wire::pci;

namespace {

// Offsets and bits of bridges: PCI Local Bus 3.0 §6, PCI Express Base 4.0 §7.5.

class Config {
 public:
  Config() : bytes_(kConfigSize, '\0') {}
  void put8(std::size_t at, unsigned value) { bytes_[at] = static_cast<char>(value & 0xFF); }
  void put16(std::size_t at, unsigned value) {
    put8(at, value);
    put8(at + 1, value >> 8);
  }
  void put32(std::size_t at, std::uint64_t value) {
    put16(at, static_cast<unsigned>(value & 0xFFFF));
    put16(at + 2, static_cast<unsigned>((value >> 16) & 0xFFFF));
  }

  void header(const PciIds& ids, unsigned type) {
    put16(kVendorId, ids.vendor);
    put16(kDeviceId, ids.device);
    put16(kCommand, kCommandMemory | kCommandBusMaster | kCommandNoIntx);
    put16(kStatus, kStatusCapabilities);
    put8(kClass, ids.pci_class);
    put8(kClass + 1, ids.pci_class >> 8);
    put8(kClass + 2, ids.pci_class >> 16);
    put8(kCacheLine, 0x10);  // 32-bit words
    put8(0x0E, type);
    put8(kFirstCapability, kPowerAt);
  }
  void power_management(std::size_t next) {
    put8(kPowerAt, kCapPower);
    put8(kPowerAt + 1, static_cast<unsigned>(next));
    put16(kPowerAt + 2, kPowerCapabilities);
  }
  // 32 vectors, 64-bit address, switched on.
  void msi(std::size_t next) {
    put8(kMessagesAt, kCapMsi);
    put8(kMessagesAt + 1, static_cast<unsigned>(next));
    put16(kMessagesAt + kMsiControl, kMsiEnable | kMsiCapable32 | (5U << 4) | kMsi64Bit);
    put32(kMessagesAt + kMsiAddress, 0xFEE00000);
  }
  void express(unsigned port_type, bool slot, Link link) {
    put8(kExpressAt, kCapExpress);
    put16(kExpressAt + kExpressFlags, 2U | (port_type << 4) | (slot ? 0x0100U : 0U));
    put32(kExpressAt + kDeviceCapabilities, kCardCapabilities);
    put16(kExpressAt + kDeviceControl, 0x2820);  // payload 256 bytes, reads 512 bytes
    put32(kExpressAt + kLinkCapabilities, link.generation | (link.width << 4));
    put16(kExpressAt + kLinkStatus, link.generation | (link.width << 4));
    if (slot) put16(kExpressAt + 0x1A, 0x0040);                                  // a card is present
    put32(kExpressAt + kLinkCapabilities2, ((1U << link.generation) - 1) << 1);  // supported speeds
    put16(kExpressAt + kLinkControl2, link.generation);
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Device/port type of the PCI Express capability.
constexpr unsigned kEndpoint = 0;
constexpr unsigned kRootPort = 4;
constexpr unsigned kUpstreamPort = 5;
constexpr unsigned kDownstreamPort = 6;

}  // namespace

PciIds card_ids(bool is_080) {
  // kernel-interface §4.1. Class 0x120000 (processing accelerator) and the
  // subsystem ids are not in the kernel's sources: class by its meaning, the
  // subsystem repeats the vendor's own ids.
  const std::uint16_t device = is_080 ? kAic080 : kAic100;
  return {kVendor, device, kProcessingAccelerator, kVendor, device};
}

PciIds bridge_ids(Bridge::Kind kind) {
  // Ports that say of themselves that they are virtual.
  switch (kind) {
    case Bridge::Kind::root_port:
      return {0x1B36, 0x000C, 0x060400, 0, 0};  // Red Hat, QEMU PCIe root port
    case Bridge::Kind::switch_upstream:
      return {0x104C, 0x8232, 0x060400, 0, 0};  // TI XIO3130 upstream
    case Bridge::Kind::switch_downstream:
      return {0x104C, 0x8233, 0x060400, 0, 0};  // TI XIO3130 downstream
  }
  return {};
}

std::array<Bar, 3> card_bars(std::size_t index) {
  // Sizes: kernel-interface §4.1. 4 MiB per card, far above any memory.
  const std::uint64_t base = 0x3800'0000'0000ULL + index * 0x40'0000ULL;
  return {Bar{base + 0x21'0000, kMhiBarSize}, Bar{base, kBridgeBarSize},
          Bar{base + 0x20'0000, kSpareBarSize}};
}

Link bridge_link(Bridge::Kind kind) {
  switch (kind) {
    case Bridge::Kind::root_port:
    case Bridge::Kind::switch_upstream:
      return {4, 16};
    case Bridge::Kind::switch_downstream:
      return {4, 8};
  }
  return {};
}

std::string card_config(const PciIds& ids, const std::array<Bar, 3>& bars, Link link) {
  Config config;
  config.header(ids, 0);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const std::size_t at = kFirstBar + 8 * i;
    config.put32(at, bars[i].address | kBarMemory64);
    config.put32(at + 4, bars[i].address >> 32);
  }
  config.put16(kSubsystemVendorId, ids.subsystem_vendor);
  config.put16(kSubsystemId, ids.subsystem_device);
  config.power_management(kMessagesAt);
  config.msi(kExpressAt);
  config.express(kEndpoint, false, link);
  return config.take();
}

std::string bridge_config(const Bridge& bridge) {
  Config config;
  config.header(bridge_ids(bridge.kind), 1);
  config.put8(0x18, bridge.address.bus);
  config.put8(0x19, bridge.secondary);
  config.put8(0x1A, bridge.subordinate);
  config.put16(0x1C, 0x01F1);  // no I/O behind it: base above limit
  config.put16(0x20, 0xFFF0);  // no 32-bit memory
  config.put16(0x24, 0xFFF1);  // no prefetchable memory
  config.put16(0x26, 0x0001);
  config.power_management(kExpressAt);
  const unsigned type = bridge.kind == Bridge::Kind::root_port         ? kRootPort
                        : bridge.kind == Bridge::Kind::switch_upstream ? kUpstreamPort
                                                                       : kDownstreamPort;
  config.express(type, bridge.kind != Bridge::Kind::switch_upstream, bridge_link(bridge.kind));
  return config.take();
}

}  // namespace qaic::sim::syscall
