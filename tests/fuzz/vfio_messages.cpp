// A hostile client: bytes on the socket as they are, messages with a valid
// head, descriptors of several kinds, a file that shrinks. Each message gets at
// most one reply, and afterwards nothing of the client is left.
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "os/local_stream.hpp"
#include "os/mapping.hpp"
#include "sim/vfio/connection.hpp"
#include "tests/fuzz/card_bytes.hpp"

using namespace qaic;
using namespace qaic::sim;
using namespace qaic::tests;
using namespace qaic::wire::vfio_user;

namespace {

class Memory : public pci::Endpoint {
 public:
  [[nodiscard]] std::uint64_t region_size(pci::Region region) const override {
    return region == pci::Region::bar0 || region == pci::Region::config ? bytes_.size() : 0;
  }
  void read(pci::Region, std::uint64_t offset, base::MutableBytes out) override {
    insist(offset <= bytes_.size() && out.size() <= bytes_.size() - offset);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  }
  void write(pci::Region, std::uint64_t offset, base::Bytes in) override {
    insist(offset <= bytes_.size() && in.size() <= bytes_.size() - offset);
    std::copy(in.begin(), in.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  void reset() override {}
  [[nodiscard]] unsigned interrupt_count(pci::InterruptKind kind) const override {
    return kind == pci::InterruptKind::msi ? 32 : 0;
  }

 private:
  base::ByteVector bytes_ = base::ByteVector(4096);
};

struct Client {
  explicit Client(FuzzBytes& bytes) : in(bytes) {
    auto ends = os::LocalStream::pair();
    insist(ends.has_value());
    stream = std::move(ends->first);
    connection.emplace(std::move(ends->second), endpoint, memory, interrupts, statistics);
    auto made = os::memory_file("guest", 16384);
    insist(made.has_value());
    file = std::move(*made);
    event = os::Fd(::eventfd(0, EFD_CLOEXEC));
    send(Command::version, base::bytes_of(Version{0, 0}), {});
  }

  void send(Command command, base::Bytes payload, std::vector<int> fds) {
    base::ByteVector out;
    base::append_struct(out, Header{in.u8(), static_cast<std::uint16_t>(command),
                                    static_cast<std::uint32_t>(sizeof(Header) + payload.size()),
                                    in.u8() % 8 == 0 ? kFlagNoReply : 0, 0});
    const std::size_t start = out.size();
    out.resize(start + payload.size());
    std::copy(payload.begin(), payload.end(), out.begin() + static_cast<std::ptrdiff_t>(start));
    if (stream.send(out, fds)) ++sent;
  }
  std::vector<int> some_fds() {
    std::vector<int> out;
    for (unsigned count = in.u8() % 18; count != 0 && out.size() < 16; --count) {
      out.push_back(in.u8() % 4 == 0 ? file.get() : event.get());
    }
    return out;
  }
  std::uint64_t address() { return std::uint64_t{in.u8() % 16U} * 2048; }
  void step() {
    switch (in.u8() % 12) {
      case 0: {  // anything
        const auto bytes = in.take(in.u8());
        (void)stream.send(bytes, some_fds());
        raw = true;
        break;
      }
      case 1:
        send(static_cast<Command>(in.u8() % 20), in.take(in.u8()), some_fds());
        break;
      case 2:
      case 3:
        send(Command::dma_map,
             base::bytes_of(DmaMap{32, in.u8() % 4U, in.u8() % 4U * 4096U, address(), in.u8() % 8U * 2048U}),
             in.u8() % 4 == 0 ? std::vector<int>{} : std::vector<int>{file.get()});
        break;
      case 4:
        send(Command::dma_unmap, base::bytes_of(DmaUnmap{24, 0, address(), in.u8() % 8U * 2048U}), {});
        break;
      case 5:
        send(Command::set_irqs,
             base::bytes_of(IrqSet{20, in.u8(), in.u8() % 6U, in.u8() % 40U, in.u8() % 40U}), some_fds());
        break;
      case 6:
        send(Command::region_read, base::bytes_of(RegionAccess{in.u16(), in.u8() % 10U, in.u16()}), {});
        break;
      case 7: {
        const auto data = in.take(in.u8() % 16);
        base::ByteVector payload;
        base::append_struct(payload,
                            RegionAccess{in.u16(), in.u8() % 10U, static_cast<std::uint32_t>(data.size())});
        payload.insert(payload.end(), data.begin(), data.end());
        send(Command::region_write, payload, {});
        break;
      }
      case 8:
        insist(::ftruncate(file.get(), in.u8() * 128) == 0);
        return;
      case 9: {
        base::ByteVector bytes(in.u16() % 9000U);
        (void)memory.read(base::BusAddr(address()), bytes);
        (void)memory.write(base::BusAddr(address()), bytes);
        return;
      }
      case 10:
        interrupts.raise(in.u8());
        return;
      default:
        break;
    }
    alive = connection->advance(in.u8());
    collect();
  }
  void collect() {
    std::vector<os::Fd> fds;
    base::ByteVector piece(1 << 16);
    while (true) {
      const auto got = stream.receive(piece, fds);
      if (got.bytes == 0) break;
      replies.insert(replies.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got.bytes));
    }
    while (const auto header = base::read_struct<Header>(replies)) {
      insist(header->size >= sizeof(Header) && header->size <= kMaxMessage);
      insist((header->flags & kFlagTypeMask) == kFlagReply);
      if (replies.size() < header->size) break;
      ++received;
      replies.erase(replies.begin(), replies.begin() + static_cast<std::ptrdiff_t>(header->size.get()));
    }
    if (!raw) insist(received <= sent);
  }

  FuzzBytes& in;
  Memory endpoint;
  vfio::GuestMemory memory;
  vfio::InterruptLines interrupts;
  vfio::Statistics statistics;
  std::optional<vfio::Connection> connection;
  os::LocalStream stream;
  os::Fd file;
  os::Fd event;
  base::ByteVector replies;
  unsigned sent = 0;
  unsigned received = 0;
  bool raw = false;
  bool alive = true;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzBytes in(data, size);
  Client client(in);
  for (int steps = 0; !in.empty() && client.alive && steps < 200; ++steps) client.step();
  const bool established = client.connection->established();
  client.connection.reset();
  if (established) insist(client.memory.ranges() == 0 && client.memory.files() == 0);
  return 0;
}
