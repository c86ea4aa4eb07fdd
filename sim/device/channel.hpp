// One DMA bridge channel: takes elements from the request queue in host
// memory strictly in order, applies them, and writes responses. Source:
// kernel-interface §3. Elements are copied once, then checked, then the copy
// is used; nothing is allocated while running.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "sim/device/address_map.hpp"
#include "sim/device/pace.hpp"
#include "sim/device/ports.hpp"
#include "sim/device/semaphores.hpp"
#include "wire/dbc.hpp"
#include "wire/nnc.hpp"

namespace qaic::sim::device {

// Response::status. Only 0 is documented; the rest are the model's.
enum class Completion : std::uint16_t {
  ok = 0,
  bad_request = 1,        // linked list, direction 3, reserved doorbell width
  bad_address = 2,        // not inside this channel's memory, or a doorbell askew
  host_memory_fault = 3,  // the host did not map it
  bad_semaphore = 4,      // no such number or command
  network_dead = 5,       // crashed, or left and can never satisfy the request
};

class Channel {
 public:
  struct Queue {
    std::uint64_t requests = 0;  // bus addresses
    std::uint64_t responses = 0;
    std::uint32_t request_slots = 0;
    std::uint32_t response_slots = 0;
  };
  // What happens to requests: `hold` queues them (network in standby), `run`
  // serves them, `fail_waiting` fails what would have to wait, `fail` all.
  enum class Mode { hold, run, fail_waiting, fail };
  // What a call of advance() did.
  struct Progress {
    std::uint64_t bytes = 0;      // of all transfers, each copy of a window counted
    std::uint64_t ddr_bytes = 0;  // moved to or from DDR
    unsigned elements = 0;        // finished
    bool changed_memory = false;  // something that network code may wait for
    bool interrupt = false;       // raise this channel's vector
    bool halted = false;          // the queue itself became unreachable just now
  };

  Channel(HostMemory& host_memory, const Clock& clock) : host_memory_(host_memory), clock_(clock) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Starts with all four registers 0. The map's memories must stay until detach().
  void attach(const Queue& queue, AddressMap map, const Semaphores& semaphores, Mode mode);
  void detach();
  [[nodiscard]] bool attached() const { return queue_.request_slots != 0; }
  void set_mode(Mode mode) { mode_ = mode; }
  void set_map(AddressMap map) { map_ = std::move(map); }
  // Of an attached channel, until detach(). What the latency model says of its
  // inferences; and that nobody answers requests: then none waits for a
  // semaphore.
  void set_pace(const Latency& model, std::uint64_t stream, const InferenceEnd& end) {
    pace_.emplace(model, stream, end, queue_.response_slots);
  }
  void set_unattended() { unattended_ = true; }
  [[nodiscard]] Semaphores& semaphores() { return semaphores_; }

  [[nodiscard]] std::uint32_t read(wire::dbc::Register reg) const;
  void write(wire::dbc::Register reg, std::uint32_t value);

  // Does what can be done now, but not more than kElementsAtOnce or, about,
  // kBytesAtOnce: a queue can ask for hours of work with one doorbell, and this
  // thread has others to answer. Of the rest next_deadline() tells.
  Progress advance();
  static constexpr unsigned kElementsAtOnce = 1024;
  static constexpr std::uint64_t kBytesAtOnce = 64U << 20;
  // When advance() has more to do although nothing happens; 0: at once.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> next_deadline() const;

 private:
  // Where the current element stands; each may have to wait.
  enum class Phase { idle, before, transfer, after, doorbell, respond };
  enum class Gate { open, shut };
  static constexpr std::uint32_t kBatch = 64;

  bool fetch(Progress& progress);
  bool step(Progress& progress);
  Gate semaphores_of(std::uint8_t presync, Progress& progress);
  void transfer(Progress& progress);
  void ring(Progress& progress);
  bool respond(Progress& progress);
  [[nodiscard]] bool response_room() const;
  bool deliver(const wire::dbc::Response& response, Progress& progress);
  bool release(Progress& progress);
  void fail(Completion completion);

  HostMemory& host_memory_;
  const Clock& clock_;
  Queue queue_;
  AddressMap map_;
  Semaphores semaphores_;
  Mode mode_ = Mode::hold;
  bool halted_ = false;
  std::optional<Pace> pace_;
  bool unattended_ = false;
  bool more_ = false;  // advance() stopped before it had to

  std::uint32_t request_head_ = 0;
  std::uint32_t request_tail_ = 0;
  std::uint32_t response_head_ = 0;
  std::uint32_t response_tail_ = 0;

  std::array<wire::dbc::Request, kBatch> batch_{};  // elements from request_head_ on
  std::uint32_t batch_size_ = 0;
  std::uint32_t batch_next_ = 0;

  wire::dbc::Request current_{};
  Phase phase_ = Phase::idle;
  unsigned word_ = 0;  // next semaphore word of this phase
  // The first failure among the elements of one request id, until its response.
  Completion failure_ = Completion::ok;
  std::uint16_t failed_id_ = 0;
  bool failed_now_ = false;  // the current element failed: no further effects
};

}  // namespace qaic::sim::device
