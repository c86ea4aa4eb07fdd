// The card's side of MHI over PCIe: the registers of BAR 0, the boot from PBL
// by BHI and Sahara, contexts and rings in host memory, and the channels that
// carry control messages, RAS, SSR, boot log and time. A step machine without
// threads or system calls: every call does its work and returns.
//
// The host is not trusted: every address, pointer and length that it gives is
// checked, what it floods is held back by the rings' own limits, and nothing
// but World::memory reaches its memory.
//
// Source: kernel-interface §4-6; where the facts end, the code says so.
// Thread rule: the thread that owns the card.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/device/card.hpp"
#include "sim/device/ports.hpp"
#include "sim/mhi/received_images.hpp"

namespace qaic::sim::mhi {

// Where a card stands after power-on: hardware always in the boot ROM (PBL);
// in AMSS, it needs no firmware from the host.
enum class BootFrom { pbl, amss };

// All must outlive the Controller. `card` must have `images` for its Storage.
struct World {
  device::HostMemory& memory;
  device::Interrupts& interrupts;  // vector 0 is MHI's
  device::Clock& clock;
  device::Card& card;
  ReceivedImages& images;
};

class Controller {
 public:
  // Powers the card on. Boots it, when `boot_from` is amss; else the host will.
  Controller(World world, BootFrom boot_from);
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // BAR 0: 32-bit registers at multiples of 4. The counter at 0xa28 (low) and
  // 0xa2c (high) is 64-bit: reading the low word holds the high one.
  [[nodiscard]] std::uint32_t read(std::uint32_t offset);
  void write(std::uint32_t offset, std::uint32_t value);

  // Power-on or function-level reset; also resets the card.
  void reset();

  // After anything changed in the card: moves its replies and streams into rings.
  void pump();

  // The moment (of Clock::monotonic) at which tick() has something to do here;
  // the card's own deadlines are the card's.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> next_deadline() const;
  void tick();

  // ---- what may befall a card ----
  // SYS_ERR in place: the MHI firmware failed, the card stays where it is.
  void system_error();
  // The SoC's own reset, as by register 0xb0: back to where it powers on, with
  // a SYS_ERR that tells the host a moment later, in tick().
  void soc_reset();
  // The whole card died: as soc_reset(), and the next boot offers a dump first.
  void crash(std::string_view reason);

  // ---- for tests and `qaic-sim` ----
  // Host UTC minus the card's counter, as the host last set it.
  [[nodiscard]] std::optional<std::chrono::microseconds> host_time_offset() const;
  // What there is to say since the last call, oldest first, one line each.
  [[nodiscard]] std::vector<std::string> take_messages();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace qaic::sim::mhi
