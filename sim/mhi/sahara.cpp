#include "sim/mhi/sahara.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "sim/mhi/image_file.hpp"

namespace qaic::sim::mhi {

using wire::sahara::Command;
using wire::sahara::Mode;
using wire::sahara::Status;

namespace {

// Numbers and names: kernel-interface §5.3. That the card runs without the
// last three is inferred (no program could tell that they are absent).
struct Image {
  std::uint32_t id;
  std::string_view name;
  bool needed;
};
constexpr std::array<Image, 5> kImages{{{1, "fw1.bin", true},
                                        {2, "fw2.bin", true},
                                        {5, "fw5.bin", false},
                                        {9, "fw9.bin", false},
                                        {10, "fw10.bin", false}}};

// Where the dump lies in the card's address space; ours.
constexpr std::uint64_t kDumpBase = 0x1000;
constexpr std::uint64_t kDumpAlignment = 0x1000;

std::optional<Command> command_of(base::Bytes packet) {
  const auto header = base::read_struct<wire::sahara::Header>(packet);
  if (!header || header->length != packet.size()) return std::nullopt;
  return static_cast<Command>(header->command.get());
}

}  // namespace

Sahara::Sahara(ReceivedImages& images, std::optional<MemoryDump> dump)
    : images_(images), dump_(std::move(dump)) {
  if (dump_) {
    phase_ = Phase::dump_hello;
    hello(Mode::memory_debug);
  } else {
    begin_image();
  }
}

template <class Packet>
void Sahara::send(Command command, Packet packet) {
  packet.header.command = static_cast<std::uint32_t>(command);
  packet.header.length = sizeof(Packet);
  base::ByteVector bytes;
  base::append_struct(bytes, packet);
  outgoing_.push_back(std::move(bytes));
}

void Sahara::hello(Mode mode) {
  wire::sahara::Hello packet;
  packet.version = wire::sahara::kVersion;
  packet.compatible = wire::sahara::kCompatible;
  packet.max_length = wire::sahara::kMaxPacket;
  packet.mode = static_cast<std::uint32_t>(mode);
  send(Command::hello, packet);
}

void Sahara::receive(base::Bytes transfer) {
  const auto command = command_of(transfer);
  // Raw bytes that look like a RESET: never asked for so that it could be
  // (see ask_more()).
  if (command == Command::reset && transfer.size() == sizeof(wire::sahara::Header)) {
    host_reset();
    return;
  }
  switch (phase_) {
    case Phase::hello:
      if (command != Command::hello_response) return;
      phase_ = Phase::header;
      ask(0, kImageHeaderBytes);
      return;
    case Phase::header:
    case Phase::table:
    case Phase::body:
      take_data(transfer);
      return;
    case Phase::end: {
      if (command != Command::done) return;
      wire::sahara::StatusPacket answer;
      const bool last = image_ + 1 == kImages.size();
      answer.status = static_cast<std::uint32_t>(last ? Mode::image_complete : Mode::image_pending);
      send(Command::done_response, answer);
      next_image();
      return;
    }
    case Phase::dump_hello:
      if (command == Command::hello_response) offer_dump();
      return;
    case Phase::dump:
      if (command == Command::memory_read64) read_dump(transfer);
      return;
    case Phase::complete:
    case Phase::failed:
      return;
  }
}

// ---- images ----

void Sahara::begin_image() {
  phase_ = Phase::hello;
  front_.clear();
  file_.clear();
  hello(Mode::image_pending);
}

void Sahara::ask(std::uint64_t offset, std::uint64_t size) {
  received_.clear();
  expected_ = size;
  wire::sahara::ReadData packet;
  packet.image = kImages[image_].id;
  packet.offset = static_cast<std::uint32_t>(offset);
  packet.size = static_cast<std::uint32_t>(size);
  send(Command::read_data, packet);
}

void Sahara::ask_more() {
  const std::uint64_t left = extent_ - file_.size();
  std::uint64_t size = std::min<std::uint64_t>(left, wire::sahara::kMaxReadData);
  // Eight bytes of an image could be mistaken for the host's RESET.
  if (left - size == sizeof(wire::sahara::Header)) size -= sizeof(wire::sahara::Header);
  ask(file_.size(), size);
}

void Sahara::take_data(base::Bytes bytes) {
  if (bytes.size() > expected_ - received_.size()) {
    give_up("the host sent more than was asked for", Status::invalid_data_size);
    return;
  }
  received_.insert(received_.end(), bytes.begin(), bytes.end());
  if (received_.size() == expected_) have_all();
}

void Sahara::have_all() {
  if (phase_ == Phase::header) {
    front_ = std::move(received_);
    const auto header = image_header(front_);
    if (!header) {
      give_up("no ELF file", Status::invalid_header_size);
      return;
    }
    phase_ = Phase::table;
    ask(header->table_offset, header->table_size);
    return;
  }
  if (phase_ == Phase::table) {
    const auto header = image_header(front_);
    const auto extent = header ? image_extent(*header, received_) : std::nullopt;
    if (!extent) {
      give_up("its segments make no image", Status::invalid_header_size);
      return;
    }
    phase_ = Phase::body;
    extent_ = *extent;
    ask_more();
    return;
  }
  file_.insert(file_.end(), received_.begin(), received_.end());
  if (file_.size() < extent_) {
    ask_more();
    return;
  }
  // What was judged must be what was loaded: the host answered twice.
  const bool same = is_image(file_);
  if (!same) {
    give_up("it changed while it was read", Status::invalid_header_size);
    return;
  }
  const std::string name(kImages[image_].name);
  log_.push_back(name + ": " + std::to_string(file_.size()) + " bytes");
  images_.put(name, std::move(file_));
  end_image(Status::success);
  phase_ = Phase::end;
}

void Sahara::end_image(Status status) {
  wire::sahara::EndOfImage packet;
  packet.image = kImages[image_].id;
  packet.status = static_cast<std::uint32_t>(status);
  send(Command::end_of_image, packet);
}

// The host lets go of the image at a status that is no success, and says
// nothing to it.
void Sahara::give_up(const std::string& why, Status status) {
  const Image& image = kImages[image_];
  log_.push_back(std::string(image.name) + ": " + why +
                 (image.needed ? "; cannot boot" : "; going on without"));
  end_image(status);
  if (image.needed) {
    phase_ = Phase::failed;
  } else {
    next_image();
  }
}

void Sahara::next_image() {
  if (++image_ == kImages.size()) {
    phase_ = Phase::complete;
  } else {
    begin_image();
  }
}

// The host does so when it has no such image or no such part of it, after a
// dump, or when it lost track.
void Sahara::host_reset() {
  if (phase_ == Phase::complete || phase_ == Phase::failed) return;
  send(Command::reset_response, wire::sahara::StatusPacket{});
  if (phase_ == Phase::dump_hello || phase_ == Phase::dump) {
    drop_dump();
    return;
  }
  give_up("the host does not have it, or not all of it", Status::invalid_data_size);
}

// ---- the dump of a crash ----

void Sahara::place_dump() {
  base::ByteVector table;
  std::uint64_t at = kDumpBase + kDumpAlignment;
  memory_.assign(1, {});
  for (MemoryDump::Region& region : dump_->regions) {
    wire::sahara::DumpEntry entry;
    entry.address = at;
    entry.size = region.bytes.size();
    // The host ends both texts itself; the last byte stays for that.
    base::set_fixed_text(entry.description, std::string_view(region.description).substr(0, 19));
    base::set_fixed_text(entry.file_name, std::string_view(region.file_name).substr(0, 19));
    base::append_struct(table, entry);
    const std::uint64_t size = (region.bytes.size() + kDumpAlignment - 1) / kDumpAlignment * kDumpAlignment;
    memory_.emplace_back(at, std::move(region.bytes));
    at += size;
  }
  memory_.front() = {kDumpBase, std::move(table)};
}

void Sahara::offer_dump() {
  place_dump();
  phase_ = Phase::dump;
  wire::sahara::MemoryRange packet;
  packet.address = memory_.front().first;
  packet.size = memory_.front().second.size();
  send(Command::memory_debug64, packet);
}

void Sahara::read_dump(base::Bytes packet) {
  const auto range = base::read_struct<wire::sahara::MemoryRange>(packet);
  if (range && packet.size() == sizeof(*range) && range->size != 0 &&
      range->size <= wire::sahara::kMaxPacket) {
    for (const auto& [start, bytes] : memory_) {
      if (range->address < start) continue;
      const auto part = base::slice(bytes, range->address - start, range->size);
      if (!part) continue;
      outgoing_.emplace_back(part->begin(), part->end());
      return;
    }
  }
  // Sixteen bytes in place of data mean "no" (§5.4).
  end_image(Status::invalid_data_size);
}

void Sahara::drop_dump() {
  if (!dump_) return;
  log_.emplace_back(phase_ == Phase::dump ? "memory dump: ended by the host" : "memory dump: not wanted");
  dump_.reset();
  memory_.clear();
  begin_image();
}

}  // namespace qaic::sim::mhi
