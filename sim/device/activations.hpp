// Activated networks and the DMA bridge channels that serve them. Source:
// kernel-interface §2.8 and §3, runtime-protocols §2.4 and §6.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "sim/device/channel.hpp"
#include "sim/device/journal.hpp"
#include "sim/device/reservations.hpp"
#include "sim/device/resources.hpp"
#include "sim/device/restart.hpp"
#include "sim/device/store.hpp"
#include "sim/device/telemetry.hpp"

namespace qaic::sim::device {

// Activation id of a channel that was attached without a network: this plus the
// channel's number. The simulator's own mode: a message with ACTIVATE_TO_DEV
// and no ACTIVATE command. It lets the DMA bridge be exercised alone: 64 MiB of
// scratch memory (address_map.hpp) and 32 private semaphores, all 0.
inline constexpr std::uint32_t kChannelOnly = 0x8000'0000;

// How long NSPs may take to leave after the exit doorbell. The model's choice.
inline constexpr std::chrono::seconds kLeaveTime{2};

class Activations {
 public:
  Activations(const CardConfig& config, const Ports& ports, Resources& resources, Telemetry& telemetry,
              Journal& journal);
  ~Activations();

  // What a host learns from ACTIVATE.
  struct Activated {
    std::uint32_t id = 0;
    unsigned dbc = 0;
    std::uint64_t ddr_base = 0;
    std::uint64_t dynamic_ddr_base = 0;
    std::uint64_t mcid_base = 0;
    std::uint32_t nsp_mask = 0;
  };
  Granted<Activated> activate(base::UserHandle owner, LoadedNetwork& network, Constants* constants,
                              Reservations::Use use, const wire::nnc::ActivateToDev& queue,
                              wire::nnc::InitialState state);
  // A channel without a network; its number.
  Granted<unsigned> attach_channel(base::UserHandle owner, const wire::nnc::ActivateToDev& queue);
  // ACTIVATE_STATE_CMD: starts a network that is in standby.
  wire::nnc::Status change_state(base::UserHandle owner, std::uint32_t id, std::int32_t command);

  // A deactivation that came to its end; `dbc` is free again.
  struct Deactivated {
    std::uint32_t id = 0;
    unsigned dbc = 0;
    wire::nnc::Status status = wire::nnc::Status::ok;
  };
  // Begins to end it. Nothing on success: the network is asked to leave, and
  // take_deactivated() will tell.
  wire::nnc::Status deactivate(base::UserHandle owner, std::uint32_t id);
  [[nodiscard]] std::vector<Deactivated> take_deactivated();
  // Ends everything of this user at once.
  void terminate(base::UserHandle owner);

  [[nodiscard]] std::uint32_t read(unsigned dbc, wire::dbc::Register reg) const;
  void write(unsigned dbc, wire::dbc::Register reg, std::uint32_t value);
  void core_event(const CoreEvent& event);
  [[nodiscard]] std::optional<std::chrono::nanoseconds> next_deadline() const;
  void tick();

  // Subsystem restart of networks that die. With a host that opened the channel
  // for it, a dead network's channel is taken down in step with the host and
  // everything of the network is gone at its end; no NNC message tells of it.
  // With any other, the network stays dead until it is deactivated.
  void open_restart() { restart_.open(); }
  void close_restart();
  void receive_restart(Bytes message);
  [[nodiscard]] std::vector<ByteVector> take_restart() { return restart_.take_outgoing(); }

  // What a test or `qaic-sim inject` does to a network: its first NSP crashes
  // or hangs. False if no network runs behind that channel.
  bool kill(unsigned dbc, CoreEvent::Kind kind);

  [[nodiscard]] unsigned active_networks() const;
  void describe(std::vector<std::string>& lines) const;

 private:
  struct Activation;

  Granted<Channel::Queue> check_queue(const wire::nnc::ActivateToDev& queue) const;
  wire::nnc::Status start(Activation& activation);
  Result<std::unique_ptr<CoreGroup>> start_cores(std::uint32_t id, const CoreProgram& program);
  void set_pace(Activation& activation);
  void run(Activation& activation);
  void die(Activation& activation, unsigned nsp, const std::string& why);
  Dump dump_of(Activation& activation, unsigned nsp, const std::string& why);
  void begin_restart(Activation& activation, Dump dump);
  void end_restarts();
  [[nodiscard]] unsigned restarting_nsps(const Resources& compute) const;
  void finish(std::uint32_t id, wire::nnc::Status status);
  void on_semaphore(Activation& activation, const CoreEvent& event);
  void on_exit(Activation& activation, unsigned nsp);
  Activation* find_group(std::uint32_t group);

  Ports ports_;
  Latency latency_;
  std::string hw_serial_;
  Resources& resources_;
  Telemetry& telemetry_;
  Journal& journal_;
  std::array<std::unique_ptr<Channel>, kChannels> channels_;
  std::array<Activation*, kChannels> by_channel_{};
  std::map<std::uint32_t, std::unique_ptr<Activation>> activations_;
  std::vector<Deactivated> deactivated_;
  std::uint32_t next_id_ = 1;
  Restart restart_;
};

}  // namespace qaic::sim::device
