// Subsystem restart of one channel, and the dump that may come with it. Source:
// kernel-interface §1.9, §6.2, §6.8.
#include "wire/ssr.hpp"

#include <algorithm>
#include <utility>

#include "base/checked.hpp"
#include "sim/driver/state.hpp"

namespace qaic::sim::driver {

namespace {

using wire::ssr::Command;
using wire::ssr::Event;

// dbcN_state
constexpr unsigned kIdle = 0;
constexpr unsigned kBeforeShutdown = 2;
constexpr unsigned kAfterShutdown = 3;
constexpr unsigned kBeforePowerUp = 4;
constexpr unsigned kAfterPowerUp = 5;

// Memory for one dump; more is a failed allocation. The twin's choice.
constexpr std::uint64_t kLargestDump = 64ull << 20;

// The head of a dump file (kernel-interface §5.4).
struct DumpHeader {
  base::le64 magic;
  base::le64 version;
  base::le64 size;
  base::le64 table_length;
};
static_assert(sizeof(DumpHeader) == 32);
constexpr std::uint64_t kDumpMagic = 0x1234567890ABCDEF;

wire::ssr::Header header(Command command, std::size_t length, std::uint32_t dbc) {
  wire::ssr::Header out;
  out.command = static_cast<std::uint32_t>(command);
  out.len = static_cast<std::uint32_t>(length);
  out.dbc_id = dbc;
  return out;
}

wire::ssr::Short brief(Command command, std::uint32_t dbc, std::uint32_t value) {
  wire::ssr::Short out;
  out.header = header(command, sizeof(out), dbc);
  out.value = value;
  return out;
}

}  // namespace

std::optional<base::ByteVector> Driver::take_dump() {
  return std::exchange(state_->finished_dump, {});
}

void Driver::State::drop_ssr() {
  dump.reset();
  for (Dbc& dbc : dbcs) dbc.in_ssr = false;
}

// The driver resets the SoC when the card breaks the rules, or is broken.
void Driver::State::crash_reset() {
  card.reset();
  take_down(Announce::once);
  announce_environment("DISABLE");
  boot_later();
}

void Driver::State::take_ssr(base::Bytes message) {
  const auto head = base::read_struct<wire::ssr::Header>(message);
  if (!head) return;
  const std::uint32_t dbc = head->dbc_id;
  const auto command = static_cast<Command>(head->command.get());
  if (dump) {
    const bool data = command == Command::memory_read_rsp && !dump->done_sent;
    const bool end = command == Command::debug_transfer_done_rsp && dump->done_sent;
    if (data) return take_dump_data(message, dbc);
    if (end && dbc == dump->dbc) {
      const auto done = base::read_struct<wire::ssr::Short>(message);
      if (done && done->value == 0u) {
        DumpHeader file;
        file.magic = kDumpMagic;
        file.version = 1;
        file.size = sizeof(file) + dump->bytes.size();
        file.table_length = dump->table_length;
        base::ByteVector out;
        base::append_struct(out, file);
        out.insert(out.end(), dump->bytes.begin(), dump->bytes.end());
        finished_dump = std::move(out);
      }
      dump.reset();
      return;
    }
    const auto event = base::read_struct<wire::ssr::Short>(message);
    if (command == Command::event && event &&
        event->value == static_cast<std::uint32_t>(Event::after_power_up)) {
      dump.reset();
      return answer_ssr(brief(Command::event_rsp, dbc, static_cast<std::uint32_t>(Event::nack)));
    }
    dump.reset();
    return crash_reset();
  }
  if (head->len > wire::ssr::kMaxMessage || dbc >= dbcs.size()) return;
  switch (command) {
    case Command::event:
      if (const auto event = base::read_struct<wire::ssr::Short>(message)) take_ssr_event(dbc, event->value);
      return;
    case Command::debug_transfer_info:
      return take_dump_offer(message, dbc);
    case Command::debug_transfer_info_rsp:
    case Command::memory_read:
    case Command::memory_read_rsp:
    case Command::debug_transfer_done:
    case Command::debug_transfer_done_rsp:
    case Command::event_rsp:
      break;  // nothing the driver expects here
  }
}

void Driver::State::take_ssr_event(std::uint32_t id, std::uint32_t event) {
  Dbc& dbc = dbcs[id];
  const auto echo = brief(Command::event_rsp, id, event);
  switch (static_cast<Event>(event)) {
    case Event::before_shutdown:
      dbc.in_ssr = true;
      release_channel(dbc);  // WAIT_BO callers get EPIPE
      set_state(dbc, kBeforeShutdown);
      return answer_ssr(echo);
    case Event::after_shutdown:
      set_state(dbc, kAfterShutdown);
      return answer_ssr(echo);
    case Event::before_power_up:
      set_state(dbc, kBeforePowerUp);
      return answer_ssr(echo);
    case Event::after_power_up:
      dbc.in_ssr = false;
      set_state(dbc, kAfterPowerUp);
      answer_ssr(echo);
      return set_state(dbc, kIdle);
    case Event::nack:
      break;
  }
}

void Driver::State::take_dump_offer(base::Bytes message, std::uint32_t dbc) {
  const auto offer = base::read_struct<wire::ssr::DebugTransferInfo>(message);
  if (!offer) return;
  const std::uint64_t length = offer->table_length;
  const bool good = dbcs[dbc].state == kBeforePowerUp && length != 0 &&
                    length % sizeof(wire::ssr::TableEntry) == 0 && length <= kLargestDump;
  answer_ssr(brief(Command::debug_transfer_info_rsp, dbc, good ? 0 : 1));
  if (!good) return;
  dump = Dump{};
  dump->dbc = dbc;
  dump->table_length = length;
  dump->pieces.push_back({offer->table_address, length});
  read_on();
}

void Driver::State::take_dump_data(base::Bytes message, std::uint32_t dbc) {
  const auto head = base::read_struct<wire::ssr::MemoryReadRsp>(message);
  const auto give_up = [this] {
    dump.reset();
    crash_reset();
  };
  if (!head || dbc != dump->dbc || head->header.len != message.size()) return give_up();
  const auto data = message.subspan(sizeof(*head));
  auto& piece = dump->pieces.back();
  if (data.empty() || data.size() > std::min<std::uint64_t>(piece.left, wire::ssr::kMaxRead))
    return give_up();
  dump->bytes.insert(dump->bytes.end(), data.begin(), data.end());
  piece.address += data.size();
  piece.left -= data.size();
  if (piece.left == 0) dump->pieces.pop_back();
  if (dump->bytes.size() == dump->table_length) {
    std::uint64_t total = dump->table_length;
    for (std::size_t at = 0; at < dump->table_length; at += sizeof(wire::ssr::TableEntry)) {
      const auto entry = base::read_struct<wire::ssr::TableEntry>(dump->bytes, at);
      const auto sum = base::checked_add<std::uint64_t>(total, entry->length);
      if (entry->length == 0u || !sum || *sum > kLargestDump) return give_up();
      total = *sum;
      dump->pieces.insert(dump->pieces.begin(), {entry->base, entry->length});
    }
  }
  read_on();
}

void Driver::State::read_on() {
  if (dump->pieces.empty()) {
    dump->done_sent = true;
    return answer_ssr(brief(Command::debug_transfer_done, dump->dbc, 0));
  }
  const auto& piece = dump->pieces.back();
  wire::ssr::MemoryRead read;
  read.header = header(Command::memory_read, sizeof(read), dump->dbc);
  read.address = piece.address;
  read.length = std::min<std::uint64_t>(piece.left, wire::ssr::kMaxRead);
  answer_ssr(read);
}

}  // namespace qaic::sim::driver
