// What a Controller is made of. Private to this folder.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "sim/mhi/controller.hpp"
#include "sim/mhi/registers.hpp"
#include "sim/mhi/second_stage.hpp"
#include "sim/mhi/transport.hpp"

namespace qaic::sim::mhi {

struct Controller::State {
  State(World w, BootFrom from);

  // ---- power and resets (state.cpp) ----
  void power_on();
  void act(const Registers::Effect& effect);
  void set_control(std::uint32_t value);
  void mhi_reset();
  void request_m0();
  void open_session();
  void wake(std::uint64_t value);
  void fail();
  void soc_reset();
  void come_back();
  void load_boot_image();
  void enter(wire::mhi::DeviceState next);
  void enter(wire::mhi::ExecEnv next);
  void lose_host();
  [[nodiscard]] MemoryDump dump_now(std::string_view reason) const;
  void say(std::string line);

  // ---- traffic (traffic.cpp) ----
  void run();
  bool deliver();
  bool take();
  void tell_restart();
  void collect();
  void receive(Transport::Pair pair, base::Bytes message);
  [[nodiscard]] bool accepts(Transport::Pair pair) const;
  void send(Transport::Pair pair, base::ByteVector bytes);
  void finish_boot();
  void publish();

  [[nodiscard]] std::uint64_t ticks() const;
  [[nodiscard]] bool connected() const {
    return state == wire::mhi::DeviceState::m0 || state == wire::mhi::DeviceState::m2;
  }

  World world;
  BootFrom boot_from;
  Registers registers;
  Transport transport;
  wire::mhi::DeviceState state = wire::mhi::DeviceState::reset;
  wire::mhi::ExecEnv env = wire::mhi::ExecEnv::pbl;
  bool contexts_placed = false;  // by the host, since the last session began
  bool host_spoke = false;       // to the card, in this session
  std::optional<SecondStage> second_stage;
  std::optional<std::chrono::nanoseconds> leave_by;  // SBL, when all firmware is here
  std::optional<std::chrono::nanoseconds> back_at;   // from a reset of the SoC
  std::optional<MemoryDump> dump;
  std::optional<std::chrono::microseconds> time_offset;
  std::chrono::nanoseconds powered_at{};
  std::uint32_t timer_high = 0;
  std::vector<std::string> messages;
};

}  // namespace qaic::sim::mhi
