// A network as the card understands it: code and metadata of network.elf. The
// card's own reader, apart from the host's. Source: runtime-protocols §1.4.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/device/pace.hpp"
#include "sim/device/ports.hpp"

namespace qaic::sim::device {

struct HostMulticast {
  std::uint32_t mask = 0;  // network-relative NSPs that hear the host
  std::uint32_t size = 0;
};

// The last request of an inference that brings the host something, or the last
// of all if none does: how its end is known.
struct LastRequest {
  enum class Memory { window, shared_ddr, dynamic_ddr };

  bool to_device = false;
  Memory memory = Memory::shared_ddr;
  std::uint16_t window = 0;  // multicast id
  std::uint64_t offset = 0;
  unsigned times = 1;  // requests like it in one inference

  friend bool operator==(const LastRequest&, const LastRequest&) = default;
};

struct Network {
  std::string name;
  unsigned nsp_count = 0;
  std::uint16_t exec_context_major = 0;
  std::vector<std::uint32_t> semaphore_init;
  std::vector<CoreSegment> segments;
  std::vector<CoreThread> threads;
  std::vector<std::vector<CoreMulticast>> multicast;  // [nsp][id]
  std::vector<HostMulticast> host_multicast;          // [id]
  std::vector<std::byte> l2tcm_init;
  std::uint32_t l2tcm_size = 0;
  std::uint32_t vtcm_size = 0;
  std::uint64_t static_shared_size = 0;
  std::uint64_t dynamic_shared_size = 0;
  std::uint64_t constants_size = 0;            // static and dynamic
  std::vector<std::uint64_t> constants_begin;  // [nsp]: where its view of them begins
  std::uint64_t heap_size = 0;
  std::optional<LastRequest> last_request;  // nothing: no requests, or none that is understood

  // Multicast ids that it takes from the card's pool.
  [[nodiscard]] std::uint32_t multicast_ids() const;
};

// Reads and checks a network.elf. Everything that does not fit this card is an
// error (kind bad_input) that says what: LOAD_ELF's status is then -5.
Result<Network> read_network(Bytes elf);

}  // namespace qaic::sim::device
