// Instruction words from LLVM 14's assembler (v68), see wire and words.h.
#include "sim/nsp/code_check.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sim/nsp/unsupported_words.hpp"
#include "sim/nsp/words.h"

using namespace qaic;

namespace {

sim::device::CoreSegment code(std::vector<std::uint32_t> words, std::uint32_t address = 0x2000000) {
  sim::device::CoreSegment segment;
  segment.address = address;
  segment.executable = true;
  for (const std::uint32_t word : words) base::append_struct(segment.file_bytes, base::le32(word));
  segment.memory_size = static_cast<std::uint32_t>(segment.file_bytes.size());
  segment.code = {{0, segment.memory_size}};
  return segment;
}

}  // namespace

TEST_CASE("words of user DMA are told apart") {
  CHECK(nsp_is_dmlink(0xa601c240));                            // dmlink(r1,r2)
  CHECK(nsp_is_dmstart(0xa601c020));                           // dmstart(r1)
  CHECK(nsp_is_dmresume(0xa601c080));                          // dmresume(r1)
  CHECK(nsp_is_dma_query(0xa800c043));                         // r3 = dmpoll
  CHECK(nsp_is_dma_query(0xa800c023));                         // r3 = dmwait
  CHECK(nsp_is_dma_query(0xa800c063));                         // r3 = dmpause
  CHECK(nsp_dma_query_replacement(0xa800c043) == 0x7800c003);  // r3 = #0
  CHECK(nsp_dma_query_replacement(0xa8004043) == 0x78004003);  // … first in its packet
  CHECK(nsp_is_pause(0x5440df1c));
  CHECK(nsp_is_pause(0x5440c000));
  CHECK(nsp_is_pause(0x5440c100));   // pause(#8)
  CHECK(nsp_is_utimer(0x681ec004));  // r5:4 = utimer
  CHECK_FALSE(nsp_needs_trampoline(0x7800c003));
  CHECK(nsp_jump(0x38, 0x138) == 0x5800c080);
  CHECK(nsp_jump(0x2000000, 0x1f00000) == 0x59e0c000);
}

TEST_CASE("user DMA that shares its packet is refused with place and reason") {
  CHECK(sim::nsp::check_code({code({0x7800c003, 0xa601c020})}));
  const auto shared = sim::nsp::check_code({code({0x7800c003, 0x78004003, 0xa601c020})});
  REQUIRE_FALSE(shared);
  CHECK(shared.error().id == "code-unsupported");
  CHECK(shared.error().what.find("0x02000008 (0xa601c020)") != std::string::npos);
  CHECK_FALSE(sim::nsp::check_code({code({0xa6014020, 0x7800c003})}));  // first of two
}

TEST_CASE("the same word in data is nobody's business") {
  auto data = code({0x78004003, 0xa601c020});
  data.code.clear();
  CHECK(sim::nsp::check_code({data}));
}

TEST_CASE("code must be where the cores can have it") {
  CHECK_FALSE(sim::nsp::check_code({code({0x7800c003}, 0x1000000)}));
  CHECK_FALSE(sim::nsp::check_code({code({0x7800c003}, 0xffff0000)}));
  // A jump reaches 8 MiB; the trampolines are 1 MiB below the first segment.
  CHECK(sim::nsp::check_code({code({0x7800c003}), code({0x5440c000}, 0x2600000)}));
  CHECK_FALSE(sim::nsp::check_code({code({0x7800c003}), code({0x5440c000}, 0x2800000)}));
}

TEST_CASE("executable sections must be whole words of their segment") {
  auto segment = code({0x7800c003, 0x7800c003});
  segment.code = {{4, 4}};
  CHECK(sim::nsp::check_code({segment}));
  for (const sim::device::CoreCode bad :
       {sim::device::CoreCode{2, 4}, sim::device::CoreCode{4, 8}, sim::device::CoreCode{0xfffffff0, 0x20}}) {
    segment.code = {bad};
    const auto checked = sim::nsp::check_code({segment});
    REQUIRE_FALSE(checked);
    CHECK(checked.error().id == "code-address");
  }
}
