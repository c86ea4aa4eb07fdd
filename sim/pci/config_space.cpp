#include "sim/pci/config_space.hpp"

#include <algorithm>

namespace qaic::sim::pci {

using namespace wire::pci;

ConfigSpace::ConfigSpace(Identity identity) {
  header(identity.device);
  power(kMessagesAt);
  if (identity.messages == Messages::msi) {
    msi(kExpressAt);
  } else {
    msix(kExpressAt);
  }
  express();
  reset();
}

void ConfigSpace::header(std::uint16_t device) {
  put16(kVendorId, kVendor);
  put16(kDeviceId, device);
  may_write16(kCommand,
              kCommandMemory | kCommandBusMaster | kCommandParity | kCommandSystemError | kCommandNoIntx);
  put16(kStatus, kStatusCapabilities);
  put16(kClass, kProcessingAccelerator & 0xFFFF);
  put8(kClass + 2, kProcessingAccelerator >> 16);
  may_write16(kCacheLine, 0x00FF);
  // Three 64-bit BARs: the kernel's driver takes no other set.
  constexpr std::array<std::uint64_t, 3> kSizes{kMhiBarSize, kBridgeBarSize, kSpareBarSize};
  for (std::uint32_t i = 0; i < kSizes.size(); ++i) {
    const std::uint32_t at = kFirstBar + 8 * i;
    put32(at, kBarMemory64);
    may_write32(at, static_cast<std::uint32_t>(~(kSizes[i] - 1)));
    may_write32(at + 4, 0xFFFFFFFF);
  }
  put16(kSubsystemVendorId, kVendor);  // no source names them
  put16(kSubsystemId, device);
  put8(kFirstCapability, kPowerAt);
  may_write16(kInterruptLine, 0x00FF);
}

void ConfigSpace::power(std::uint32_t next) {
  put8(kPowerAt, kCapPower);
  put8(kPowerAt + 1, next);
  put16(kPowerAt + 2, kPowerCapabilities);  // back from D3hot it has lost its state
  may_write16(kPowerAt + kPowerControl, kPowerStateMask);
}

void ConfigSpace::msi(std::uint32_t next) {
  put8(kMessagesAt, kCapMsi);
  put8(kMessagesAt + 1, next);
  put16(kMessagesAt + kMsiControl, kMsiCapable32 | kMsi64Bit);
  may_write16(kMessagesAt + kMsiControl, kMsiEnable | kMsiEnabledCountMask);
  may_write32(kMessagesAt + kMsiAddress, 0xFFFFFFFC);
  may_write32(kMessagesAt + kMsiAddress + 4, 0xFFFFFFFF);
  may_write16(kMessagesAt + kMsiData, 0xFFFF);
}

// Table and pending bits lie in BAR 4, which has no other use.
void ConfigSpace::msix(std::uint32_t next) {
  constexpr std::uint32_t kInBar4 = 4;
  put8(kMessagesAt, kCapMsix);
  put8(kMessagesAt + 1, next);
  put16(kMessagesAt + kMsixControl, kVectors - 1);
  may_write16(kMessagesAt + kMsixControl, kMsixFunctionMask | kMsixEnable);
  put32(kMessagesAt + kMsixTable, kInBar4);
  put32(kMessagesAt + kMsixPending, (kSpareBarSize / 2) | kInBar4);
}

void ConfigSpace::express() {
  put8(kExpressAt, kCapExpress);
  put16(kExpressAt + kExpressFlags, 2);  // version 2, endpoint
  // The hardware has no function-level
  // reset (aic100.rst); a guest can reset a function on its root bus by nothing
  // else, so this one has it.
  put32(kExpressAt + kDeviceCapabilities, kCardCapabilities | kDeviceCanReset);
  put16(kExpressAt + kDeviceControl, 0x2810);  // reads of 512 bytes, relaxed ordering, no snoop
  may_write16(kExpressAt + kDeviceControl, 0x7FFF & ~0x0600);
  put32(kExpressAt + kLinkCapabilities, kCardLink);
  may_write16(kExpressAt + kLinkControl, 0x00C8);
  put16(kExpressAt + kLinkStatus, kCardLink);
  may_write16(kExpressAt + kDeviceControl2, 0x001F);
  put32(kExpressAt + kLinkCapabilities2, 0x1E);  // 2.5 to 16 GT/s
  put16(kExpressAt + kLinkControl2, 4);
  may_write16(kExpressAt + kLinkControl2, 0x000F);
}

void ConfigSpace::reset() {
  now_ = initial_;
}

void ConfigSpace::read(std::uint32_t offset, base::MutableBytes out) const {
  std::copy_n(now_.begin() + offset, out.size(), out.begin());
}

ConfigSpace::Effect ConfigSpace::write(std::uint32_t offset, base::Bytes in) {
  const bool slept = (get16(kPowerAt + kPowerControl) & kPowerStateMask) == kPowerD3Hot;
  for (std::size_t i = 0; i < in.size(); ++i) {
    std::byte& byte = now_[offset + i];
    const std::byte mask = writable_[offset + i];
    byte = (byte & ~mask) | (in[i] & mask);
  }
  // The bit that resets reads as zero, so it is looked for in what came.
  constexpr std::uint32_t kResetByte = kExpressAt + kDeviceControl + 1;
  if (offset <= kResetByte && kResetByte - offset < in.size() &&
      (in[kResetByte - offset] & std::byte{kDeviceControlReset >> 8}) != std::byte{0}) {
    return Effect::reset;
  }
  const bool sleeps = (get16(kPowerAt + kPowerControl) & kPowerStateMask) == kPowerD3Hot;
  return slept && !sleeps ? Effect::reset : Effect::none;
}

bool ConfigSpace::bus_master() const {
  return (get16(kCommand) & kCommandBusMaster) != 0 &&
         (get16(kPowerAt + kPowerControl) & kPowerStateMask) != kPowerD3Hot;
}

void ConfigSpace::put16(std::uint32_t at, std::uint32_t value) {
  put8(at, value);
  put8(at + 1, value >> 8);
}

void ConfigSpace::put32(std::uint32_t at, std::uint32_t value) {
  put16(at, value);
  put16(at + 2, value >> 16);
}

void ConfigSpace::may_write16(std::uint32_t at, std::uint32_t bits) {
  writable_[at] = static_cast<std::byte>(bits & 0xFF);
  writable_[at + 1] = static_cast<std::byte>((bits >> 8) & 0xFF);
}

void ConfigSpace::may_write32(std::uint32_t at, std::uint32_t bits) {
  may_write16(at, bits);
  may_write16(at + 2, bits >> 16);
}

std::uint16_t ConfigSpace::get16(std::uint32_t at) const {
  return static_cast<std::uint16_t>(static_cast<unsigned>(now_[at]) | static_cast<unsigned>(now_[at + 1])
                                                                          << 8);
}

}  // namespace qaic::sim::pci
