// A card that networks are loaded on: commands as hex, a queue in host memory,
// and the NSPs played by the test.
#pragma once

#include <doctest/doctest.h>

#include <cstring>

#include "sim/device/activations.hpp"
#include "sim/device/address_map.hpp"
#include "tests/sim_device/card_control.hpp"
#include "tests/sim_device/network_elf.hpp"

namespace qaic::tests {

using base::ByteVector;
using base::DbcId;
using sim::device::CoreEvent;
using sim::device::kDdrBase;
using sim::device::kMulticastBase;
using Register = wire::dbc::Register;

inline constexpr std::uint64_t kFile = HostBlock::kBase + 0x200000;
inline constexpr std::uint64_t kQueue = HostBlock::kBase;
inline constexpr std::uint64_t kData = HostBlock::kBase + 0x100000;
inline constexpr std::uint64_t kWindow = 8U << 20;

// ACTIVATE_TO_DEV for a queue of 32 elements at kQueue.
inline const std::string kQueueHex = "09000000 28000000" + hex64(kQueue) + hex64(kQueue + 3968) + hex32(32) +
                                     hex32(32) + hex32(4096) + hex32(0);

inline std::string activate_hex(std::uint32_t constants, std::uint32_t elf, std::uint32_t state = 1) {
  return "09000000 92100000" + hex32(constants) + hex32(elf) + "00000000 ffffffff 01000000 ffffffff" +
         hex32(state) + "00000000 00 00000000000000";
}
inline std::string deactivate_hex(std::uint32_t id) {
  return passthrough_hex("0b000000" + hex32(id) + "01000000 00000000");
}
inline std::string dma_hex(std::uint32_t tag, std::uint64_t address, std::uint64_t size,
                           std::uint32_t chunk = 0) {
  return "06000000 28000000" + hex32(tag) + "01000000" + hex32(chunk) + "00000000" + hex64(address) +
         hex64(size);
}
inline std::string load_elf_hex(std::uint64_t size, std::string_view name = "double") {
  return "03000000 64000000 92100000 00000000" + hex_text(name, 64) + hex64(size) + "00000000 00000000";
}
inline std::string load_constants_hex(std::uint64_t static_size, std::uint64_t dynamic_size) {
  return "0f000000 92100000" + hex_text("double", 64) + "18000000 00000000" + hex64(static_size) +
         hex64(dynamic_size) + "00 00 000000000000";
}
inline std::string payload_hex(std::uint32_t id, std::uint64_t length, std::uint64_t offset) {
  return "10000000 92100000 2c010000" + hex32(id) + hex64(length) + hex64(offset);
}

struct TestNetwork : TestCard {
  using TestCard::TestCard;

  void place(std::uint64_t at, const ByteVector& bytes) {
    std::memcpy(host.at(at, bytes.size()).data(), bytes.data(), bytes.size());
  }
  // {id, status} of LOAD_ELF
  std::pair<std::uint32_t, std::int32_t> load(const ByteVector& file, std::uint32_t user = 5) {
    place(kFile, file);
    const std::string rsp =
        send(user, {passthrough_hex(load_elf_hex(file.size())), dma_hex(100, kFile, file.size())});
    return {static_cast<std::uint32_t>(number_at(rsp, 12, 4)), status_at(rsp, 16)};
  }
  std::uint32_t load_double() {
    const auto [id, status] = load(network_elf());
    REQUIRE(status == 0);
    return id;
  }
  std::uint32_t load_constants(std::uint64_t size, std::uint32_t user = 5) {
    const auto id = static_cast<std::uint32_t>(number_at(command(user, load_constants_hex(size, 0)), 4, 4));
    REQUIRE(id != 0);
    send(user, {passthrough_hex(payload_hex(id, size, 0)), dma_hex(300, kFile, size)});
    return id;
  }
  // The whole reply to ACTIVATE with a queue.
  std::string activate(std::uint32_t constants, std::uint32_t elf, std::uint32_t state = 1,
                       std::uint32_t user = 5) {
    return send(user, {passthrough_hex(activate_hex(constants, elf, state)), kQueueHex});
  }
  std::int32_t activate_status(std::uint32_t constants, std::uint32_t elf, std::uint32_t state = 1,
                               std::uint32_t user = 5) {
    const std::string reply = activate(constants, elf, state, user);
    CHECK(reply.size() / 2 == 96 + 24);
    const std::int32_t status = status_at(reply, 12);
    CHECK(number_at(reply, 96, 4) == 8);
    CHECK(status_at(reply, 104) == status);  // both parts agree
    CHECK(number_at(reply, 108, 4) < 16);
    return status;
  }
  void event(CoreEvent::Kind kind, std::uint32_t value = 0, unsigned nsp = 0) {
    card.core_event({kind, group_id, nsp, value, "why"});
  }
  // Loads and activates "double" as user 5.
  void start_double(const NetworkSpec& spec = {}) {
    const auto [elf, status] = load(network_elf(spec));
    REQUIRE(status == 0);
    const std::string reply = activate(0, elf);
    REQUIRE(status_at(reply, 12) == 0);
    activation_id = static_cast<std::uint32_t>(number_at(reply, 16, 4));
    dbc = static_cast<std::uint32_t>(number_at(reply, 20, 4));
    ddr_base = number_at(reply, 24, 8);
    mcid_base = number_at(reply, 40, 8);
    group_id = cores.groups.empty() ? 0 : cores.groups.back()->id();
    elf_id = elf;
  }
  void queue_element(const std::string& hex) {
    place(kQueue + std::uint64_t{tail} * 64, bytes_of_hex(hex));
    tail = (tail + 1) % 32;
    card.write_dbc(DbcId(dbc), Register::request_tail, tail);
  }
  // §2.6: BO0 to window 1 when s0 == 1, then s0 = 0 and doorbell word 0 := 1.
  void queue_input() {
    queue_element(hex32(0x19000001) + hex32(0) + hex64(kData) + hex64(mcid_base + kWindow) + hex32(128) +
                  hex32(0) + hex64(mcid_base) + hex32(0x80) + hex32(1) +
                  "01004084 00000081 00000000 00000000");
  }
  // §2.6: BO1 from DDR + 64 when s1 == 0, then s1 = 1 and doorbell word 1 := 1.
  void queue_output() {
    queue_element(hex32(0x1a000002) + hex32(0) + hex64(ddr_base + 64) + hex64(kData + 128) + hex32(128) +
                  hex32(0) + hex64(mcid_base + 4) + hex32(0x80) + hex32(1) +
                  "00004184 01000181 00000000 00000000");
  }
  std::uint32_t responses() { return card.read_dbc(DbcId(dbc), Register::response_tail); }
  unsigned response_status(std::uint32_t slot) {
    return static_cast<unsigned>(number_at(hex_of(host.at(kQueue + 3968 + slot * 4, 4)), 2, 2));
  }
  void unload_all(std::uint32_t user = 5) { send(user, {"11000000 10000000" + hex32(user) + "00000000"}); }

  std::uint32_t activation_id = 0, dbc = 0, tail = 0, group_id = 0, elf_id = 0;
  std::uint64_t ddr_base = 0, mcid_base = 0;
};

}  // namespace qaic::tests
