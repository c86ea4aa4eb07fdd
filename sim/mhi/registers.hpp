// The words of BAR 0: what reads back, what the host may change, and what a
// write sets off. Only storage: the Controller acts. Source: kernel-interface
// §4.3, §4.4; where offsets are the card's choice, they are ours.
#pragma once

#include <array>
#include <cstdint>

#include "wire/bhi.hpp"
#include "wire/mhi.hpp"

namespace qaic::sim::mhi {

class Registers {
 public:
  // What a write asks of the card.
  struct Effect {
    enum class Kind {
      none,
      contexts,  // the host placed its context arrays anew
      control,
      command_doorbell,
      channel_doorbell,
      event_doorbell,
      image_doorbell,
      soc_reset,
    };
    Kind kind = Kind::none;
    unsigned index = 0;       // of the doorbell
    std::uint64_t value = 0;  // both words of a doorbell
  };

  explicit Registers(std::uint32_t serial);
  // As after power-on.
  void reset();

  // An offset outside, unaligned or without a register reads as 0.
  [[nodiscard]] std::uint32_t read(std::uint32_t offset) const;
  Effect write(std::uint32_t offset, std::uint32_t value);

  [[nodiscard]] std::uint32_t word(wire::mhi::Register reg) const;
  void set(wire::mhi::Register reg, std::uint32_t value);
  [[nodiscard]] std::uint64_t address(wire::mhi::Register low) const;  // two words
  [[nodiscard]] std::uint32_t word(wire::bhi::Register reg) const;
  void set(wire::bhi::Register reg, std::uint32_t value);

  // MHISTATUS and what else follows from the state.
  void show(wire::mhi::DeviceState state);

 private:
  std::array<std::uint32_t, wire::mhi::kWindow / 4> words_{};
  std::uint32_t serial_;
};

}  // namespace qaic::sim::mhi
