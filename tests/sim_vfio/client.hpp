// The other end of a vfio-user connection, played by a test: sends messages of
// any shape, lets the connection work, looks at what comes back. And a PCI
// function that remembers what was done to it.
#pragma once

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "os/local_stream.hpp"
#include "os/mapping.hpp"
#include "os/wakeup.hpp"
#include "sim/pci/endpoint.hpp"
#include "sim/vfio/connection.hpp"
#include "wire/vfio_user.hpp"

namespace qaic::sim::vfio::test {

using namespace wire::vfio_user;
using base::BusAddr;
using base::Bytes;
using base::ByteVector;

// BAR 0 of 4 KiB, BAR 2 of 2 MiB, 256 bytes of configuration space; memory.
class PlayedEndpoint : public pci::Endpoint {
 public:
  [[nodiscard]] std::uint64_t region_size(pci::Region region) const override {
    const auto found = regions.find(region);
    return found == regions.end() ? 0 : found->second.size();
  }
  void read(pci::Region region, std::uint64_t offset, base::MutableBytes out) override {
    ++reads;
    std::memcpy(out.data(), regions.at(region).data() + offset, out.size());
  }
  void write(pci::Region region, std::uint64_t offset, Bytes in) override {
    writes.push_back({region, offset, ByteVector(in.begin(), in.end())});
    std::memcpy(regions.at(region).data() + offset, in.data(), in.size());
    if (on_write) on_write();
  }
  void reset() override { ++resets; }
  [[nodiscard]] unsigned interrupt_count(pci::InterruptKind kind) const override {
    if (kind == pci::InterruptKind::error) return 1;
    return kind == pci::InterruptKind::msi || kind == pci::InterruptKind::msix ? 32 : 0;
  }

  struct Write {
    pci::Region region;
    std::uint64_t offset;
    ByteVector bytes;
  };
  std::map<pci::Region, ByteVector> regions{{pci::Region::bar0, ByteVector(4096)},
                                            {pci::Region::bar2, ByteVector(2 << 20)},
                                            {pci::Region::config, ByteVector(256)}};
  std::vector<Write> writes;
  std::function<void()> on_write;
  unsigned reads = 0;
  unsigned resets = 0;
};

struct Reply {
  Header header;
  ByteVector payload;
  [[nodiscard]] int error() const { return static_cast<int>(header.error.get()); }
  template <class T>
  [[nodiscard]] T as() const {
    const auto value = base::read_struct<T>(payload);
    REQUIRE(value);
    return *value;
  }
};

template <class T>
ByteVector packed(const T& value) {
  ByteVector out;
  base::append_struct(out, value);
  return out;
}

inline ByteVector message(std::uint16_t id, Command command, std::uint32_t flags, Bytes payload) {
  ByteVector out;
  base::append_struct(out, Header{id, static_cast<std::uint16_t>(command),
                                  static_cast<std::uint32_t>(sizeof(Header) + payload.size()), flags, 0});
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

// The client and, behind the socket, the connection under test.
class Wire {
 public:
  Wire() {
    auto ends = os::LocalStream::pair();
    REQUIRE(ends);
    client_ = std::move(ends->first);
    connection.emplace(std::move(ends->second), endpoint, memory, interrupts, statistics);
  }

  void send(Bytes bytes, std::vector<int> fds = {}) {
    const auto sent = client_.send(bytes, fds);
    REQUIRE(sent);
    REQUIRE(*sent == bytes.size());
  }
  // Lets the connection work; false once it is over.
  bool work() { return alive_ = connection->advance(1000); }

  [[nodiscard]] std::optional<Reply> receive() {
    std::vector<os::Fd> fds;
    while (true) {
      if (const auto header = base::read_struct<Header>(arrived_);
          header && arrived_.size() >= header->size) {
        Reply out{*header,
                  ByteVector(arrived_.begin() + sizeof(Header), arrived_.begin() + header->size.get())};
        arrived_.erase(arrived_.begin(), arrived_.begin() + header->size.get());
        return out;
      }
      ByteVector piece(65536);
      const auto got = client_.receive(piece, fds);
      if (got.bytes == 0) return std::nullopt;
      arrived_.insert(arrived_.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got.bytes));
    }
  }

  // Sends, works, and gives the one reply.
  Reply ask(Command command, Bytes payload, std::vector<int> fds = {}) {
    const std::uint16_t id = next_id_++;
    send(message(id, command, 0, payload), std::move(fds));
    work();
    auto reply = receive();
    // A long one does not fit into the socket at once.
    for (int i = 0; i < 1000 && !reply && alive_ && connection->must_write(); ++i) {
      work();
      reply = receive();
    }
    REQUIRE(reply);
    CHECK(reply->header.id == id);
    CHECK(reply->header.command == static_cast<std::uint16_t>(command));
    CHECK((reply->header.flags & kFlagTypeMask) == kFlagReply);
    CHECK(((reply->header.flags & kFlagError) != 0) == (reply->header.error != 0));
    if (reply->error() != 0) CHECK(reply->payload.empty());
    return *reply;
  }
  int code(Command command, Bytes payload, std::vector<int> fds = {}) {
    return ask(command, payload, std::move(fds)).error();
  }
  void negotiate() { REQUIRE(code(Command::version, packed(Version{0, 0})) == 0); }

  int map(std::uint64_t address, std::uint64_t size, std::uint32_t flags, int fd = -1,
          std::uint64_t offset = 0) {
    return code(Command::dma_map, packed(DmaMap{32, flags, offset, address, size}),
                fd < 0 ? std::vector<int>{} : std::vector<int>{fd});
  }
  int unmap(std::uint64_t address, std::uint64_t size, std::uint32_t flags = 0) {
    return code(Command::dma_unmap, packed(DmaUnmap{24, flags, address, size}));
  }
  int set_irqs(std::uint32_t flags, std::uint32_t index, std::uint32_t start, std::uint32_t count,
               std::vector<int> fds = {}, Bytes data = {}) {
    ByteVector payload = packed(IrqSet{20, flags, index, start, count});
    payload.insert(payload.end(), data.begin(), data.end());
    return code(Command::set_irqs, payload, std::move(fds));
  }
  void hang_up() { client_ = {}; }

  PlayedEndpoint endpoint;
  GuestMemory memory;
  InterruptLines interrupts;
  Statistics statistics;
  std::optional<Connection> connection;

 private:
  os::LocalStream client_;
  ByteVector arrived_;
  std::uint16_t next_id_ = 1;
  bool alive_ = true;
};

// A file in memory with a recognisable byte at each offset.
inline os::Fd memory(std::size_t size) {
  auto file = os::memory_file("guest", size);
  REQUIRE(file);
  ByteVector bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + (i >> 8));
  REQUIRE(::pwrite(file->get(), bytes.data(), size, 0) == static_cast<ssize_t>(size));
  return std::move(*file);
}
inline std::byte memory_byte(std::size_t i) {
  return static_cast<std::byte>(i * 7 + (i >> 8));
}

}  // namespace qaic::sim::vfio::test
