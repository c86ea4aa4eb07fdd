// The loader's side of Sahara: asks the host for one firmware image after the
// other; before, offers the memory dump of a crash. One packet in, packets out.
// Source: kernel-interface §5. Which images the real loader asks for, and in
// which order, is not known: ours asks for those that distributions ship.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/mhi/memory_dump.hpp"
#include "sim/mhi/received_images.hpp"
#include "wire/sahara.hpp"

namespace qaic::sim::mhi {

class Sahara {
 public:
  // `images` receives what arrives. With a dump, it is offered first.
  Sahara(ReceivedImages& images, std::optional<MemoryDump> dump);

  // One transfer of the host: a packet, or the bytes that were asked for.
  void receive(base::Bytes transfer);
  [[nodiscard]] std::vector<base::ByteVector> take_outgoing() { return std::exchange(outgoing_, {}); }
  // What happened, a line each, for the boot log.
  [[nodiscard]] std::vector<std::string> take_log() { return std::exchange(log_, {}); }

  // All images that the card cannot do without are here, and nothing is under way.
  [[nodiscard]] bool complete() const { return phase_ == Phase::complete; }
  // The dump is still on offer: a host that does not know dumps never answers.
  [[nodiscard]] bool offers_dump() const { return phase_ == Phase::dump_hello; }
  // Boots without the host having fetched the dump.
  void drop_dump();

 private:
  enum class Phase { hello, header, table, body, end, dump_hello, dump, complete, failed };

  void begin_image();
  void ask(std::uint64_t offset, std::uint64_t size);
  void ask_more();
  void take_data(base::Bytes bytes);
  void have_all();
  void end_image(wire::sahara::Status status);
  void give_up(const std::string& why, wire::sahara::Status status);
  void next_image();
  void host_reset();
  void hello(wire::sahara::Mode mode);
  void place_dump();
  void offer_dump();
  void read_dump(base::Bytes packet);
  template <class Packet>
  void send(wire::sahara::Command command, Packet packet);

  ReceivedImages& images_;
  std::optional<MemoryDump> dump_;
  std::vector<std::pair<std::uint64_t, base::ByteVector>> memory_;  // of the dump: table, then regions
  Phase phase_ = Phase::hello;
  std::size_t image_ = 0;       // which of the list
  base::ByteVector received_;   // answer to the last READ_DATA, so far
  std::uint64_t expected_ = 0;  // bytes of that answer
  base::ByteVector front_;
  std::uint64_t extent_ = 0;
  base::ByteVector file_;
  std::vector<base::ByteVector> outgoing_;
  std::vector<std::string> log_;
};

}  // namespace qaic::sim::mhi
