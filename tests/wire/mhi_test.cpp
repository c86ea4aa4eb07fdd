// Golden bytes: kernel-interface §11, §5.1, §6.3.
#include "wire/mhi.hpp"

#include <doctest/doctest.h>

#include "tests/wire/hex.hpp"
#include "wire/bhi.hpp"
#include "wire/sahara.hpp"
#include "wire/timesync.hpp"

using namespace qaic::wire;
using namespace qaic::tests;
using qaic::base::bytes_of;
using qaic::base::read_struct;

TEST_CASE("events are the words of the worked values") {
  CHECK(hex_of(bytes_of(mhi::state_event(mhi::DeviceState::m0))) ==
        packed("0000000000000000 00000002 00002000"));
  CHECK(hex_of(bytes_of(mhi::exec_env_event(mhi::ExecEnv::sbl))) ==
        packed("0000000000000000 00000001 00004000"));
  CHECK(hex_of(bytes_of(mhi::exec_env_event(mhi::ExecEnv::amss))) ==
        packed("0000000000000000 00000002 00004000"));
  CHECK(hex_of(bytes_of(mhi::command_event(0x1122334455667788, mhi::Completion::success))) ==
        packed("8877665544332211 00000001 00002100"));
  CHECK(hex_of(bytes_of(mhi::transfer_event(11, 0x1122334455667788, mhi::Completion::end_of_transfer, 56))) ==
        packed("8877665544332211 38000002 0000220b"));
}

TEST_CASE("a START_CHAN command and the two elements of a STATUS request read back") {
  const auto command = read_struct<mhi::Element>(bytes_of_hex("0000000000000000 00000000 0000120a"));
  CHECK(mhi::element_type(*command) == static_cast<std::uint8_t>(mhi::Command::start_channel));
  CHECK(mhi::element_channel(*command) == 10);
  const auto chained = read_struct<mhi::Element>(bytes_of_hex("0000000000000000 20000000 01000200"));
  CHECK(mhi::element_type(*chained) == mhi::kTransferType);
  CHECK((chained->word0 & mhi::kTransferLengthMask) == 32);
  CHECK((chained->word1 & mhi::kTransferChain) != 0);
  CHECK((chained->word1 & mhi::kTransferEventAtEnd) == 0);
  const auto last = read_struct<mhi::Element>(bytes_of_hex("0000000000000000 08000000 00020200"));
  CHECK((last->word1 & mhi::kTransferChain) == 0);
  CHECK((last->word1 & mhi::kTransferEventAtEnd) != 0);
}

TEST_CASE("contexts have their 64-bit fields at 12, 20, 28 and 36") {
  const auto context = read_struct<mhi::ChannelContext>(bytes_of_hex(
      "01020000 02000000 03000000 1111111111111111 2222222222222222 3333333333333333 4444444444444444"));
  REQUIRE(context.has_value());
  CHECK((context->config & mhi::kChannelStateMask) == 1);
  CHECK(context->type == 2U);
  CHECK(context->event_ring == 3U);
  CHECK(context->base == 0x1111111111111111U);
  CHECK(context->length == 0x2222222222222222U);
  CHECK(context->read == 0x3333333333333333U);
  CHECK(context->write == 0x4444444444444444U);
  CHECK(offsetof(mhi::EventContext, vector) == 8);
  CHECK(offsetof(mhi::EventContext, read) == mhi::kContextReadOffset);
  CHECK(offsetof(mhi::CommandContext, read) == mhi::kContextReadOffset);
  CHECK(128 * sizeof(mhi::ChannelContext) == 5632);
}

TEST_CASE("BHI's registers are where the driver looks for them") {
  CHECK(static_cast<int>(bhi::Register::image_doorbell) == 0x18);
  CHECK(static_cast<int>(bhi::Register::exec_env) == 0x28);
  CHECK(static_cast<int>(bhi::Register::status) == 0x2C);
  CHECK(static_cast<int>(bhi::Register::serial_number) == 0x40);
  CHECK(static_cast<int>(bhi::Register::key_hash) + 16 * 4 == static_cast<int>(bhi::Register::end));
}

TEST_CASE("Sahara packets have their fields where the table says") {
  const auto read =
      read_struct<sahara::ReadData>(bytes_of_hex("03000000 14000000 0a000000 00001000 00000800"));
  CHECK(read->header.length == sizeof(sahara::ReadData));
  CHECK(read->image == 10U);
  CHECK(read->offset == 0x100000U);
  CHECK(read->size == sahara::kMaxReadData);
  const auto hello = read_struct<sahara::Hello>(
      bytes_of_hex("02000000 30000000 02000000 03000000 04000000 05000000" + zeros(24)));
  CHECK(hello->header.command == static_cast<std::uint32_t>(sahara::Command::hello_response));
  CHECK(hello->version == 2U);
  CHECK(hello->compatible == 3U);
  CHECK(hello->max_length == 4U);
  CHECK(hello->mode == 5U);
  CHECK(offsetof(sahara::DumpEntry, description) == 24);
  CHECK(offsetof(sahara::DumpEntry, file_name) == 44);
}

TEST_CASE("a time message carries seconds and microseconds behind its header") {
  const auto time = read_struct<timesync::Message>(
      bytes_of_hex("aa55 0000 00 01 0000 00f15365 00000000 40e20100 00000000"));
  CHECK(time->header.signature == timesync::kSignature);
  CHECK(time->header.type == static_cast<std::uint8_t>(timesync::Type::time));
  CHECK(time->seconds == 1'700'000'000U);
  CHECK(time->microseconds == 123'456U);
}
