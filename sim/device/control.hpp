// The control channel: requests in, exactly one reply each. Source:
// kernel-interface §2, above all §2.8.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "sim/device/commands.hpp"
#include "sim/device/message.hpp"
#include "sim/device/transfer.hpp"

namespace qaic::sim::device {

class Control {
 public:
  Control(HostMemory& host_memory, Commands& commands, std::uint64_t features);
  ~Control();

  void receive(Bytes message);
  // Continues requests whose deactivation ended.
  void resume();
  // A message can list more data than is read at once: then this thread has
  // others to answer, and advance() reads on.
  [[nodiscard]] bool has_more() const { return !pulling_.empty(); }
  void advance();
  [[nodiscard]] std::vector<ByteVector> take_replies();
  // Requests that are waiting for their data, for more of it or for a network to leave.
  void describe(std::vector<std::string>& lines) const;

 private:
  struct Work;  // one request on its way to its reply

  void begin(Request request);
  void proceed(std::unique_ptr<Work> work, std::uint64_t most);
  bool pull(Work& work, std::uint64_t most);
  [[nodiscard]] std::uint64_t turn() const;
  bool continue_transfer(Request& request);
  void run(std::unique_ptr<Work> work);
  void resume(const Activations::Deactivated& end);
  void run_transaction(Work& work);
  void run_command(Work& work);
  void append(Work& work, const Commands::Outcome& outcome);
  void attach_channel(Work& work);
  void terminate(Work& work);
  void forget(base::UserHandle user);
  void send(const Reply& reply);

  HostMemory& host_memory_;
  Commands& commands_;
  std::uint64_t features_;
  Crc crc_;
  std::vector<std::unique_ptr<Work>> pulling_;  // have more to read
  std::vector<std::unique_ptr<Work>> parked_;   // want more DMA segments
  std::vector<std::unique_ptr<Work>> waiting_;  // want a network to leave
  std::vector<ByteVector> replies_;
};

}  // namespace qaic::sim::device
