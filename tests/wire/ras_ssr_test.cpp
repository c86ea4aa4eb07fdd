// kernel-interface §6.1 and §6.2, counted by hand.
#include <doctest/doctest.h>

#include <cstddef>

#include "tests/wire/hex.hpp"
#include "wire/ras.hpp"
#include "wire/ssr.hpp"

using namespace qaic::wire;
using namespace qaic::tests;

TEST_CASE("a RAS message lies as the driver reads it") {
  ras::Message message;
  message.header.magic = ras::kMagic;
  message.header.version = 1;
  message.header.sequence = 0x01020304;
  message.header.len = ras::kBodySize;
  message.result = -2;
  message.source = static_cast<std::uint32_t>(ras::Source::temperature);
  message.error_type = static_cast<std::uint32_t>(ras::ErrorType::uncorrectable_nonfatal);
  message.threshold = 5;
  message.correctable_count = 6;
  message.uncorrectable_count = 7;
  message.interrupt = 8;
  ras::Temperature temperature;
  temperature.threshold = static_cast<std::uint32_t>(ras::Threshold::critical);
  temperature.degrees = -1;
  const auto syndrome = qaic::base::bytes_of(temperature);
  std::copy(syndrome.begin(), syndrome.end(), message.syndrome.begin());
  CHECK(hex_of(qaic::base::bytes_of(message)) ==
        packed("aa55 0100 04030201 00 00 5c00 feffffff 06000000 02000000 05000000 06000000 07000000 08000000"
               "02000000 ffffffff") +
            zeros(56));
}

TEST_CASE("syndromes have the driver's offsets") {
  CHECK(offsetof(ras::Pcie, address) == 48);
  CHECK(offsetof(ras::Pcie, index) == 52);
  CHECK(offsetof(ras::Pcie, flags) == 53);
  CHECK(offsetof(ras::Ddr, data31_0) == 8);
  CHECK(offsetof(ras::Ddr, address_low) == 40);
  CHECK(offsetof(ras::Ddr, address_high) == 44);
  CHECK(offsetof(ras::Ddr, error_type) == 50);
  CHECK(offsetof(ras::SystemBus1, address) == 8);
  CHECK(offsetof(ras::SystemBus1, instance) == 24);
  CHECK(offsetof(ras::SystemBus2, path) == 20);
  CHECK(offsetof(ras::SystemBus2, valid) == 28);
  CHECK(offsetof(ras::SystemBus2, instance) == 35);
  CHECK(offsetof(ras::NspMemory, nsp_id) == 32);
}

TEST_CASE("SSR messages lie as the driver reads them") {
  ssr::DebugTransferInfo info;
  info.header.command = static_cast<std::uint32_t>(ssr::Command::debug_transfer_info);
  info.header.len = sizeof(info);
  info.header.dbc_id = 7;
  info.table_address = 0x1122334455667788;
  info.table_length = 0x80;
  CHECK(hex_of(qaic::base::bytes_of(info)) ==
        packed("01000000 20000000 07000000 00000000 8877665544332211 8000000000000000"));
  ssr::Short event;
  event.header.command = static_cast<std::uint32_t>(ssr::Command::event);
  event.header.len = sizeof(event);
  event.header.dbc_id = 3;
  event.value = static_cast<std::uint32_t>(ssr::Event::after_power_up);
  CHECK(hex_of(qaic::base::bytes_of(event)) == packed("00010000 10000000 03000000 10000000"));
  CHECK(offsetof(ssr::TableEntry, length) == 16);
  CHECK(offsetof(ssr::TableEntry, file_name) == 44);
}
