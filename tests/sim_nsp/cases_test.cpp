// What network code can do, and what happens to it, case by case
// (programs/cases.c).
#include <doctest/doctest.h>

#include <cstring>
#include <string_view>
#include <thread>

#include "os/file.hpp"
#include "tests/sim_nsp/program.hpp"

using namespace qaic;
using namespace qaic::tests;
using Kind = sim::device::CoreEvent::Kind;
using namespace std::chrono_literals;

namespace {

constexpr unsigned kExitDoorbell = 0x460 / 4;

// One run of one case.
struct Case {
  explicit Case(unsigned mode, unsigned threads = 1, unsigned nsps = 1,
                std::vector<std::uint64_t> constants_begin = {})
      : cores(make_cores()) {
    auto program = simple_program(load_image(QAIC_PROGRAMS "/cases.elf"), threads);
    program.nsp_count = nsps;
    program.l2tcm_init.resize(4096);
    program.l2tcm_init[2048] = static_cast<std::byte>(mode);
    // Not a multiple of any page, so that ranges are exact.
    program.shared_ddr_offset = 0x100100;
    program.shared_ddr_size = 0x20000;
    program.constants_offset = 0x200200;
    program.constants_size = 16;
    program.constants_begin = std::move(constants_begin);
    program.heap_offset = 0x300000;
    program.heap_size = 0x5000;
    for (unsigned i = 0; i < 16; ++i) cores->ddr()[0x200200 + i] = static_cast<std::byte>(i);
    sim::device::CoreMulticast doorbells{(1U << nsps) - 1, 0, 1124, 0};
    sim::device::CoreMulticast data{(1U << nsps) - 1, 4096, 256, 1};
    program.multicast.assign(nsps, {doorbells, data});
    auto started = cores->start(program);
    REQUIRE(started);
    group = std::move(*started);
    card.emplace(*cores, *group);
  }
  [[nodiscard]] std::uint32_t answer(unsigned index, unsigned nsp = 0) {
    std::uint32_t value = 0;
    std::memcpy(&value, group->l2tcm(nsp).data() + 8192 + 4 * index, sizeof(value));
    return value;
  }
  [[nodiscard]] std::uint32_t vtcm(unsigned nsp, unsigned offset) {
    std::uint32_t value = 0;
    std::memcpy(&value, group->vtcm(nsp).data() + offset, sizeof(value));
    return value;
  }
  // The text of the crash, which must come.
  std::string crash() {
    REQUIRE(card->run_until([this] { return card->find(Kind::crashed) != nullptr; }));
    return card->find(Kind::crashed)->text;
  }
  void finish(unsigned threads, unsigned nsps = 1) {
    REQUIRE(card->wait_semaphore(9, threads * nsps));
    for (unsigned nsp = 0; nsp < nsps; ++nsp) card->ring(nsp, kExitDoorbell, 1);
    const auto exits = [this] {
      std::size_t count = 0;
      for (const auto& event : card->others) count += event.kind == Kind::exited;
      return count;
    };
    REQUIRE(card->run_until([&] { return exits() == nsps; }));
  }

  std::unique_ptr<sim::nsp::QemuCores> cores;
  std::unique_ptr<sim::device::CoreGroup> group;
  std::optional<ScriptedCard> card;
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("two threads that increment one semaphore 10,000 times each count exactly") {
  Case run(1, 2);
  run.finish(2);
  CHECK(run.card->semaphores[4] == 20000);
  CHECK(run.card->commands == 20002);
}

TEST_CASE("commands wait for a card that does not listen for a while; none is lost") {
  Case run(1, 2);
  std::this_thread::sleep_for(200ms);  // far more than the ring holds is stored in that time
  run.finish(2);
  CHECK(run.card->semaphores[4] == 20000);
}

TEST_CASE("increments and decrements of four threads, with every kind of store, add up") {
  Case run(2, 4);
  run.finish(4);
  CHECK(run.card->semaphores[4] == 2 * 6000 - 2 * 3000);
  CHECK(run.card->commands == 2 * 6000 + 2 * 3000 + 4);
}

TEST_CASE("two stores in one packet are two commands, in order") {
  Case run(3);
  bool ordered = true;
  REQUIRE(run.card->run_until([&] {
    const auto difference = run.card->semaphores[4] - run.card->semaphores[9];
    ordered = ordered && difference >= 0 && difference <= 1;
    return run.card->semaphores[9] == 100;
  }));
  CHECK(run.card->semaphores[4] == 100);
  CHECK(ordered);
}

TEST_CASE("a store through a null pointer is a crash that says so, with the NSP's number") {
  Case run(4, 2, 2);
  const std::string text = run.crash();
  CHECK(contains(text, "NSP "));
  CHECK(contains(text, "Segmentation fault"));
}

TEST_CASE("errFatal is a crash with its text") {
  Case run(5);
  CHECK(run.crash() == "NSP 0: case.c:321: bad 7 and beef, 9");
}

TEST_CASE("notifyHang is a hang event and the code goes on") {
  Case run(6);
  REQUIRE(run.card->run_until([&] { return run.card->find(Kind::hang) != nullptr; }));
  run.card->ring(0, kExitDoorbell, 1);
  CHECK(run.card->run_until([&] { return run.card->find(Kind::exited) != nullptr; }));
}

TEST_CASE("log lines arrive formatted, with their masks") {
  Case run(7);
  REQUIRE(run.card->wait_semaphore(9, 1));
  REQUIRE(run.card->run_until([&] { return run.card->others.size() == 4; }));
  CHECK(run.card->others[0].text == "plain");
  CHECK(run.card->others[0].value == 8);
  CHECK(run.card->others[1].text == "-42    17|abc |text z");
  CHECK(run.card->others[1].value == 4);
  CHECK(run.card->others[2].text == "12345678901234 0xff -5000000000");
  CHECK(run.card->others[3].text == "00001234 005%");
}

TEST_CASE("leaving at once is an exit, not a crash") {
  Case run(8, 3);
  REQUIRE(run.card->run_until([&] { return !run.card->others.empty(); }));
  CHECK(run.card->others[0].kind == Kind::exited);
}

TEST_CASE("returning from the entry function is a crash that says so") {
  Case run(9);
  CHECK(contains(run.crash(), "returned from its entry function"));
}

TEST_CASE("user DMA moves chained descriptors, keeps registers, and reaches the other NSPs") {
  Case run(10, 1, 3);
  run.finish(1, 3);
  CHECK(run.answer(0) == 64);
  CHECK(run.answer(1) == 0);
  CHECK(run.answer(2) == 0);
  CHECK(run.answer(3) == 1);
  CHECK(run.answer(4) == 0);
  for (unsigned nsp = 1; nsp < 3; ++nsp) {
    for (unsigned i = 0; i < 64; ++i) {
      REQUIRE(run.group->vtcm(nsp)[4096 + 32 + i] == static_cast<std::byte>(i * 3));
    }
  }
  CHECK(run.vtcm(0, 4096 + 32) == 0);  // never on itself
}

TEST_CASE("map, unmap, constants and heap are where the card put them") {
  Case run(11);
  run.finish(1);
  CHECK(run.answer(0) == 0);
  CHECK(run.answer(1) == 0x600d);
  std::uint32_t seen = 0;
  std::memcpy(&seen, run.cores->ddr().data() + 0x100100 + 70000, 4);
  CHECK(seen == 0x600d);
  CHECK(run.answer(2) == 0);
  CHECK(run.answer(3) == 0xffffffff);
  CHECK(run.answer(4) == 0xffffffff);
  CHECK(run.answer(5) == 0);
  CHECK(run.answer(6) == 0x07060504);
  CHECK(run.answer(7) == 0x0b0a0908);
  CHECK(run.answer(8) == 1);
  CHECK(run.answer(9) == 0x5000);
  std::memcpy(&seen, run.cores->ddr().data() + 0x300000, 4);
  CHECK(seen == 0x4ea9);
}

TEST_CASE("each NSP's constants begin where the card put them") {
  Case run(11, 1, 3, {0, 4, 4});
  run.finish(1, 3);
  CHECK(run.answer(6, 0) == 0x07060504);
  CHECK(run.answer(7, 0) == 0x0b0a0908);
  for (const unsigned nsp : {1U, 2U}) {
    CHECK(run.answer(5, nsp) == 0);
    CHECK(run.answer(6, nsp) == 0x0b0a0908);
    CHECK(run.answer(7, nsp) == 0x0f0e0d0c);
  }
}

TEST_CASE("constants cannot be written") {
  Case run(12);
  CHECK(contains(run.crash(), "Segmentation fault"));
  CHECK(run.cores->ddr()[0x200200] == std::byte{0});
}

TEST_CASE("utimer advances with time") {
  Case run(13);
  run.finish(1);
  CHECK(run.answer(0) == 1);
}

TEST_CASE("network code reaches no file of the host") {
  Case run(14);
  run.finish(1);
  CHECK(run.answer(0) == 0xffffffff);  // EPERM
}

TEST_CASE("a store to a semaphore that is no command ends the network with a clear message") {
  CHECK(contains(Case(15).crash(), "a width other than 32 bits"));
  CHECK(contains(Case(16).crash(), "qaic-sim: "));
  CHECK(contains(Case(23).crash(), "no semaphore of this network"));
}

TEST_CASE("a stack that overflows and DDR beyond the network's range are crashes") {
  CHECK(contains(Case(17).crash(), "Segmentation fault"));
  CHECK(contains(Case(24).crash(), "beyond the end of its DDR"));
}

TEST_CASE("threads that wait for each other's plain stores in pause go on") {
  Case run(18, 2);
  run.finish(2);
}

TEST_CASE("an instruction that the emulator does not have is a crash, not a hang") {
  Case run(20);
  const std::string text = run.crash();
  MESSAGE(text);
  CHECK(contains(text, "the emulator ended by signal"));
}

TEST_CASE("a multicast id can be pointed elsewhere") {
  Case run(21, 1, 2);
  run.finish(1, 2);
  CHECK(run.answer(0) == 0);
  CHECK(run.answer(1) == 0xffffffff);
  CHECK(run.vtcm(1, 512) == 0xfeed);
}

TEST_CASE("each NSP has its own copy of the image") {
  Case run(22, 1, 2);
  run.finish(1, 2);
  CHECK(run.answer(0, 0) == 8);
  CHECK(run.answer(0, 1) == 8);
}
