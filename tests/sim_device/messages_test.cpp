// The control channel's envelope. Golden bytes: kernel-interface §11.
#include <doctest/doctest.h>

#include "tests/sim_device/card_control.hpp"

using namespace qaic::tests;
using qaic::sim::device::stock_config;
using qaic::wire::nnc::Sku;

namespace {

constexpr const char* kStatusRequest =
    "bda539f7 51414943 00000000 28000000 01000000 00000000 ffffffff 00000000 0f000000 08000000";

qaic::sim::device::CardConfig with_crc() {
  auto config = stock_config(Sku::pcie_pro, 0, 0);
  config.features = 1;
  return config;
}

}  // namespace

TEST_CASE("a card that uses CRC answers the driver's STATUS byte for byte") {
  TestCard test(with_crc());
  CHECK(test.ask(kStatusRequest) ==
        packed("e3aabcc7 51414943 00000000 38000000 01000000 00000000 ffffffff 00000000"
               "0e000000 18000000 05000000 00000000 01000000 00000000"));
}

TEST_CASE("a card that does not use CRC ignores it and sends 0") {
  TestCard test;
  std::string request = packed(kStatusRequest);
  request[0] = '0';
  CHECK(test.ask(request) == packed("00000000 51414943 00000000 38000000 01000000 00000000 ffffffff 00000000"
                                    "0e000000 18000000 05000000 00000000 d8000000 00000000"));
}

TEST_CASE("a wrong CRC is not answered when CRC is used") {
  TestCard test(with_crc());
  std::string request = packed(kStatusRequest);
  request[0] = '0';
  CHECK(test.ask(request).empty());
  CHECK(test.card.take_messages().size() == 1);
}

TEST_CASE("a message without the magic, or shorter than its header, is not answered") {
  TestCard test;
  CHECK(test.ask("00000000 51414944 00000000 28000000 01000000 00000000 ffffffff 00000000 0f000000 08000000")
            .empty());
  CHECK(test.ask("00000000 51414943 00000000").empty());
  CHECK(test.ask("").empty());
}

TEST_CASE("the reply carries the request's sequence number and handle") {
  TestCard test;
  const std::string reply = test.ask(message_hex(0xabcd, 7, {"0f000000 08000000"}));
  CHECK(number_at(reply, 8, 4) == 0xabcd);
  CHECK(number_at(reply, 20, 4) == 7);
}

TEST_CASE("lengths that do not add up get an empty reply, and nothing is done") {
  TestCard test;
  const std::string empty = "00000000 51414943 09000000 20000000 00000000 00000000 ffffffff 00000000";
  const std::string head = "00000000 51414943 09000000";
  // len beyond the bytes sent; count beyond the transactions; a transaction beyond the message; bytes left
  // over.
  CHECK(test.ask(head + "30000000 01000000 00000000 ffffffff 00000000 0f000000 08000000") == packed(empty));
  CHECK(test.ask(head + "28000000 02000000 00000000 ffffffff 00000000 0f000000 08000000") == packed(empty));
  CHECK(test.ask(head + "28000000 01000000 00000000 ffffffff 00000000 0f000000 10000000") == packed(empty));
  CHECK(test.ask(head + "28000000 01000000 00000000 ffffffff 00000000 0f000000 07000000") == packed(empty));
  CHECK(test.ask(head + "28000000 00000000 00000000 ffffffff 00000000 0f000000 08000000") == packed(empty));
  CHECK(test.card.take_messages().size() == 5);
}

TEST_CASE("a message without transactions has an empty reply") {
  TestCard test;
  CHECK(test.ask("00000000 51414943 09000000 20000000 00000000 04000000 ffffffff 00000000") ==
        packed("00000000 51414943 09000000 20000000 00000000 04000000 ffffffff 00000000"));
}

TEST_CASE("TERMINATE is answered, also for a user that has nothing") {
  TestCard test;
  CHECK(test.ask("00000000 51414943 09000000 30000000 01000000 04000000 00000000 00000000"
                 "11000000 10000000 04000000 00000000") ==
        packed("00000000 51414943 09000000 30000000 01000000 04000000 00000000 00000000"
               "10000000 10000000 00000000 00000000"));
}

TEST_CASE("transactions are answered in order") {
  TestCard test;
  const std::string reply =
      test.send(1, {"0f000000 08000000", passthrough_hex("22000000 00000000"), "0f000000 08000000"});
  CHECK(number_at(reply, 0, 4) == 14);
  CHECK(number_at(reply, 24, 4) == 3);
  CHECK(number_at(reply, 32, 4) == 35);
  CHECK(number_at(reply, 24 + 72, 4) == 14);
}

TEST_CASE("a reply never exceeds 4096 bytes; what would not fit is not done") {
  TestCard test;
  const std::string status = passthrough_hex("0d000000 00000000");
  const std::string reply =
      test.send(1, {status, status, status, status, status, status, status, status, status});
  CHECK(reply.size() / 2 == 7 * 512);
  CHECK(test.card.take_messages().size() == 1);
  // A load that does not fit behind them is not carried out.
  const std::string load =
      passthrough_hex("0f000000 00000000" + zeros(64) + "18000000 00000000" + hex64(4096) + zeros(16));
  std::string body;
  for (int i = 0; i < 7; ++i) body += packed(status);
  for (int i = 0; i < 25; ++i) body += packed(load);
  std::string message = packed(message_hex(1, 1, {body}));
  message.replace(2 * 16, 8, hex32(32));
  test.ask(message);
  CHECK(test.card.status().constants_loaded == 20);  // 480 bytes are 20 answers of 24
}

TEST_CASE("commands that this card does not have say so in their own response") {
  TestCard test;
  struct Row {
    unsigned command, response;
    std::size_t size, status_offset;
  };
  // runtime-protocols §2.2
  for (const Row row : {Row{21, 22, 8, 4}, Row{40, 41, 8, 4}, Row{99, 100, 8, 4}}) {
    CAPTURE(row.command);
    const std::string response = test.command(1, hex32(row.command) + zeros(84));
    CHECK(response.size() / 2 == row.size);
    CHECK(number_at(response, 0, 4) == row.response);
    CHECK(status_at(response, row.status_offset) == -3);
  }
  // A refusal has the form of the answer.
  for (const Row row :
       {Row{1, 2, 16, 8}, Row{19, 20, 40, 4}, Row{22, 23, 8, 4}, Row{24, 25, 16, 4}, Row{26, 27, 8, 4},
        Row{28, 29, 16, 4}, Row{30, 31, 8, 4}, Row{38, 39, 8, 4}, Row{44, 45, 8, 4}}) {
    CAPTURE(row.command);
    const std::string response = test.command(1, hex32(row.command) + zeros(100));
    CHECK(response.size() / 2 == row.size);
    CHECK(number_at(response, 0, 4) == row.response);
    CHECK(status_at(response, row.status_offset) == -17);
  }
}

TEST_CASE("a command of the wrong length is refused with -17") {
  TestCard test;
  struct Row {
    unsigned command;
    std::size_t size, status_offset;
  };
  for (const Row row :
       {Row{13, 8, 4}, Row{32, 16, 48}, Row{34, 8, 4}, Row{15, 104, 8}, Row{16, 32, 8}, Row{3, 96, 8},
        Row{5, 8, 4},  Row{7, 8, 4},    Row{9, 48, 4}, Row{11, 16, 4},  Row{36, 72, 4}, Row{17, 8, 4},
        Row{1, 88, 8}, Row{19, 32, 4},  Row{22, 8, 4}, Row{24, 48, 4},  Row{26, 8, 4},  Row{28, 64, 4},
        Row{30, 8, 4}, Row{38, 16, 4},  Row{44, 24, 4}}) {
    CAPTURE(row.command);
    for (const std::size_t size : {row.size + 16, row.size + 4, row.size - 4}) {
      CHECK(status_at(test.command(1, hex32(row.command) + zeros(size - 4)), row.status_offset) == -17);
    }
  }
  CHECK(test.card.held().empty());
}
