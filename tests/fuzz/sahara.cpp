// A hostile host on Sahara: packets and bytes in any order. Whatever it sends,
// what the card took is an image, what it asks for is within the protocol's
// limits, and it ends or waits.
#include "sim/mhi/sahara.hpp"

#include <algorithm>

#include "sim/mhi/image_file.hpp"
#include "tests/fuzz/card_bytes.hpp"

using namespace qaic::tests;
using qaic::base::Bytes;
using qaic::base::ByteVector;
namespace sahara = qaic::wire::sahara;

namespace {

ByteVector small_packet(sahara::Command command, FuzzBytes& in) {
  const Bytes body = in.take(in.u8() % 64);
  sahara::Header header;
  header.command = static_cast<std::uint32_t>(command);
  header.length = static_cast<std::uint32_t>(sizeof(header) + body.size());
  ByteVector out(sizeof(header) + body.size());
  const auto head = qaic::base::bytes_of(header);
  std::copy(body.begin(), body.end(), std::copy(head.begin(), head.end(), out.begin()));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzBytes in(data, size);
  qaic::sim::mhi::ReceivedImages images;
  std::optional<qaic::sim::mhi::MemoryDump> dump;
  if ((in.u8() & 1) != 0) dump = {{{"a", "a.bin", ByteVector(100)}, {"b", "b.bin", ByteVector(5000)}}};
  qaic::sim::mhi::Sahara side(images, std::move(dump));
  std::uint32_t asked = 0;  // bytes of the last READ_DATA
  const auto look = [&] {
    for (const ByteVector& packet : side.take_outgoing()) {
      insist(!packet.empty() && packet.size() <= sahara::kMaxPacket);
      const auto read = qaic::base::read_struct<sahara::ReadData>(packet);
      if (!read || packet.size() != sizeof(*read) || read->header.command != 3U) continue;
      insist(read->size <= sahara::kMaxReadData && read->size != 0 && read->size != 8);
      asked = read->size;
    }
    (void)side.take_log();
  };
  look();
  while (!in.empty()) {
    const std::uint8_t what = in.u8();
    switch (what & 7) {
      case 0:
        side.receive(in.take(in.u8()));
        break;
      case 1:
      case 2:
        side.receive(small_packet(sahara::Command::hello_response, in));
        break;
      case 3:
        side.receive(small_packet(sahara::Command::done, in));
        break;
      case 4:
        side.receive(small_packet(sahara::Command::reset, in));
        break;
      case 5:
        side.receive(small_packet(sahara::Command::memory_read64, in));
        break;
      case 6: {  // as much as was asked for
        ByteVector answer(asked);
        const Bytes front = in.take(std::min<std::size_t>(in.u8() * 2U, asked));
        std::copy(front.begin(), front.end(), answer.begin());
        side.receive(answer);
        break;
      }
      default:
        side.drop_dump();
        break;
    }
    look();
  }
  for (const char* name : {"fw1.bin", "fw2.bin", "fw5.bin", "fw9.bin", "fw10.bin"}) {
    if (images.holds(name)) insist(qaic::sim::mhi::is_image(*images.image(name)));
  }
  return 0;
}
