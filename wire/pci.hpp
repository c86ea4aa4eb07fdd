// PCI configuration space as far as the card has it: offsets and bits.
// Source: PCI Local Bus 3.0 §6, PCI Power Management 1.2 §3, PCI Express Base
// 4.0 §7.5; identities and BARs of the card: kernel-interface §4.1.
#pragma once

#include <cstdint>

namespace qaic::wire::pci {

inline constexpr std::uint32_t kConfigSize = 4096;  // bytes

// ---- header, type 0 ----
inline constexpr std::uint32_t kVendorId = 0x00;
inline constexpr std::uint32_t kDeviceId = 0x02;
inline constexpr std::uint32_t kCommand = 0x04;
inline constexpr std::uint32_t kStatus = 0x06;
inline constexpr std::uint32_t kClass = 0x09;  // programming interface, sub-class, base class
inline constexpr std::uint32_t kCacheLine = 0x0C;
inline constexpr std::uint32_t kFirstBar = 0x10;
inline constexpr std::uint32_t kSubsystemVendorId = 0x2C;
inline constexpr std::uint32_t kSubsystemId = 0x2E;
inline constexpr std::uint32_t kFirstCapability = 0x34;
inline constexpr std::uint32_t kInterruptLine = 0x3C;

inline constexpr std::uint16_t kCommandMemory = 0x0002;
inline constexpr std::uint16_t kCommandBusMaster = 0x0004;
inline constexpr std::uint16_t kCommandParity = 0x0040;
inline constexpr std::uint16_t kCommandSystemError = 0x0100;
inline constexpr std::uint16_t kCommandNoIntx = 0x0400;
inline constexpr std::uint16_t kStatusCapabilities = 0x0010;
inline constexpr std::uint32_t kBarMemory64 = 0x4;

// ---- capabilities ----
inline constexpr std::uint8_t kCapPower = 0x01;
inline constexpr std::uint8_t kCapMsi = 0x05;
inline constexpr std::uint8_t kCapExpress = 0x10;
inline constexpr std::uint8_t kCapMsix = 0x11;

// Power management.
inline constexpr std::uint32_t kPowerControl = 4;
inline constexpr std::uint16_t kPowerStateMask = 0x0003;
inline constexpr std::uint16_t kPowerD3Hot = 0x0003;

// MSI with 64-bit address.
inline constexpr std::uint32_t kMsiControl = 2;
inline constexpr std::uint32_t kMsiAddress = 4;
inline constexpr std::uint32_t kMsiData = 12;
inline constexpr std::uint16_t kMsiEnable = 0x0001;
inline constexpr std::uint16_t kMsiCapable32 = 5U << 1;
inline constexpr std::uint16_t kMsiEnabledCountMask = 0x0070;
inline constexpr std::uint16_t kMsi64Bit = 0x0080;

// MSI-X.
inline constexpr std::uint32_t kMsixControl = 2;
inline constexpr std::uint32_t kMsixTable = 4;
inline constexpr std::uint32_t kMsixPending = 8;
inline constexpr std::uint16_t kMsixFunctionMask = 0x4000;
inline constexpr std::uint16_t kMsixEnable = 0x8000;
inline constexpr std::uint32_t kMsixEntrySize = 16;  // bytes

// PCI Express.
inline constexpr std::uint32_t kExpressFlags = 2;
inline constexpr std::uint32_t kDeviceCapabilities = 4;
inline constexpr std::uint32_t kDeviceControl = 8;
inline constexpr std::uint32_t kLinkCapabilities = 0x0C;
inline constexpr std::uint32_t kLinkControl = 0x10;
inline constexpr std::uint32_t kLinkStatus = 0x12;
inline constexpr std::uint32_t kDeviceControl2 = 0x28;
inline constexpr std::uint32_t kLinkCapabilities2 = 0x2C;
inline constexpr std::uint32_t kLinkControl2 = 0x30;
inline constexpr std::uint32_t kDeviceCanReset = 1U << 28;  // function-level reset
inline constexpr std::uint16_t kDeviceControlReset = 0x8000;

// ---- the card ----
inline constexpr std::uint16_t kVendor = 0x17CB;
inline constexpr std::uint16_t kAic100 = 0xA100;
inline constexpr std::uint16_t kAic080 = 0xA080;
inline constexpr std::uint32_t kProcessingAccelerator = 0x120000;  // class; by its meaning
inline constexpr unsigned kVectors = 32;
// Ours: where its capabilities stand.
inline constexpr std::uint32_t kPowerAt = 0x40;
inline constexpr std::uint32_t kMessagesAt = 0x50;
inline constexpr std::uint32_t kExpressAt = 0x70;
inline constexpr std::uint16_t kPowerCapabilities = 0x0003;  // version 3; D0 and D3 only
inline constexpr std::uint32_t kCardCapabilities = 0x8001;   // payload 256 bytes, role-based errors
inline constexpr std::uint32_t kCardLink = 4 | 8U << 4;      // 16 GT/s, 8 lanes
inline constexpr std::uint64_t kMhiBarSize = 4 << 10;        // BAR 0
inline constexpr std::uint64_t kBridgeBarSize = 2 << 20;     // BAR 2
inline constexpr std::uint64_t kSpareBarSize = 64 << 10;     // BAR 4

}  // namespace qaic::wire::pci
