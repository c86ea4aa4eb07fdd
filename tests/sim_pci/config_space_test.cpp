#include "sim/pci/config_space.hpp"

#include <doctest/doctest.h>

#include "sim/syscall/config_space.hpp"

using namespace qaic;
using namespace qaic::sim::pci;
using namespace qaic::wire::pci;

namespace {

std::uint32_t get(const ConfigSpace& config, std::uint32_t offset, std::uint32_t size) {
  base::le32 value;
  base::ByteVector bytes(4);
  config.read(offset, base::MutableBytes(bytes).first(size));
  value = *base::read_struct<base::le32>(bytes);
  return value;
}
ConfigSpace::Effect put16(ConfigSpace& config, std::uint32_t offset, std::uint16_t value) {
  return config.write(offset, base::bytes_of(base::le16(value)));
}
ConfigSpace::Effect put32(ConfigSpace& config, std::uint32_t offset, std::uint32_t value) {
  return config.write(offset, base::bytes_of(base::le32(value)));
}
// As a kernel looks for it.
std::uint32_t capability(const ConfigSpace& config, std::uint8_t id) {
  REQUIRE((get(config, 0x06, 2) & 0x10) != 0);
  std::uint32_t at = get(config, 0x34, 1);
  for (int i = 0; at != 0 && i < 48; ++i) {
    REQUIRE(at >= 0x40);
    REQUIRE(at % 4 == 0);
    if (get(config, at, 1) == id) return at;
    at = get(config, at + 1, 1);
  }
  return 0;
}

}  // namespace

TEST_CASE("identity, class and header as the kernel's driver looks for them") {
  const ConfigSpace config({});
  CHECK(get(config, 0x00, 4) == 0xA10017CB);  // kernel-interface §4.1
  CHECK(get(config, 0x08, 4) == 0x12000000);  // processing accelerator
  CHECK(get(config, 0x0E, 1) == 0);           // one function, type 0
  CHECK(get(config, 0x2C, 4) == 0xA10017CB);
  CHECK(get(config, 0x3D, 1) == 0);  // no INTx
  CHECK(get(ConfigSpace({kAic080, Messages::msi}), 0x00, 4) == 0xA08017CB);
  CHECK(get(config, 0x100, 4) == 0);  // no extended capability
}

TEST_CASE("three 64-bit BARs and nothing else, sized as PCI asks") {
  ConfigSpace config({});
  const std::uint32_t expected[6] = {0xFFFFF004, 0xFFFFFFFF, 0xFFE00004, 0xFFFFFFFF, 0xFFFF0004, 0xFFFFFFFF};
  for (std::uint32_t i = 0; i < 6; ++i) {
    (void)put32(config, 0x10 + 4 * i, 0xFFFFFFFF);
    CHECK(get(config, 0x10 + 4 * i, 4) == expected[i]);
  }
  (void)put32(config, 0x30, 0xFFFFFFFF);
  CHECK(get(config, 0x30, 4) == 0);  // no ROM
}

TEST_CASE("MSI offers 32 vectors with a 64-bit address, and MSI-X stands in its place when asked for") {
  const ConfigSpace msi({});
  const std::uint32_t at = capability(msi, 0x05);
  REQUIRE(at != 0);
  CHECK(get(msi, at + 2, 2) == 0x008A);
  CHECK(capability(msi, 0x11) == 0);

  const ConfigSpace msix({kAic100, Messages::msix});
  const std::uint32_t table = capability(msix, 0x11);
  REQUIRE(table != 0);
  CHECK(get(msix, table + 2, 2) == 31);
  CHECK((get(msix, table + 4, 4) & 7) == 4);
  CHECK((get(msix, table + 8, 4) & 7) == 4);
  CHECK((get(msix, table + 8, 4) & ~7U) >= 32 * 16);  // behind the table
  CHECK(capability(msix, 0x05) == 0);
  for (const ConfigSpace* config : {&msi, &msix}) {
    CHECK(capability(*config, 0x01) != 0);
    const std::uint32_t express = capability(*config, 0x10);
    REQUIRE(express != 0);
    CHECK((get(*config, express + 2, 2) & 0xFF) == 2);
    CHECK((get(*config, express + 4, 4) & (1U << 28)) != 0);  // function-level reset
    CHECK(get(*config, express + 0x12, 2) == 0x84);           // 8 lanes, 16 GT/s
  }
}

TEST_CASE("what is fixed cannot be written, at any width") {
  ConfigSpace config({});
  base::ByteVector before(kConfigSize);
  config.read(0, before);
  const base::ByteVector ones(kConfigSize, std::byte{0xFF});
  CHECK(config.write(0, base::Bytes(ones).first(0x40)) == ConfigSpace::Effect::none);
  CHECK(get(config, 0x00, 4) == 0xA10017CB);
  CHECK(get(config, 0x04, 2) == 0x0546);
  CHECK(get(config, 0x06, 2) == 0x0010);
  CHECK(get(config, 0x08, 4) == 0x12000000);
  CHECK(get(config, 0x34, 1) == 0x40);
  (void)config.write(0x100, base::Bytes(ones).subspan(0x100));
  base::ByteVector after(kConfigSize - 0x100);
  config.read(0x100, after);
  CHECK(after == base::ByteVector(before.begin() + 0x100, before.end()));
  config.reset();
  base::ByteVector again(kConfigSize);
  config.read(0, again);
  CHECK(again == before);
}

TEST_CASE("the function is a bus master while the command register says so, and not in D3hot") {
  ConfigSpace config({});
  CHECK_FALSE(config.bus_master());
  (void)put16(config, 0x04, 0x0002);
  CHECK_FALSE(config.bus_master());
  (void)put16(config, 0x04, 0x0006);
  CHECK(config.bus_master());
  const std::uint32_t power = capability(config, 0x01) + 4;
  CHECK(put16(config, power, 3) == ConfigSpace::Effect::none);
  CHECK_FALSE(config.bus_master());
  CHECK(put16(config, power, 3) == ConfigSpace::Effect::none);
  CHECK(put16(config, power, 0) == ConfigSpace::Effect::reset);  // no-soft-reset is not set
}

TEST_CASE("the reset bit of device control resets, by any write that reaches it, and reads as zero") {
  ConfigSpace config({});
  const std::uint32_t control = capability(config, 0x10) + 8;
  CHECK(put16(config, control, 0x7FFF) == ConfigSpace::Effect::none);
  CHECK(put16(config, control, 0xA810) == ConfigSpace::Effect::reset);
  CHECK((get(config, control, 2) & 0x8000) == 0);
  CHECK(put32(config, control, 0x00008000) == ConfigSpace::Effect::reset);
  const std::byte high{0x80};
  CHECK(config.write(control + 1, {&high, 1}) == ConfigSpace::Effect::reset);
  CHECK(config.write(control, {&high, 1}) == ConfigSpace::Effect::none);
}

TEST_CASE("behind system calls the card is the same function, but for the reset that hardware lacks") {
  const ConfigSpace config({});
  const std::string shown =
      sim::syscall::card_config(sim::syscall::card_ids(false), sim::syscall::card_bars(0), {});
  REQUIRE(shown.size() == kConfigSize);
  const auto same = [&](std::uint32_t at, std::uint32_t mask) {
    CAPTURE(at);
    const auto word = *base::read_struct<base::le32>(base::as_bytes(shown), at);
    CHECK((word & mask) == (get(config, at, 4) & mask));
  };
  for (const std::uint32_t at : {0x00U, 0x08U, 0x2CU, 0x34U}) same(at, 0xFFFFFFFF);
  for (const std::uint32_t bar : {0x10U, 0x18U, 0x20U}) same(bar, 0xF);
  same(kPowerAt, 0xFFFFFFFF);
  same(kMessagesAt, 0xFF8EFFFF);  // whether and how many are switched on differs
  same(kExpressAt, 0xFFFFFFFF);
  same(kExpressAt + kDeviceCapabilities, ~kDeviceCanReset);
  same(kExpressAt + kLinkCapabilities, 0xFFFFFFFF);
  same(kExpressAt + kLinkCapabilities2, 0xFFFFFFFF);
  CHECK((*base::read_struct<base::le32>(base::as_bytes(shown), kExpressAt + kDeviceCapabilities) &
         kDeviceCanReset) == 0);
}
