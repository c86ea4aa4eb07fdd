// A card whose answers the test writes. scripted_card.cpp defines
// device::Card's members on it, so the driver twin meets replies that the real
// card never gives: late, malformed, refused, or none.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "sim/device/card.hpp"
#include "wire/dbc.hpp"
#include "wire/uapi.hpp"

namespace qaic::sim::driver::test {

// A reply message, built transaction by transaction.
class Reply {
 public:
  explicit Reply(std::uint32_t sequence) { header_.sequence_number = sequence; }
  Reply& transaction(std::uint32_t type, base::Bytes payload, std::optional<std::uint32_t> length = {});
  Reply& passthrough(base::Bytes payload);
  Reply& status(std::uint16_t major, std::uint16_t minor, std::uint32_t status, std::uint64_t flags);
  Reply& activate(std::uint32_t status, std::uint32_t dbc);
  Reply& deactivate(std::uint32_t status, std::uint32_t dbc);
  Reply& terminate();
  Reply& continuation(std::uint32_t chunk, std::uint64_t transferred);
  wire::nnc::MessageHeader& header() { return header_; }
  [[nodiscard]] base::ByteVector bytes() const;

 private:
  wire::nnc::MessageHeader header_;
  base::ByteVector body_;
  std::uint32_t count_ = 0;
};

struct CardScript {
  CardScript();
  ~CardScript();
  CardScript(const CardScript&) = delete;
  CardScript& operator=(const CardScript&) = delete;
  static CardScript* current;

  // What the host sent, parsed.
  struct Message {
    wire::nnc::MessageHeader header;
    base::ByteVector bytes;
    [[nodiscard]] std::uint32_t sequence() const { return header.sequence_number; }
    [[nodiscard]] std::uint32_t type(std::size_t offset = 32) const;
  };
  std::vector<Message> received;

  // Next answers, one per message; a null one keeps silent. When used up:
  // STATUS and TERMINATE are answered well, everything else is not answered.
  using Answer = std::function<base::ByteVector(const Message&)>;
  std::deque<Answer> answers;
  std::vector<base::ByteVector> replies;
  bool answers_terminate = true;
  bool ready = false;
  unsigned resets = 0;
  std::vector<device::Card::Outgoing> outgoing;  // to the host, on channels besides control
  std::vector<device::Card::Outgoing> streamed;  // from the host, there
  std::uint64_t status_flags = 0;
  std::uint16_t status_major = 5;
  std::uint16_t status_minor = 0;

  // DMA bridge, registers as the host sees them.
  struct Channel {
    std::array<std::uint32_t, 4> registers{};
    std::uint64_t requests = 0;
    std::uint64_t responses = 0;
    std::uint32_t elements = 0;
  };
  std::array<Channel, 16> channels;
  // Remembers queue addresses of the ACTIVATE_TO_DEV in the message.
  void take_channel(const Message& message, std::uint32_t dbc, std::size_t offset = 32);
  [[nodiscard]] wire::dbc::Request element(std::uint32_t dbc, std::uint32_t index) const;
  // Takes every element up to the tail; answers those that want completion.
  void run(std::uint32_t dbc);
  // One response in the FIFO, then the interrupt.
  void respond(std::uint32_t dbc, std::uint16_t req_id, std::uint16_t status = 0);
  // Whether run() is called as soon as the tail is written.
  bool runs_at_once = false;

  device::HostMemory* memory = nullptr;
  device::Interrupts* interrupts = nullptr;
};

}  // namespace qaic::sim::driver::test
