#include "lib/program/plan.hpp"

#include <doctest/doctest.h>

#include "tests/lib_program/samples.hpp"
#include "wire/qpc.hpp"

namespace {

using namespace qaic;
using namespace qaic::samples;
using wire::qpc::PreOrPost;
using wire::uapi::Direction;
using wire::uapi::SemaphoreCommand;

// How the driver makes a queue element's word of a slot (runtime-protocols
// §2.5), so that the numbers of §2.6 can be compared.
std::uint32_t word(const wire::uapi::Semaphore& s) {
  return (s.val & 0xFFFU) | std::uint32_t{s.index} << 16 | std::uint32_t{s.presync} << 22 |
         std::uint32_t{s.cmd} << 24 | std::uint32_t{s.flags} << 29 | (s.cmd != 0 ? 1U << 31 : 0U);
}

constexpr std::uint64_t kDdr = 0x200000000, kDynamic = 0x280000000, kMulticast = 0x4000000000;

program::Plan plan_of(const program::Metadata& m, const program::Descriptor& d = descriptor()) {
  auto plan = program::plan_submission(m, d);
  REQUIRE(plan);
  return *plan;
}

wire::uapi::AttachSliceEntry resolved(const program::PlannedSlice& slice) {
  return program::resolve(slice, {kDdr, kDynamic, kMulticast});
}

}  // namespace

TEST_CASE("the worked example becomes the slices and semaphore words that are written down") {
  const auto plan = plan_of(metadata());
  REQUIRE(plan.bos.size() == 2);
  CHECK(plan.wait_for == 1);
  CHECK(plan.bos[0].buffer == 0);
  CHECK(plan.bos[0].size == 128);
  CHECK(plan.bos[0].direction == Direction::to_device);
  REQUIRE(plan.bos[0].slices.size() == 1);
  const auto in = resolved(plan.bos[0].slices[0]);
  CHECK(in.size == 128);
  CHECK(in.offset == 0);
  CHECK(in.dev_addr == kMulticast + 0x800000);
  CHECK(in.db_addr == kMulticast);
  CHECK(in.db_data == 1);
  CHECK(in.db_len == 32);
  CHECK(word(in.sem[0]) == 0x84400001);
  CHECK(word(in.sem[1]) == 0x81000000);
  CHECK(word(in.sem[2]) == 0);
  CHECK(word(in.sem[3]) == 0);

  CHECK(plan.bos[1].direction == Direction::from_device);
  REQUIRE(plan.bos[1].slices.size() == 1);
  const auto out = resolved(plan.bos[1].slices[0]);
  CHECK(out.dev_addr == kDdr + 64);
  CHECK(out.db_addr == kMulticast + 4);
  CHECK(word(out.sem[0]) == 0x84410000);
  CHECK(word(out.sem[1]) == 0x81010001);
}

TEST_CASE("fences get the kernel's bits: out 1, in 2") {
  auto m = metadata();
  m.requests[0].semaphores[0].in_sync_fence = true;
  m.requests[0].semaphores[1].out_sync_fence = true;
  m.requests[1].semaphores[0].in_sync_fence = m.requests[1].semaphores[0].out_sync_fence = true;
  const auto plan = plan_of(m);
  CHECK(plan.bos[0].slices[0].semaphores[0].flags == 2);
  CHECK(plan.bos[0].slices[0].semaphores[1].flags == 1);
  CHECK(plan.bos[1].slices[0].semaphores[0].flags == 3);
}

TEST_CASE("every address space has its own base") {
  auto m = metadata();
  m.requests[0].space = wire::qpc::AddressSpace::ddr_dynamic_shared;
  m.requests[0].dev_offset = 8;
  CHECK(resolved(plan_of(m).bos[0].slices[0]).dev_addr == kDynamic + 8);
  m.requests[0].space = wire::qpc::AddressSpace::multicast;
  m.requests[0].mcid = 3;
  CHECK(resolved(plan_of(m).bos[0].slices[0]).dev_addr == kMulticast + 3 * 0x800000 + 8);
}

TEST_CASE("doorbells of all widths keep theirs") {
  auto m = metadata();
  m.requests[0].doorbells[0].size = wire::qpc::DoorbellSize::bits8;
  m.requests[1].doorbells[0].size = wire::qpc::DoorbellSize::bits16;
  const auto plan = plan_of(m);
  CHECK(resolved(plan.bos[0].slices[0]).db_len == 8);
  CHECK(resolved(plan.bos[1].slices[0]).db_len == 16);
}

TEST_CASE("consecutive requests of one buffer make one buffer object") {
  auto m = metadata();
  m.requests[0].size = 64;
  m.requests.insert(m.requests.begin() + 1, m.requests[0]);
  m.requests[1].host_offset = 64;
  m.requests[1].dev_offset = 64;
  const auto plan = plan_of(m);
  REQUIRE(plan.bos.size() == 2);
  REQUIRE(plan.bos[0].slices.size() == 2);
  CHECK(plan.bos[0].size == 128);
  CHECK(plan.bos[0].slices[1].offset == 64);
  CHECK(plan.bos[0].slices[1].request == 1);
  const auto pieces = program::tensor_pieces(plan, program::list_tensors(descriptor())[0]);
  REQUIRE(pieces.size() == 1);  // neighbours are one piece
  CHECK(pieces[0].bo == 0);
  CHECK(pieces[0].size == 128);
}

TEST_CASE("a buffer that the metadata comes back to is a further buffer object") {
  auto m = metadata();
  m.requests[0].size = 64;
  auto rest = m.requests[0];
  rest.host_offset = 64;
  m.requests.push_back(rest);
  const auto plan = plan_of(m);
  REQUIRE(plan.bos.size() == 3);
  CHECK(plan.bos[2].buffer == 0);
  CHECK(plan.bos[2].size == 128);
  CHECK(plan.wait_for == 1);  // the last one from the device, not the last one
  const auto pieces = program::tensor_pieces(plan, program::list_tensors(descriptor())[0]);
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0].bo == 0);
  CHECK(pieces[0].tensor_offset == 0);
  CHECK(pieces[1].bo == 2);
  CHECK(pieces[1].bo_offset == 64);
  CHECK(pieces[1].tensor_offset == 64);
  CHECK(pieces[1].size == 64);
}

TEST_CASE("tensors that share a buffer get their own pieces") {
  const auto plan = plan_of(metadata());
  program::Tensor tensor;
  tensor.byte_size = 112;  // as its user has it, which is not what is moved
  tensor.moved_size = 28;
  tensor.place = program::Tensor::Place{0, 100};
  const auto pieces = program::tensor_pieces(plan, tensor);
  REQUIRE(pieces.size() == 1);
  CHECK(pieces[0].bo_offset == 100);
  CHECK(pieces[0].tensor_offset == 0);
  CHECK(pieces[0].size == 28);
  tensor.place.reset();
  CHECK(program::tensor_pieces(plan, tensor).empty());
}

TEST_CASE("a request without data gets a buffer object of its own, of a page") {
  auto m = metadata();
  auto& request = m.requests[0];
  request.size = 0;
  request.buffer = wire::qpc::kNoBuffer;
  const auto plan = plan_of(m);
  REQUIRE(plan.bos.size() == 2);
  CHECK(plan.bos[0].buffer == wire::qpc::kNoBuffer);
  CHECK(plan.bos[0].size == 4096);
  REQUIRE(plan.bos[0].slices.size() == 1);
  const auto slice = resolved(plan.bos[0].slices[0]);
  CHECK(slice.size == 0);
  CHECK(slice.offset == 0);
  CHECK(slice.dev_addr == 0);
  CHECK(word(slice.sem[0]) == 0x84400001);
  CHECK(slice.db_len == 32);

  // Even between two requests of the same buffer.
  m = metadata();
  m.requests.insert(m.requests.begin() + 1, 2, m.requests[0]);
  m.requests[1].size = 0;
  CHECK(plan_of(m).bos.size() == 4);
}

TEST_CASE("further doorbells ring in slices of their own, after the transfer") {
  auto m = metadata();
  m.requests[0].doorbells = {{0, 1, 0, wire::qpc::DoorbellSize::bits32},
                             {8, 2, 0, wire::qpc::DoorbellSize::bits32},
                             {12, 3, 0, wire::qpc::DoorbellSize::bits16}};
  const auto plan = plan_of(m);
  REQUIRE(plan.bos[0].slices.size() == 3);
  const auto second = resolved(plan.bos[0].slices[1]);
  CHECK(second.size == 0);
  CHECK(second.dev_addr == 0);
  CHECK(second.db_addr == kMulticast + 8);
  CHECK(second.db_data == 2);
  CHECK(word(second.sem[0]) == 0x40000000);  // a fence on a NOP: inbound
  const auto third = resolved(plan.bos[0].slices[2]);
  CHECK(third.db_addr == kMulticast + 12);
  CHECK(third.db_len == 16);
  m.requests[1].doorbells.push_back({8, 1, 0, wire::qpc::DoorbellSize::bits32});
  CHECK(word(resolved(plan_of(m).bos[1].slices[1]).sem[0]) == 0x20000000);  // outbound
}

TEST_CASE("further semaphore operations go into slices of their own, before the doorbell") {
  auto m = metadata();
  for (std::uint16_t i = 0; i < 4; ++i) {
    m.requests[0].semaphores.push_back({SemaphoreCommand::inc, 1, i, PreOrPost::post, false, false});
  }
  const auto plan = plan_of(m);
  REQUIRE(plan.bos[0].slices.size() == 2);
  CHECK(!plan.bos[0].slices[0].doorbell);
  CHECK(plan.bos[0].slices[1].doorbell);
  const auto first = resolved(plan.bos[0].slices[0]);
  const auto second = resolved(plan.bos[0].slices[1]);
  CHECK(word(first.sem[0]) == 0x84400001);
  CHECK(word(first.sem[3]) == 0x82010001);
  CHECK(second.size == 0);
  CHECK(word(second.sem[0]) == (0x82010002 | 0x40000000));
  CHECK(word(second.sem[1]) == 0x82010003);
  CHECK(word(second.sem[2]) == 0);
}

TEST_CASE("the presync stays with the transfer, wherever it stands among the operations") {
  auto m = metadata();
  for (int i = 0; i < 4; ++i) {
    m.requests[0].semaphores.insert(m.requests[0].semaphores.begin(),
                                    {SemaphoreCommand::inc, 1, 0, PreOrPost::post, false, false});
  }
  const auto plan = plan_of(m);
  CHECK(plan.bos[0].slices[0].semaphores[0].presync);
  CHECK(!plan.bos[0].slices[1].semaphores[0].presync);
}

TEST_CASE("two presyncs in one request are refused, a NOP is none") {
  auto m = metadata();
  m.requests[0].semaphores[1].when = PreOrPost::pre;
  const auto plan = program::plan_submission(m, descriptor());
  REQUIRE(!plan);
  CHECK(plan.error().id == "qpc-presync");
  CHECK(plan.error().kind == base::ErrorKind::unsupported);
  m.requests[0].semaphores[1].command = SemaphoreCommand::nop;
  CHECK(!plan_of(m).bos[0].slices[0].semaphores[1].presync);
}

TEST_CASE("of a NOP only the fences are kept: the driver checks a slot's numbers whatever the command") {
  auto m = metadata();
  m.requests[0].semaphores.push_back({SemaphoreCommand::nop, 40, 5000, PreOrPost::post, true, false});
  const auto slot = resolved(plan_of(m).bos[0].slices[0]).sem[2];
  CHECK(slot.index == 0);
  CHECK(slot.val == 0);
  CHECK(slot.flags == 2);
}

TEST_CASE("an inference that no queue could take is refused") {
  auto m = metadata();
  program::DmaRequest tick;
  tick.semaphores = {{SemaphoreCommand::init, 0, 0, PreOrPost::post, false, false}};
  // One place of a queue always stays empty.
  m.requests.assign(program::kMaxQueueElements - 1, tick);
  CHECK(plan_of(m).bos.size() == program::kMaxQueueElements - 1);
  const auto refused = [&] {
    const auto plan = program::plan_submission(m, descriptor());
    REQUIRE(!plan);
    CHECK(plan.error().id == "qpc-queue");
    CHECK(plan.error().kind == base::ErrorKind::unsupported);
    CHECK(plan.error().what ==
          "one inference needs 32769 places of a queue, the longest has 32768 [fit-queue]");
  };
  m.requests.push_back(tick);
  refused();
  // What is split off needs places too.
  m.requests.pop_back();
  m.requests.back().semaphores.resize(5);
  refused();
  m.requests.back().semaphores.resize(1);
  m.requests.back().doorbells.resize(2);
  refused();
}

TEST_CASE("a program without requests cannot be submitted") {
  auto m = metadata();
  m.requests.clear();
  const auto plan = program::plan_submission(m, descriptor());
  REQUIRE(!plan);
  CHECK(plan.error().id == "qpc-empty");
}
