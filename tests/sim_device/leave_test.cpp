// How networks end: asked to, on their own, by dying, with their user.
#include "tests/sim_device/network_card.hpp"

using namespace qaic::tests;

TEST_CASE("standby can be ended without having run") {
  TestNetwork test;
  const std::uint32_t elf = test.load_double();
  const std::string reply = test.activate(0, elf, 0);
  CHECK(test.send(5, {deactivate_hex(static_cast<std::uint32_t>(number_at(reply, 16, 4)))}) ==
        packed("03000000 10000000 0c000000 00000000 0b000000 10000000 00000000 00000000"));
}

TEST_CASE("a network that does not leave is stopped after two seconds with -114") {
  TestNetwork test;
  test.start_double();
  CHECK_FALSE(test.card.next_deadline().has_value());
  CHECK(test.send(5, {deactivate_hex(test.activation_id)}).empty());
  CHECK(test.card.next_deadline() == test.clock.now + std::chrono::seconds(2));
  test.card.tick();
  CHECK(test.only_reply().empty());
  CHECK(test.send(5, {deactivate_hex(test.activation_id)}) ==
        packed("03000000 10000000 0c000000 8cffffff"));  // -116
  test.clock.now += std::chrono::seconds(2);
  test.card.tick();
  CHECK(test.only_reply().substr(64) ==
        packed("03000000 10000000 0c000000 8effffff 0b000000 10000000 00000000 00000000"));
  CHECK(test.cores.groups.empty());
  CHECK_FALSE(test.card.next_deadline().has_value());
  CHECK(test.send(5, {deactivate_hex(test.activation_id)}) == packed("03000000 10000000 0c000000 8cffffff"));
}

TEST_CASE("while a network is asked to leave its channel does nothing more") {
  TestNetwork test;
  test.start_double();
  test.queue_input();
  test.send(5, {deactivate_hex(test.activation_id)});
  test.event(CoreEvent::Kind::semaphore, 0x02000000);
  CHECK(test.responses() == 0);
  CHECK(hex_of(test.cores.groups[0]->l2tcm(0).subspan(4096, 2)) == "0000");
}

TEST_CASE("all NSPs must have left before DEACTIVATE is answered") {
  TestNetwork test;
  NetworkSpec spec;
  spec.num_nsps = 2;
  spec.nsp_windows.push_back(spec.nsp_windows[0]);
  test.start_double(spec);
  test.send(5, {deactivate_hex(test.activation_id)});
  test.event(CoreEvent::Kind::exited, 0, 1);
  test.event(CoreEvent::Kind::exited, 0, 1);
  test.event(CoreEvent::Kind::exited, 0, 9);
  CHECK(test.only_reply().empty());
  test.event(CoreEvent::Kind::exited, 0, 0);
  CHECK(status_at(test.only_reply(), 32 + 12) == 0);
}

TEST_CASE("a network that dies fails its requests, says why and answers DEACTIVATE with -16") {
  TestNetwork test;
  test.start_double();
  test.queue_input();
  test.queue_output();
  bool crash = true;
  SUBCASE("crash") {}
  SUBCASE("hang") {
    crash = false;
  }
  test.event(crash ? CoreEvent::Kind::crashed : CoreEvent::Kind::hang);
  CHECK(test.responses() == 2);
  CHECK(test.response_status(0) == 5);
  CHECK(test.response_status(1) == 5);
  CHECK(test.cores.groups.empty());
  const auto messages = test.card.take_messages();
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].find(crash ? "why" : "hangs") != std::string::npos);
  // What comes later fails as well.
  test.queue_input();
  CHECK(test.response_status(2) == 5);
  CHECK(test.send(5, {deactivate_hex(test.activation_id)}) ==
        packed("03000000 10000000 0c000000 f0ffffff 0b000000 10000000 00000000 00000000"));
  CHECK(test.card.status().networks_active == 0);
}

TEST_CASE("a network that crashes on its way out is reported with -16") {
  TestNetwork test;
  test.start_double();
  test.send(5, {deactivate_hex(test.activation_id)});
  test.event(CoreEvent::Kind::crashed);
  CHECK(status_at(test.only_reply(), 32 + 12) == -16);
}

TEST_CASE("a network that ends by itself still delivers, then fails what would wait for ever") {
  TestNetwork test;
  test.start_double();
  test.queue_output();
  test.event(CoreEvent::Kind::semaphore, 0x03010000);
  test.event(CoreEvent::Kind::exited);
  CHECK(test.responses() == 1);
  CHECK(test.response_status(0) == 0);
  test.queue_input();
  CHECK(test.response_status(1) == 5);
  CHECK(status_at(test.send(5, {deactivate_hex(test.activation_id)}), 12) == 0);
}

TEST_CASE("TERMINATE stops and frees everything of that user, and nothing else") {
  TestNetwork test;
  test.load_constants(5000, 6);
  test.load_constants(100);
  test.start_double();
  test.queue_input();
  bool transaction = true;
  SUBCASE("transaction, when a file is closed") {}
  SUBCASE("NNC command") {
    transaction = false;
  }
  if (transaction) {
    CHECK(test.send(0, {"11000000 10000000 05000000 00000000"}) ==
          packed("10000000 10000000 00000000 00000000"));
  } else {
    CHECK(test.command(5, "11000000 92100000") == packed("12000000 00000000"));
  }
  CHECK(test.cores.groups.empty());
  CHECK(test.card.held().size() == 2);  // user 6's constants and their bytes
  test.unload_all(6);
  CHECK(test.card.held().empty());
}

TEST_CASE("TERMINATE while a network is leaving ends the waiting request too") {
  TestNetwork test;
  test.start_double();
  CHECK(
      test.send(5, {deactivate_hex(test.activation_id), passthrough_hex(load_constants_hex(64, 0))}).empty());
  test.card.control(bytes_of_hex(message_hex(99, 5, {"11000000 10000000 05000000 00000000"})));
  const auto replies = test.card.take_replies();
  REQUIRE(replies.size() == 2);
  CHECK(number_at(hex_of(replies[0]), 8, 4) == 99);
  CHECK(status_at(hex_of(replies[1]), 32 + 12) == -114);
  CHECK(test.card.held().empty());  // what followed in that request was not done
}

TEST_CASE("refusals of DEACTIVATE carry no DEACTIVATE_FROM_DEV") {
  TestNetwork test;
  test.start_double();
  CHECK(test.send(5, {deactivate_hex(99)}) == packed("03000000 10000000 0c000000 f5ffffff"));  // -11
  CHECK(test.send(6, {deactivate_hex(test.activation_id)}) == packed("03000000 10000000 0c000000 f7ffffff"));
  CHECK(test.send(5, {passthrough_hex("0b000000" + hex32(test.activation_id) + "00000000 00000000")}) ==
        packed("03000000 10000000 0c000000 faffffff"));
}
