#include "lib/core/shortage.hpp"

#include <doctest/doctest.h>

#include "lib/core/network.hpp"

namespace core = qaic::core;
namespace program = qaic::program;
using qaic::base::ErrorDomain;
using qaic::base::ErrorKind;

namespace {

program::Program program_of(std::uint16_t nsps) {
  program::Program out;
  out.descriptor.network_name = "big";
  out.metadata.num_nsps = nsps;
  out.metadata.semaphore_init = {0, 0, 0};
  out.metadata.static_shared_ddr_size = 3ULL << 30;
  return out;
}

qaic::wire::nnc::ResourceInfo card() {
  qaic::wire::nnc::ResourceInfo info{};
  info.nsp_total = 16;
  info.nsp_free = 3;
  info.semaphore_total = 32U;
  info.semaphore_free = 1U;
  info.dram_total = 2048U;
  info.dram_free = 1000U;
  return info;
}

}  // namespace

TEST_CASE("a refusal for want of NSPs says how many there are") {
  const auto error = core::refusal_error(-13, program_of(8), card());
  CHECK(error.id == "network-short");
  CHECK(error.kind == ErrorKind::unavailable);
  CHECK(error.domain == ErrorDomain::card);
  CHECK(error.code == -13);
  CHECK(error.what.find("needs 8 NSPs, 3 of 16 are free") != std::string::npos);
}

TEST_CASE("a program that no such card could hold is bad input") {
  const auto nsps = core::refusal_error(-13, program_of(17), card());
  CHECK(nsps.kind == ErrorKind::bad_input);
  const auto memory = core::refusal_error(-4, program_of(1), card());
  CHECK(memory.kind == ErrorKind::bad_input);
  CHECK(memory.what.find("needs 3072 MB of card memory, 1000 of 2048 are free") != std::string::npos);
}

TEST_CASE("what a refusal says is needed is all that the card has to give") {
  auto greedy = program_of(1);
  greedy.metadata.static_shared_ddr_size = 1;
  greedy.metadata.heap_size = 1ULL << 30;
  const auto memory = core::refusal_error(-4, greedy, card());
  CHECK(memory.what.find("needs 1025 MB of card memory, 1000 of 2048 are free") != std::string::npos);
  // An NSP's table may be longer than the host's.
  greedy.metadata.host_multicast.resize(1);
  greedy.metadata.nsp_multicast.resize(2);
  greedy.metadata.nsp_multicast[1].resize(3);
  auto few = card();
  few.mcid_total = 8U;
  few.mcid_free = 2U;
  const auto ids =
      core::refusal_error(static_cast<int>(qaic::wire::nnc::Status::mcid_exhausted), greedy, few);
  CHECK(ids.what.find("needs 3 multicast ids, 2 of 8 are free") != std::string::npos);
}

TEST_CASE("a refusal for another reason, or of a card that cannot be asked, names no resource") {
  const auto metadata = core::refusal_error(-5, program_of(1), card());
  CHECK(metadata.id == "network-refused");
  CHECK(metadata.kind == ErrorKind::bad_input);
  const auto silent = core::refusal_error(-13, program_of(8), std::nullopt);
  CHECK(silent.id == "network-refused");
  CHECK(silent.kind == ErrorKind::unavailable);
}

TEST_CASE("a queue is what programs in the field ask for unless more is needed") {
  program::Plan small;
  small.bos.resize(2);
  for (auto& bo : small.bos) bo.slices.resize(1);
  CHECK(core::queue_elements(small) == 512);
  program::Plan large = small;
  large.bos[0].slices[0].size = 64ULL << 20;  // 1024 pieces of 64 KiB, four inferences
  CHECK(core::queue_elements(large) == 8192);
  large.bos[0].slices[0].size = 64ULL << 30;
  CHECK(core::queue_elements(large) == 32768);
}
