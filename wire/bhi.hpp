// BHI: how the boot ROM takes its first image. Registers at BHIOFF in BAR 0.
// Source: kernel-interface §4.4.
#pragma once

#include <cstdint>

namespace qaic::wire::bhi {

enum class Register : std::uint32_t {
  version_minor = 0x00,
  version_major = 0x04,
  image_address_low = 0x08,
  image_address_high = 0x0C,
  image_size = 0x10,      // bytes
  image_doorbell = 0x18,  // a random id; the write starts the transfer
  interrupt_vector = 0x20,
  exec_env = 0x28,  // wire::mhi::ExecEnv
  status = 0x2C,
  error_code = 0x30,
  error_debug1 = 0x34,
  error_debug2 = 0x38,
  error_debug3 = 0x3C,
  serial_number = 0x40,
  anti_rollback = 0x44,
  segment_count = 0x48,
  hardware_id = 0x4C,  // 6 words
  key_hash = 0x64,     // 16 words, OEMPKHASH
  end = 0xA4,
};

// Register::status, bits 31:30.
inline constexpr unsigned kStatusShift = 30;
enum class Status : std::uint32_t { none = 0, success = 2, error = 3 };

}  // namespace qaic::wire::bhi
