// Transfers over several messages, kernel-interface §2.6.
#include <algorithm>

#include "tests/sim_device/network_card.hpp"

using namespace qaic::tests;

namespace {

// PAYLOAD of `size` bytes for constants `id`, all of them from the same 2 MiB of the host.
std::string large_load(std::uint32_t sequence, std::uint32_t user, std::uint32_t id, std::uint64_t size) {
  constexpr std::uint64_t kPiece = 2U << 20;
  std::string pieces;
  for (std::uint64_t at = 0; at < size; at += kPiece) pieces += hex64(HostBlock::kBase) + hex64(kPiece);
  const auto count = static_cast<std::uint32_t>(pieces.size() / 32);
  return message_hex(sequence, user,
                     {passthrough_hex(payload_hex(id, size, 0)),
                      "06000000" + hex32(24 + count * 16) + hex32(300) + hex32(count) + zeros(8) + pieces});
}

struct LargeLoad : TestNetwork {
  static constexpr std::uint64_t kSize = 100U << 20;
  LargeLoad() {
    id = static_cast<std::uint32_t>(number_at(command(5, load_constants_hex(kSize, 0)), 4, 4));
    place(HostBlock::kBase, bytes_of_hex("c1c2c3c4"));
    card.control(bytes_of_hex(large_load(50, 5, id, kSize)));
  }
  std::uint32_t id = 0;
};

}  // namespace

TEST_CASE("a transfer continues until everything that the command announced is there") {
  TestNetwork test;
  const auto file = network_elf();
  test.place(kFile, file);
  const std::uint64_t third = file.size() / 3;
  CHECK(test.send(5, {passthrough_hex(load_elf_hex(file.size())), dma_hex(100, kFile, third, 7)}) ==
        packed("12000000 18000000 07000000 00000000" + hex64(third)));
  CHECK_FALSE(test.card.held().empty());
  CHECK(test.send(5, {dma_hex(100, kFile + third, third, 7)}) ==
        packed("12000000 18000000 07000000 00000000" + hex64(2 * third)));
  // Another user's chunk of the same number is not ours.
  CHECK(test.send(6, {dma_hex(100, kFile, 8, 7)}).empty());
  CHECK(test.send(5, {dma_hex(100, kFile + 2 * third, file.size() - 2 * third, 7)}) ==
        packed("03000000 18000000 04000000 01000000 00000000 00000000"));
}

TEST_CASE("pieces that adjoin and pieces that do not arrive in their order") {
  TestNetwork test;
  const auto id = static_cast<std::uint32_t>(number_at(test.command(5, load_constants_hex(12, 0)), 4, 4));
  test.place(kFile, bytes_of_hex("a1a2a3a4a5a6a7a8"));
  test.place(kFile + 64, bytes_of_hex("b1b2b3b4"));
  const auto piece = [](std::uint64_t address, std::uint64_t size) { return hex64(address) + hex64(size); };
  const std::string pieces = piece(kFile + 64, 2) + piece(kFile, 3) + piece(kFile + 3, 1) + piece(0, 0) +
                             piece(kFile + 4, 4) + piece(kFile + 66, 2);
  const std::string listed =
      "06000000" + hex32(24 + 6 * 16) + hex32(300) + hex32(6) + "00000000 00000000" + pieces;
  CHECK(status_at(test.send(5, {passthrough_hex(payload_hex(id, 12, 0)), listed}), 16) == 0);
  const auto wanted = bytes_of_hex("b1b2a1a2a3a4a5a6a7a8b3b4");
  const auto ddr = test.cores.ddr();
  CHECK(std::search(ddr.begin(), ddr.end(), wanted.begin(), wanted.end()) != ddr.end());
}

TEST_CASE("an aborted or unknown continuation is answered and leaves nothing") {
  TestNetwork test;
  const std::string abort = "06000000 18000000 00000000 00000000 07000000 00000000";
  const auto id = static_cast<std::uint32_t>(number_at(test.command(5, load_constants_hex(64, 0)), 4, 4));
  CHECK(test.ask(message_hex(1, 5, {abort})).size() / 2 == 32);
  test.send(5, {passthrough_hex(payload_hex(id, 64, 0)), dma_hex(300, kFile, 16, 7)});
  CHECK(status_at(test.command(5, "05000000" + hex32(id)), 4) == -9);  // being filled
  CHECK(test.ask(message_hex(2, 5, {abort})).size() / 2 == 32);
  CHECK(status_at(test.command(5, "05000000" + hex32(id)), 4) == 0);
  CHECK(test.card.held().empty());
}

TEST_CASE("a continuation that turns bad ends with -2") {
  TestNetwork test;
  const auto id = static_cast<std::uint32_t>(number_at(test.command(5, load_constants_hex(64, 0)), 4, 4));
  const auto begin = [&] {
    test.send(5, {passthrough_hex(payload_hex(id, 64, 0)), dma_hex(300, kFile, 16, 7)});
  };
  begin();
  CHECK(status_at(test.send(5, {dma_hex(300, kFile, 49, 7)}), 16) == -2);  // too much
  begin();
  CHECK(status_at(test.send(5, {dma_hex(301, kFile, 48, 7)}), 16) == -2);  // another tag
  begin();
  CHECK(status_at(test.send(5, {dma_hex(300, 0, 48, 7)}), 16) == -2);  // not mapped
}

TEST_CASE("a closing file takes its unfinished transfer along") {
  TestNetwork test;
  const auto id = static_cast<std::uint32_t>(number_at(test.command(5, load_constants_hex(64, 0)), 4, 4));
  test.send(5, {passthrough_hex(payload_hex(id, 64, 0)), dma_hex(300, kFile, 16, 7)});
  bool transaction = true;
  SUBCASE("transaction") {}
  SUBCASE("NNC command, data for the dead constants behind it") {
    transaction = false;
  }
  if (transaction) {
    test.unload_all();
  } else {
    test.send(5, {passthrough_hex("11000000 00000000"), passthrough_hex(payload_hex(id, 64, 0)),
                  dma_hex(300, kFile, 64)});
  }
  CHECK(test.card.held().empty());
}

TEST_CASE("each message of a transfer is answered with its own sequence number") {
  TestNetwork test;
  const auto id = static_cast<std::uint32_t>(number_at(test.command(5, load_constants_hex(64, 0)), 4, 4));
  const std::string first =
      test.ask(message_hex(40, 5, {passthrough_hex(payload_hex(id, 64, 0)), dma_hex(300, kFile, 16, 7)}));
  CHECK(number_at(first, 8, 4) == 40);
  const std::string last = test.ask(message_hex(41, 5, {dma_hex(300, kFile, 48, 7)}));
  CHECK(number_at(last, 8, 4) == 41);
  CHECK(number_at(last, 32, 4) == 3);
}

TEST_CASE("one message reads a bounded number of bytes at once; its reply comes when all are here") {
  LargeLoad test;
  CHECK(test.card.take_replies().empty());
  REQUIRE(test.card.next_deadline());
  CHECK(*test.card.next_deadline() <= test.clock.now);
  CHECK(test.host.reads >= 30);
  CHECK(test.host.reads <= 33);
  CHECK(!test.card.held().empty());
  test.card.tick();
  const std::string reply = test.only_reply();
  CHECK(number_at(reply, 8, 4) == 50);
  CHECK(status_at(reply, 32 + 16) == 0);
  CHECK_FALSE(test.card.next_deadline());
  const auto ddr = test.cores.ddr();
  const auto wanted = bytes_of_hex("c1c2c3c4");
  std::size_t found = 0;
  for (auto at = ddr.begin(); at != ddr.end(); ++found, ++at) {
    at = std::search(at, ddr.begin() + LargeLoad::kSize + (1 << 20), wanted.begin(), wanted.end());
    if (at == ddr.begin() + LargeLoad::kSize + (1 << 20)) break;
  }
  CHECK(found == LargeLoad::kSize / (2U << 20));
}

TEST_CASE("others are answered while a message's data is read") {
  LargeLoad test;
  CHECK(!test.command(6, "0d000000 00000000").empty());
  const std::string end = test.ask(message_hex(60, 5, {"11000000 10000000 05000000 00000000"}));
  CHECK(end.empty());  // two replies: to what is read no more, and to the end of the user
  CHECK(test.card.held().empty());
  CHECK_FALSE(test.card.next_deadline());
}

TEST_CASE("only so many messages wait for their turn to be read") {
  LargeLoad test;
  for (std::uint32_t i = 0; i < 64; ++i) {
    test.card.control(bytes_of_hex(
        message_hex(100 + i, 5, {passthrough_hex(payload_hex(test.id, 16, 0)), dma_hex(300, kFile, 16)})));
  }
  const std::string refused = test.only_reply();
  CHECK(number_at(refused, 8, 4) == 163);
  CHECK(status_at(refused, 32 + 16) == -2);
  CHECK(test.card.take_messages().size() == 1);
  for (int i = 0; i < 64; ++i) test.card.tick();
  CHECK(test.card.take_replies().size() == 64);
  CHECK_FALSE(test.card.next_deadline());
}

TEST_CASE("loads that never get the rest of their data are bounded, the oldest goes") {
  TestNetwork test;
  const auto id = static_cast<std::uint32_t>(number_at(test.command(5, load_constants_hex(64, 0)), 4, 4));
  for (std::uint32_t chunk = 1; chunk <= 1000; ++chunk) {
    CHECK(!test.send(5, {passthrough_hex(payload_hex(id, 64, 0)), dma_hex(300, kFile, 16, chunk)}).empty());
    (void)test.card.take_messages();
  }
  CHECK(test.card.held().size() < 70);
  CHECK(test.send(5, {dma_hex(300, kFile, 48, 936)}).empty());  // it went
  CHECK(status_at(test.send(5, {dma_hex(300, kFile, 48, 937)}), 16) == 0);
  test.send(5, {passthrough_hex(payload_hex(id, 64, 0)), dma_hex(300, kFile, 16, 2000)});
  test.send(5, {passthrough_hex(payload_hex(id, 64, 0)), dma_hex(300, kFile, 16, 2001)});
  CHECK(test.card.take_messages().size() == 1);
}
