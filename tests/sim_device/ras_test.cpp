// Reliability events and the boot log: what the card says unasked.
// Offsets of kernel-interface §6.1 counted by hand.
#include "tests/sim_device/network_card.hpp"

using namespace qaic::tests;
using namespace qaic::sim::device;
namespace ras = qaic::wire::ras;

namespace {

std::vector<std::string> take(Card& card, Card::Stream stream) {
  std::vector<std::string> out;
  for (const auto& message : card.take_outgoing()) {
    if (message.stream == stream) out.push_back(hex_of(message.bytes));
  }
  return out;
}

std::string inject(TestCard& test, const RasEvent& event) {
  REQUIRE(test.card.inject(event));
  const auto messages = take(test.card, Card::Stream::ras);
  REQUIRE(messages.size() == 1);
  REQUIRE(messages[0].size() == 2 * 104);
  return messages[0];
}

}  // namespace

TEST_CASE("each source's event is one push of 104 bytes with the syndrome in its place") {
  TestCard test;
  RasEvent event;
  event.address = 0x0000'0012'3456'789AULL;
  event.instance = 3;
  event.threshold = 9;
  event.degrees = -7;
  event.crossed = ras::Threshold::critical;
  struct Row {
    ras::Source source;
    std::size_t offset;
    std::size_t width;
    std::uint64_t value;
  };
  const Row rows[] = {{ras::Source::soc_memory, 0, 8, 0x123456789A},
                      {ras::Source::pcie, 48, 4, 0x3456789A},
                      {ras::Source::pcie, 52, 1, 3},
                      {ras::Source::pcie, 0, 4, 1},
                      {ras::Source::ddr, 40, 4, 0x3456789A},
                      {ras::Source::ddr, 44, 2, 0x12},
                      {ras::Source::ddr, 48, 2, 3},
                      {ras::Source::system_bus1, 8, 8, 0x123456789A},
                      {ras::Source::system_bus1, 24, 1, 3},
                      {ras::Source::system_bus2, 8, 8, 0x123456789A - 0x1200000000 + (0x12ULL << 32)},
                      {ras::Source::system_bus2, 35, 1, 3},
                      {ras::Source::nsp_memory, 0, 4, 0x3456789A},
                      {ras::Source::nsp_memory, 32, 1, 3},
                      {ras::Source::temperature, 0, 4, 2},
                      {ras::Source::temperature, 4, 4, 0xfffffff9}};
  std::uint32_t sequence = 0;
  for (const Row& row : rows) {
    event.source = row.source;
    const std::string message = inject(test, event);
    CHECK(message.substr(0, 8) == "aa550200");
    CHECK(number_at(message, 4, 4) == sequence++);
    CHECK(number_at(message, 8, 1) == 0);
    CHECK(number_at(message, 10, 2) == 92);
    CHECK(number_at(message, 16, 4) == static_cast<std::uint32_t>(row.source));
    CHECK(number_at(message, 20, 4) == 0);
    CHECK(number_at(message, 24, 4) == 9);
    CHECK(number_at(message, 40 + row.offset, row.width) == row.value);
  }
}

TEST_CASE("errors are counted by kind, through resets") {
  TestCard test;
  RasEvent event;
  event.source = ras::Source::pcie;
  inject(test, event);
  event.type = ras::ErrorType::uncorrectable_nonfatal;
  std::string message = inject(test, event);
  CHECK(number_at(message, 20, 4) == 2);
  CHECK(number_at(message, 28, 4) == 1);
  CHECK(number_at(message, 32, 4) == 1);
  test.card.reset();
  const auto refused = test.card.inject(event);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().id == "not-ready");
  test.card.boot();
  event.type = ras::ErrorType::uncorrectable;
  message = inject(test, event);
  CHECK(number_at(message, 4, 4) == 2);
  CHECK(number_at(message, 20, 4) == 1);
  CHECK(number_at(message, 32, 4) == 2);
  CHECK(test.card.status().need_reset_to_retire_pages == 0);  // PCIe has no pages
}

TEST_CASE("an uncorrectable error in DDR wants a reset, and the reset retires the page") {
  auto config = stock_config(qaic::wire::nnc::Sku::pcie_pro, 0, 0);
  config.retired_pages = 4;
  TestCard test(config);
  RasEvent event;
  inject(test, event);
  CHECK(test.card.status().need_reset_to_retire_pages == 0);  // correctable
  event.type = ras::ErrorType::uncorrectable;
  inject(test, event);
  event.type = ras::ErrorType::uncorrectable_nonfatal;
  inject(test, event);
  CHECK(test.card.status().need_reset_to_retire_pages == 1);
  CHECK(test.card.status().retired_pages == 4);
  test.card.reset();
  test.card.boot();
  CHECK(test.card.status().need_reset_to_retire_pages == 0);
  CHECK(test.card.status().retired_pages == 6);
}

TEST_CASE("events that nobody takes are kept to a number, the oldest go") {
  TestCard test;
  for (unsigned i = 0; i < 300; ++i) REQUIRE(test.card.inject(RasEvent()));
  const auto messages = take(test.card, Card::Stream::ras);
  REQUIRE(messages.size() == 256);
  CHECK(number_at(messages.front(), 4, 4) == 44);
  CHECK(number_at(messages.back(), 4, 4) == 299);
}

TEST_CASE("each boot logs lines that name what the card booted with") {
  TestCard test;
  (void)test.card.take_outgoing();
  test.storage.images["sbl.bin"] =
      std::string("QC_IMAGE_VERSION_STRING=SBL.AIC.9.87.6.5") + std::string(1, '\0');
  test.card.boot();
  const auto lines = take(test.card, Card::Stream::log);
  REQUIRE(lines.size() == 5);
  std::string text;
  for (const std::string& line : lines) {
    CHECK(line.size() <= 2 * 512);
    CHECK(line.substr(line.size() - 4) == "0a00");
    const auto bytes = bytes_of_hex(line);
    text += qaic::base::as_text(bytes).substr(0, bytes.size() - 1);
  }
  CHECK(text ==
        "SBL image SBL.AIC.9.87.6.5\n"
        "serial 0x51b00000, board SIM471-12-000000, SoC 0\n"
        "DDR 32692 MB, 0 pages retired\n"
        "NSP 16 of 16 usable, image none\n"
        "QSM QSM.SIM.1.20.0 started\n");
  CHECK(take(test.card, Card::Stream::log).empty());
}
