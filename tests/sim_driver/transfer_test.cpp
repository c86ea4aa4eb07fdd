// MANAGE's dma_xfer: pages, address pairs, continuation.
#include <doctest/doctest.h>

#include "tests/sim_driver/bench.hpp"

using namespace qaic;
using namespace qaic::sim::driver;
using namespace qaic::sim::driver::test;
using namespace qaic::wire::uapi;
using wire::nnc::DmaSegment;
using wire::nnc::DmaXferToDev;

namespace {

// As with an IOMMU, which makes one piece of any memory.
constexpr std::uint64_t kOnePiece = 0xFFFFF000;
constexpr std::uint64_t kSource = ClientArray::kStart + 0x20000;

DmaXferToDev sent(const CardScript::Message& message, std::size_t offset = 32) {
  return *base::read_struct<DmaXferToDev>(message.bytes, offset);
}
DmaSegment segment(const CardScript::Message& message, std::size_t i, std::size_t offset = 32) {
  return *base::read_struct<DmaSegment>(message.bytes,
                                        offset + sizeof(DmaXferToDev) + i * sizeof(DmaSegment));
}

}  // namespace

TEST_CASE("a transfer lists the caller's memory, which the card reads until its reply") {
  Parameters parameters;
  parameters.user_segment_bytes = kOnePiece;
  auto bench = Bench::opened(parameters);
  bench->client->put(kSource + 5, std::uint32_t{0xFEEDBEEF});
  base::BusAddr listed;
  bench->script.answers.push_back([&](const CardScript::Message& request) {
    const auto xfer = sent(request, 48);
    CHECK(xfer.header.type == 6u);
    CHECK(xfer.header.len == 40u);
    CHECK(xfer.tag == 300u);
    CHECK(xfer.count == 1u);
    CHECK(xfer.dma_chunk_id == 0u);
    const auto pair = segment(request, 0, 48);
    CHECK(pair.addr % 4096 == 5);
    CHECK(pair.size == 10000u);
    listed = base::BusAddr{pair.addr};
    std::array<std::byte, 4> out{};
    CHECK(bench->script.memory->read(listed, out));
    CHECK(out[0] == std::byte{0xEF});
    CHECK_FALSE(bench->script.memory->write(listed, out));
    return Reply(request.sequence()).bytes();
  });
  CHECK(bench->manage(passthrough({16, 0}) + transfer(300, kSource + 5, 10000), 2) == 0);
  CHECK(bench->script.received.at(0).header.count == 2u);
  std::array<std::byte, 4> out{};
  CHECK_FALSE(bench->script.memory->read(listed, out));
  CHECK(bench->driver.mapped_ranges() == 0);
}

TEST_CASE("transfers of nothing, over the end of memory, or of memory that is not there") {
  auto bench = Bench::opened();
  CHECK(bench->manage(transfer(1, kSource, 0), 1) == -EINVAL);
  CHECK(bench->manage(transfer(1, ~0ull - 10, 12), 1) == -EINVAL);
  CHECK(bench->manage(transfer(1, 16, 16), 1) == -EFAULT);
  // The last page of the range counts as much as the first.
  CHECK(bench->manage(transfer(1, kSource, ClientArray::kSize - 0x20000 + 1), 1) == -EFAULT);
  CHECK(bench->manage(transfer(1, ClientArray::kStart - 1, 4097), 1) == -EFAULT);
  CHECK(bench->script.received.empty());
  CHECK(bench->driver.mapped_ranges() == 0);
}

TEST_CASE("a transaction shorter than its struct is read past its end, as the driver does") {
  auto bench = Bench::opened();
  auto message = transfer(7, kSource, 4096);
  const TransactionHeader eight{5, 8};
  std::memcpy(message.data(), &eight, sizeof(eight));
  // tag, pad, addr, size become transactions of their own: unknown types.
  CHECK(bench->manage(message, 1) == -EINVAL);  // leftover bytes
  message.resize(8);
  CHECK(bench->manage(message, 1) == -EINVAL);  // size reads as 0
}

TEST_CASE("memory in pieces is listed in pieces, up to 4028 in a message") {
  auto bench = Bench::opened();
  bench->script.answers.push_back(
      [](const CardScript::Message& request) { return Reply(request.sequence()).bytes(); });
  CHECK(bench->manage(transfer(1, kSource + 100, 8192), 1) == 0);
  const auto& message = bench->script.received.at(0);
  CHECK(sent(message).count == 3u);
  CHECK(segment(message, 0).size == 3996u);
  CHECK(segment(message, 1).size == 4096u);
  CHECK(segment(message, 2).size == 100u);
  CHECK(segment(message, 1).addr == segment(message, 0).addr + 3996);
}

TEST_CASE("what does not fit a message goes on when the card asks") {
  Parameters parameters;
  parameters.user_segment_bytes = kOnePiece;
  parameters.pinned_pages = 2;
  auto bench = Bench::opened(parameters);
  const auto ask = [&](std::uint64_t transferred) {
    return [transferred](const CardScript::Message& request) {
      CHECK(request.header.count == 1u);
      CHECK(sent(request).tag == 9u);
      CHECK(sent(request).dma_chunk_id == 1u);
      return Reply(request.sequence()).continuation(1, transferred).bytes();
    };
  };
  bench->script.answers = {ask(8192 - 4), ask(16384 - 4), [](const CardScript::Message& r) {
                             return Reply(r.sequence()).passthrough({}).bytes();
                           }};
  CHECK(bench->manage(transfer(9, kSource + 4, 20000), 1) == 0);
  REQUIRE(bench->script.received.size() == 3);
  CHECK(segment(bench->script.received[0], 0).size == 8188u);
  CHECK(segment(bench->script.received[1], 0).size == 8192u);
  CHECK(segment(bench->script.received[2], 0).size == 20000u - 16380);
  CHECK(bench->script.received[2].sequence() == bench->script.received[0].sequence() + 2);
  CHECK(bench->message.len == 8);
  CHECK(bench->driver.mapped_ranges() == 0);
}

TEST_CASE("a continuation that does not match is EINVAL and ends the transfer") {
  for (const auto& [chunk, transferred] : {std::pair{2u, 8192u}, std::pair{1u, 8191u}}) {
    Parameters parameters;
    parameters.pinned_pages = 2;
    auto bench = Bench::opened(parameters);
    bench->script.answers.push_back([chunk = chunk, transferred = transferred](const CardScript::Message& r) {
      return Reply(r.sequence()).continuation(chunk, transferred).bytes();
    });
    CHECK(bench->manage(transfer(9, kSource, 20000), 1) == -EINVAL);
    CHECK(bench->script.received.size() == 1);
    CHECK(bench->driver.mapped_ranges() == 0);
  }
}

TEST_CASE("a continuation with nothing left to send is answered with an abort") {
  Parameters parameters;
  parameters.pinned_pages = 2;
  auto bench = Bench::opened(parameters);
  bench->script.answers = {
      [](const CardScript::Message& r) { return Reply(r.sequence()).continuation(1, 8192).bytes(); },
      [](const CardScript::Message& r) { return Reply(r.sequence()).continuation(1, 10000).bytes(); },
      [](const CardScript::Message& r) {
        CHECK(sent(r).count == 0u);
        CHECK(sent(r).tag == 0u);
        CHECK(sent(r).header.len == 24u);
        CHECK(sent(r).dma_chunk_id == 1u);
        return Reply(r.sequence()).bytes();
      }};
  CHECK(bench->manage(transfer(9, kSource, 10000), 1) == 0);
  CHECK(bench->script.received.size() == 3);
}

TEST_CASE("a message that fails after a long transfer was begun aborts it") {
  Parameters parameters;
  parameters.pinned_pages = 1;
  auto bench = Bench::opened(parameters);
  bench->script.answers = {[](const CardScript::Message& r) {
    CHECK(sent(r).count == 0u);
    CHECK(sent(r).dma_chunk_id == 1u);
    return Reply(r.sequence()).bytes();
  }};
  CHECK(bench->manage(transfer(9, kSource, 8192) + passthrough({1}), 2) == 0);
  CHECK(bench->script.received.size() == 1);
  CHECK(bench->driver.mapped_ranges() == 0);
}

TEST_CASE("a wire message beyond 64 KiB is ENOSPC, without room for one pair ENOMEM") {
  auto bench = Bench::opened();
  // 4000 passthrough bytes, then 24 + 16 n of a transfer; n is limited so that
  // 1 KiB stays free, which the next transactions use up.
  const auto big = [](std::size_t words) {
    base::ByteVector out;
    append(out, TransactionHeader{1, static_cast<std::uint32_t>(8 + 8 * words)});
    out.resize(8 + 8 * words);
    return out;
  };
  struct Endless : ClientMemory {
    std::shared_ptr<ClientArray> array;
    bool read(std::uint64_t address, base::MutableBytes out) override {
      if (address < 1ull << 40) return array->read(address, out);
      return true;
    }
    bool write(std::uint64_t address, base::Bytes in) override { return array->write(address, in); }
    bool readable(std::uint64_t, std::uint64_t) override { return true; }
  };
  auto endless = std::make_shared<Endless>();
  endless->array = bench->client;
  const auto verdict = [&](const base::ByteVector& transactions, std::uint32_t count) {
    std::memcpy(bench->client->at(Bench::kData), transactions.data(), transactions.size());
    bench->client->put(Bench::kArgument,
                       ManageMessage{static_cast<std::uint32_t>(transactions.size()), count, Bench::kData});
    return bench->driver.ioctl(bench->file, kIoctlManage, Bench::kArgument, endless, CallId{5000}, [](int) {})
        .value_or(Bench::kSleeps);
  };
  // 4028 pairs alone: exactly the most, so chunk id 0 and no continuation.
  CHECK(verdict(transfer(1, 1ull << 40, 4028ull * 4096), 1) == Bench::kSleeps);
  CHECK(sent(bench->script.received.back()).count == 4028u);
  CHECK(sent(bench->script.received.back()).dma_chunk_id == 0u);
  CHECK(bench->script.received.back().header.len == 32u + 64472u);
  bench->driver.interrupt(CallId{5000});
  // What is left, 1032 bytes, holds 1032 of passthrough but not 1040.
  const auto full = transfer(1, 1ull << 40, 4028ull * 4096);
  CHECK(verdict(full + big(128), 2) == Bench::kSleeps);
  bench->driver.interrupt(CallId{5000});
  CHECK(verdict(full + big(129), 2) == -ENOSPC);
  // A second transfer finds room for its head but for no pair.
  CHECK(verdict(full + transfer(2, 1ull << 40, 4029ull * 4096), 2) == -ENOMEM);
  // Or not even that: which of the two is short is looked at before all else.
  CHECK(verdict(full + big(125) + transfer(2, 1ull << 40, 4096), 3) == -ENOMEM);
}
