#include "sim/device/restart.hpp"

#include <utility>

namespace qaic::sim::device {

namespace ssr = wire::ssr;
using ssr::Command;
using ssr::Event;

namespace {

constexpr std::uint64_t kRegionUnit = 4096;

std::uint64_t whole_units(std::uint64_t size) {
  return (size + kRegionUnit - 1) & ~(kRegionUnit - 1);
}

// What "save preference" means is not known; 1 as a guess at "wanted".
constexpr std::uint64_t kSave = 1;

// Regions follow the table, each from a page of its own.
base::ByteVector table_of(const Dump& dump) {
  base::ByteVector table;
  std::uint64_t address = Restart::kTableAddress + whole_units(dump.regions.size() * sizeof(ssr::TableEntry));
  for (const Dump::Region& region : dump.regions) {
    ssr::TableEntry entry;
    entry.save_preference = kSave;
    entry.base = address;
    entry.length = region.bytes.size();
    base::set_fixed_text(entry.description, region.description.substr(0, entry.description.size() - 1));
    base::set_fixed_text(entry.file_name, region.file_name.substr(0, entry.file_name.size() - 1));
    base::append_struct(table, entry);
    address += whole_units(region.bytes.size());
  }
  return table;
}

}  // namespace

template <class T>
void Restart::send(Command command, T message, base::Bytes data) {
  message.header.command = static_cast<std::uint32_t>(command);
  message.header.len = static_cast<std::uint32_t>(sizeof(T) + data.size());
  message.header.dbc_id = works_.front().dbc;
  base::ByteVector bytes;
  bytes.reserve(sizeof(T) + data.size());
  base::append_struct(bytes, message);
  bytes.insert(bytes.end(), data.begin(), data.end());
  outgoing_.push_back(std::move(bytes));
}

void Restart::begin(unsigned dbc, Dump dump, std::chrono::nanoseconds now) {
  base::ByteVector table = table_of(dump);
  works_.push_back({dbc, std::move(dump), std::move(table)});
  if (works_.size() == 1) start(now);
}

void Restart::start(std::chrono::nanoseconds now) {
  send_event(Step::before_shutdown, now);
}

void Restart::send_event(Step step, std::chrono::nanoseconds now) {
  const auto event = [step] {
    switch (step) {
      case Step::before_shutdown:
        return Event::before_shutdown;
      case Step::after_shutdown:
        return Event::after_shutdown;
      case Step::before_power_up:
        return Event::before_power_up;
      case Step::dump_offered:
      case Step::dumping:
      case Step::after_power_up:
        break;
    }
    return Event::after_power_up;
  };
  step_ = step;
  deadline_ = now + kPatience;
  ssr::Short message;
  message.value = static_cast<std::uint32_t>(event());
  send(Command::event, message);
}

void Restart::offer_dump(std::chrono::nanoseconds now) {
  if (works_.front().table.empty()) return send_event(Step::after_power_up, now);
  step_ = Step::dump_offered;
  deadline_ = now + kPatience;
  ssr::DebugTransferInfo info;
  info.table_address = kTableAddress;
  info.table_length = works_.front().table.size();
  send(Command::debug_transfer_info, info);
}

void Restart::receive(base::Bytes message, std::chrono::nanoseconds now) {
  const auto header = base::read_struct<ssr::Header>(message);
  const auto unexpected = [&](const std::string& what) {
    journal_.add("subsystem restart: the host sent " + what);
  };
  if (!header || header->len != message.size()) return unexpected("a malformed message");
  if (works_.empty() || header->dbc_id != works_.front().dbc) {
    return unexpected("a message for channel " + std::to_string(header->dbc_id) +
                      ", which is not restarting");
  }
  const auto is = [&](Command command, std::size_t size) {
    return header->command == static_cast<std::uint32_t>(command) && message.size() == size;
  };
  if (is(Command::event_rsp, sizeof(ssr::Short))) {
    return answer_event(base::read_struct<ssr::Short>(message)->value, now);
  }
  if (is(Command::debug_transfer_info_rsp, sizeof(ssr::Short)) && step_ == Step::dump_offered) {
    if (base::read_struct<ssr::Short>(message)->value != 0) return send_event(Step::after_power_up, now);
    step_ = Step::dumping;
    deadline_ = now + kPatience;
    return;
  }
  if (is(Command::memory_read, sizeof(ssr::MemoryRead)) && step_ == Step::dumping) {
    return answer_read(*base::read_struct<ssr::MemoryRead>(message), now);
  }
  if (is(Command::debug_transfer_done, sizeof(ssr::Short)) && step_ == Step::dumping) {
    send(Command::debug_transfer_done_rsp, ssr::Short());
    return send_event(Step::after_power_up, now);
  }
  unexpected("command " + std::to_string(header->command) + " of " + std::to_string(message.size()) +
             " bytes out of turn");
}

// The host echoes the event. Anything else, a NACK above all, means that it
// could not follow (its dump was still under way): the card goes on, as it has
// nothing to wait for.
void Restart::answer_event(std::uint32_t event, std::chrono::nanoseconds now) {
  const auto matches = [event](Event wanted) {
    return event == static_cast<std::uint32_t>(wanted) || event == static_cast<std::uint32_t>(Event::nack);
  };
  switch (step_) {
    case Step::before_shutdown:
      if (matches(Event::before_shutdown)) return send_event(Step::after_shutdown, now);
      break;
    case Step::after_shutdown:
      if (matches(Event::after_shutdown)) return send_event(Step::before_power_up, now);
      break;
    case Step::before_power_up:
      if (matches(Event::before_power_up)) return offer_dump(now);
      break;
    case Step::after_power_up:
      if (event == static_cast<std::uint32_t>(Event::after_power_up)) return finish(now);
      // Refused once means that the host's dump is dropped now and its state
      // unchanged, so it has to hear of the power-up again.
      if (event == static_cast<std::uint32_t>(Event::nack)) return send_event(Step::after_power_up, now);
      break;
    case Step::dump_offered:
    case Step::dumping:
      break;
  }
  journal_.add("subsystem restart: the host answered with event " + std::to_string(event) + " out of turn");
}

std::optional<base::Bytes> Restart::memory(std::uint64_t address, std::uint64_t length) const {
  const Work& work = works_.front();
  const auto part = [&](std::uint64_t at, const base::ByteVector& bytes) -> std::optional<base::Bytes> {
    return address < at ? std::nullopt : base::slice(bytes, address - at, length);
  };
  if (const auto found = part(kTableAddress, work.table)) return found;
  std::uint64_t at = kTableAddress + whole_units(work.table.size());
  for (const Dump::Region& region : work.dump.regions) {
    if (const auto found = part(at, region.bytes)) return found;
    at += whole_units(region.bytes.size());
  }
  return std::nullopt;
}

// What is not there is answered without data, which the host takes for the
// slip that it is.
void Restart::answer_read(const ssr::MemoryRead& read, std::chrono::nanoseconds now) {
  deadline_ = now + kPatience;
  base::Bytes data;
  if (read.length <= ssr::kMaxRead) data = memory(read.address, read.length).value_or(base::Bytes());
  if (data.empty()) journal_.add("subsystem restart: the host asked for memory that is not in the dump");
  send(Command::memory_read_rsp, ssr::MemoryReadRsp(), data);
}

void Restart::finish(std::chrono::nanoseconds now) {
  finished_.push_back(works_.front().dbc);
  works_.pop_front();
  if (!works_.empty()) start(now);
}

void Restart::close() {
  open_ = false;
  outgoing_.clear();
  for (const Work& work : works_) finished_.push_back(work.dbc);
  works_.clear();
}

void Restart::tick(std::chrono::nanoseconds now) {
  if (works_.empty() || now < deadline_) return;
  journal_.add("subsystem restart of channel " + std::to_string(works_.front().dbc) +
               ": the host does not answer, the card goes on without it");
  finish(now);
}

std::optional<std::chrono::nanoseconds> Restart::next_deadline() const {
  return works_.empty() ? std::nullopt : std::optional(deadline_);
}

std::vector<base::ByteVector> Restart::take_outgoing() {
  return std::exchange(outgoing_, {});
}

std::vector<unsigned> Restart::take_finished() {
  return std::exchange(finished_, {});
}

}  // namespace qaic::sim::device
