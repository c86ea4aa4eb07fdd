#include "sim/mhi/registers.hpp"

#include <algorithm>
#include <array>

namespace qaic::sim::mhi {

using wire::mhi::DeviceState;
using Bhi = wire::bhi::Register;
using Mhi = wire::mhi::Register;
using Kind = Registers::Effect::Kind;

namespace {

// Our choice within the driver's limits (§4.2, §4.3: CHDBOFF < 0xc08, nothing
// that the host needs at 0x224).
constexpr std::uint32_t kBhi = 0x100;
constexpr std::uint32_t kBhie = 0x300;  // not modelled: only AIC200 uses it
constexpr std::uint32_t kChannelDoorbells = 0x400;
constexpr std::uint32_t kEventDoorbells = 0x800;
constexpr std::uint32_t kMhiVersion = 0x01000000;

constexpr std::uint32_t at(Mhi reg) {
  return static_cast<std::uint32_t>(reg);
}
constexpr std::uint32_t at(Bhi reg) {
  return kBhi + static_cast<std::uint32_t>(reg);
}

bool is_context_base(std::uint32_t offset) {
  return offset >= at(Mhi::channel_contexts) && offset < at(Mhi::command_doorbell);
}
// What the host may write of BHI.
constexpr std::array kBhiStorage{Bhi::image_address_low, Bhi::image_address_high, Bhi::image_size,
                                 Bhi::image_doorbell,    Bhi::interrupt_vector,   Bhi::status};
bool is_bhi_storage(std::uint32_t offset) {
  return std::any_of(kBhiStorage.begin(), kBhiStorage.end(), [&](Bhi reg) { return at(reg) == offset; });
}

}  // namespace

Registers::Registers(std::uint32_t serial) : serial_(serial) {
  reset();
}

void Registers::reset() {
  words_.fill(0);
  set(Mhi::reg_len, wire::mhi::kWindow);
  set(Mhi::version, kMhiVersion);
  set(Mhi::config, wire::mhi::kChannelCount);
  set(Mhi::channel_doorbells_offset, kChannelDoorbells);
  set(Mhi::event_doorbells_offset, kEventDoorbells);
  set(Mhi::bhi_offset, kBhi);
  set(Mhi::bhie_offset, kBhie);
  set(Bhi::version_major, 1);
  set(Bhi::serial_number, serial_);
}

std::uint32_t Registers::read(std::uint32_t offset) const {
  return offset % 4 == 0 && offset < wire::mhi::kWindow ? words_[offset / 4] : 0;
}

Registers::Effect Registers::write(std::uint32_t offset, std::uint32_t value) {
  if (offset % 4 != 0 || offset >= wire::mhi::kWindow) return {};
  std::uint32_t& word = words_[offset / 4];
  const auto doorbell = [&](Kind kind, std::uint32_t first) {
    word = value;
    if ((offset - first) % 8 != 0) return Effect{};  // the high word only waits
    return Effect{kind, (offset - first) / 8, (std::uint64_t{words_[offset / 4 + 1]} << 32) | value};
  };
  if (offset >= kChannelDoorbells && offset < kEventDoorbells) {
    return doorbell(Kind::channel_doorbell, kChannelDoorbells);
  }
  if (offset == kEventDoorbells || offset == kEventDoorbells + 4) {
    return doorbell(Kind::event_doorbell, kEventDoorbells);
  }
  if (offset == at(Mhi::command_doorbell) || offset == at(Mhi::command_doorbell) + 4) {
    return doorbell(Kind::command_doorbell, at(Mhi::command_doorbell));
  }
  if (is_context_base(offset)) {
    word = value;
    return {Kind::contexts, 0, 0};
  }
  if (offset == at(Mhi::control)) {
    word = value;
    return {Kind::control, 0, value};
  }
  if (offset == at(Mhi::config)) word = value;
  if (offset == at(Mhi::soc_reset) && (value & 1) != 0) return {Kind::soc_reset, 0, 0};
  if (is_bhi_storage(offset)) {
    word = value;
    if (offset == at(Bhi::image_doorbell)) return {Kind::image_doorbell, 0, value};
  }
  return {};
}

std::uint32_t Registers::word(Mhi reg) const {
  return words_[at(reg) / 4];
}
void Registers::set(Mhi reg, std::uint32_t value) {
  words_[at(reg) / 4] = value;
}
std::uint64_t Registers::address(Mhi low) const {
  return (std::uint64_t{words_[at(low) / 4 + 1]} << 32) | words_[at(low) / 4];
}
std::uint32_t Registers::word(Bhi reg) const {
  return words_[at(reg) / 4];
}
void Registers::set(Bhi reg, std::uint32_t value) {
  words_[at(reg) / 4] = value;
}

void Registers::show(DeviceState state) {
  std::uint32_t status = static_cast<std::uint32_t>(state) << wire::mhi::kStatusStateShift;
  if (state == DeviceState::system_error) {
    status |= wire::mhi::kStatusSystemError;
  } else if (state != DeviceState::reset) {
    status |= wire::mhi::kStatusReady;
  }
  set(Mhi::status, status);
}

}  // namespace qaic::sim::mhi
