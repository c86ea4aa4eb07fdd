// Words from LLVM 14's assembler: clang -mv68 -mhvx=v68 -mhvx-qfloat
// -mhvx-ieee-fp, operands picked at random.
#include "sim/nsp/unsupported_words.hpp"

#include <doctest/doctest.h>

#include <string>

#include "sim/nsp/code_check.hpp"

using namespace qaic;
using sim::nsp::unsupported_kind;

namespace {

struct Word {
  std::uint32_t word;
  const char* text;
};

// Every vector instruction that v68 has and v67 does not.
constexpr Word kUnsupported[] = {
    {0x1f70e448, "v8.qf16 = vadd(v4.qf16,v16.qf16)"},
    {0x1f64f164, "v4.qf16 = vadd(v17.hf,v4.hf)"},
    {0x1f7ee080, "v0.qf16 = vadd(v0.qf16,v30.hf)"},
    {0x1fb1ee06, "v6.qf32 = vadd(v14.qf32,v17.qf32)"},
    {0x1fa1e349, "v9.qf32 = vadd(v3.qf32,v1.sf)"},
    {0x1fb4ff35, "v21.qf32 = vadd(v31.sf,v20.sf)"},
    {0x1f67fdb9, "v25.qf16 = vsub(v29.qf16,v7.qf16)"},
    {0x1f72fddc, "v28.qf16 = vsub(v29.hf,v18.hf)"},
    {0x1f61f3f8, "v24.qf16 = vsub(v19.qf16,v1.hf)"},
    {0x1fa2ef6f, "v15.qf32 = vsub(v15.qf32,v2.qf32)"},
    {0x1fbfe9a2, "v2.qf32 = vsub(v9.qf32,v31.sf)"},
    {0x1fa8ef80, "v0.qf32 = vsub(v15.sf,v8.sf)"},
    {0x1fffe472, "v18.qf16 = vmpy(v4.qf16,v31.qf16)"},
    {0x1ffcfe99, "v25.qf16 = vmpy(v30.hf,v28.hf)"},
    {0x1feaeabb, "v27.qf16 = vmpy(v10.qf16,v10.hf)"},
    {0x1fffff09, "v9.qf32 = vmpy(v31.qf32,v31.qf32)"},
    {0x1fe2f533, "v19.qf32 = vmpy(v21.sf,v2.sf)"},
    {0x1ffcf5f0, "v17:16.qf32 = vmpy(v21.hf,v28.hf)"},
    {0x1f8ef60c, "v13:12.qf32 = vmpy(v22.qf16,v14.hf)"},
    {0x1ff6f5ce, "v15:14.qf32 = vmpy(v21.qf16,v22.qf16)"},
    {0x1e04fc78, "v24.hf = v28.qf16"},
    {0x1e04f2d4, "v20.hf = v19:18.qf32"},
    {0x1e04f709, "v9.sf = v23.qf32"},
    {0x1fc6f963, "v3.hf = vmax(v25.hf,v6.hf)"},
    {0x1fceed21, "v1.sf = vmax(v13.sf,v14.sf)"},
    {0x1fd8e388, "v8.hf = vmin(v3.hf,v24.hf)"},
    {0x1fc0f25b, "v27.sf = vmin(v18.sf,v0.sf)"},
    {0x1c9ef476, "q2 = vcmp.gt(v20.hf,v30.hf)"},
    {0x1c9df8cc, "q0 &= vcmp.gt(v24.hf,v29.hf)"},
    {0x1c8fed35, "q1 |= vcmp.gt(v13.hf,v15.hf)"},
    {0x1c81f6ee, "q2 ^= vcmp.gt(v22.hf,v1.hf)"},
    {0x1c84ed72, "q2 = vcmp.gt(v13.sf,v4.sf)"},
    {0x1c95e6ca, "q2 &= vcmp.gt(v6.sf,v21.sf)"},
    {0x1c89ff31, "q1 |= vcmp.gt(v31.sf,v9.sf)"},
    {0x1c89eceb, "q3 ^= vcmp.gt(v12.sf,v9.sf)"},
    {0x1f71f624, "v4.hf = vcvt(v22.sf,v17.sf)"},
    {0x1fc3f8ce, "v14.b = vcvt(v24.hf,v3.hf)"},
    {0x1e06ea09, "v9.h = vcvt(v10.hf)"},
    {0x1e04fb5c, "v29:28.hf = vcvt(v27.b)"},
    {0x1e04e2e3, "v3.hf = vcvt(v2.h)"},
    {0x1e04fb26, "v7:6.hf = vcvt(v27.ub)"},
    {0x1e04faa2, "v2.hf = vcvt(v26.uh)"},
    {0x1e04e59c, "v29:28.sf = vcvt(v5.hf)"},
    {0x1fdaf2a5, "v5.ub = vcvt(v18.hf,v26.hf)"},
    {0x1e05fa1b, "v27.uh = vcvt(v26.hf)"},
    {0x1fb5ffed, "v13.hf = vadd(v31.hf,v21.hf)"},
    {0x1f83edc0, "v0.sf = vadd(v13.sf,v3.sf)"},
    {0x1f84e582, "v3:2.sf = vadd(v5.hf,v4.hf)"},
    {0x1f6ce010, "v16.hf = vsub(v0.hf,v12.hf)"},
    {0x1f9fe5e5, "v5.sf = vsub(v5.sf,v31.sf)"},
    {0x1f96efb6, "v23:22.sf = vsub(v15.hf,v22.hf)"},
    {0x1f8df66d, "v13.hf = vmpy(v22.hf,v13.hf)"},
    {0x1c4cef55, "v21.hf += vmpy(v15.hf,v12.hf)"},
    {0x1f9ae452, "v19:18.sf = vmpy(v4.hf,v26.hf)"},
    {0x1c54e232, "v19:18.sf += vmpy(v2.hf,v20.hf)"},
    {0x1f9bf339, "v25.sf = vmpy(v19.sf,v27.sf)"},
    {0x1fb8fbd4, "v20.sf = vdmpy(v27.hf,v24.hf)"},
    {0x1c41f071, "v17.sf += vdmpy(v16.hf,v1.hf)"},
    {0x1c65e459, "v25.hf = vfmax(v4.hf,v5.hf)"},
    {0x1c68e370, "v16.sf = vfmax(v3.sf,v8.sf)"},
    {0x1c7fe004, "v4.hf = vfmin(v0.hf,v31.hf)"},
    {0x1c6bee3a, "v26.sf = vfmin(v14.sf,v11.sf)"},
    {0x1e06fa52, "v18.hf = vfneg(v26.hf)"},
    {0x1e06e577, "v23.sf = vfneg(v5.sf)"},
    {0x1e06f38e, "v14.hf = vabs(v19.hf)"},
    {0x1e06f2af, "v15.sf = vabs(v18.sf)"},
    {0x1e06ef25, "v5.w = vfmv(v15.w)"},
    {0x1f5ef29e, "v31:30.w = v6mpy(v19:18.ub,v31:30.b,#0):h"},
    {0x1f30e2d6, "v23:22.w += v6mpy(v3:2.ub,v17:16.b,#2):h"},
    {0x1f44f424, "v5:4.w = v6mpy(v21:20.ub,v5:4.b,#1):v"},
    {0x1f3afc66, "v7:6.w += v6mpy(v29:28.ub,v27:26.b,#3):v"},
};

// Integer instructions that share an opcode with those above, or nearly.
constexpr Word kSupported[] = {
    {0x1c40e200, "v0.w += vmpyie(v2.w,v0.h)"},
    {0x1c40e280, "v1:0.w += vadd(v2.uh,v0.uh)"},
    {0x1c40e2a0, "v1:0.h += vadd(v2.ub,v0.ub)"},
    {0x1c60c200, "v0.ub = vsub(v2.ub,v0.ub):sat"},
    {0x1c60c220, "v0.uh = vsub(v2.uh,v0.uh):sat"},
    {0x1c60c240, "v0.h = vsub(v2.h,v0.h):sat"},
    {0x1c60c260, "v0.w = vsub(v2.w,v0.w):sat"},
    {0x1c80e200, "q0 &= vcmp.eq(v2.b,v0.b)"},
    {0x1c80e220, "q0 &= vcmp.gt(v2.ub,v0.ub)"},
    {0x1c80e240, "q0 |= vcmp.eq(v2.b,v0.b)"},
    {0x1c80e260, "q0 |= vcmp.gt(v2.ub,v0.ub)"},
    {0x1c80e280, "q0 ^= vcmp.eq(v2.b,v0.b)"},
    {0x1c80e2a0, "q0 ^= vcmp.gt(v2.ub,v0.ub)"},
    {0x1e00e200, "v1:0.h |= vunpacko(v2.b)"},
    {0x1e03e200, "v0 = vand(q0,v2)"},
    {0x1e00e220, "v1:0.w |= vunpacko(v2.h)"},
    {0x1e03e220, "v0 = vand(!q0,v2)"},
    {0x1e03e240, "v0.w = prefixsum(q0)"},
    {0x1e00e280, "vwhist256"},
    {0x1e03e2e0, "v0 = v2"},
    {0x1f20c200, "v0.w = vmax(v2.w,v0.w)"},
    {0x1f20c220, "v0 = vdelta(v2,v0)"},
    {0x1f40c200, "v0.w = vmpyo(v2.w,v0.h):<<1:rnd:sat"},
    {0x1f40c240, "v0.b = vshuffo(v2.b,v0.b)"},
    {0x1f60c200, "v0.w = vmpyieo(v2.h,v0.h)"},
    {0x1f60c220, "v0.uw = vadd(v2.uw,v0.uw):sat"},
    {0x1f60c240, "v0.ub = vsat(v2.h,v0.h)"},
    {0x1f80c200, "q0 = vcmp.eq(v2.b,v0.b)"},
    {0x1f80c220, "q0 = vcmp.gt(v2.ub,v0.ub)"},
    {0x1fa0c200, "v0.w = vasr(v2.w,v0.w)"},
    {0x1fa0c220, "v0.w = vlsr(v2.w,v0.w)"},
    {0x1fa0c240, "v0.h = vlsr(v2.h,v0.h)"},
    {0x1fa0c260, "v0.h = vasr(v2.h,v0.h)"},
    {0x1fa0c280, "v0.w = vasl(v2.w,v0.w)"},
    {0x1fa0c2a0, "v0.h = vasl(v2.h,v0.h)"},
    {0x1fa0c2c0, "v0.b = vadd(v2.b,v0.b)"},
    {0x1fa0c2e0, "v0.h = vadd(v2.h,v0.h)"},
    {0x1fc0c200, "v0.w = vmpyie(v2.w,v0.uh)"},
    {0x1fc0c220, "v0.w = vmpyio(v2.w,v0.h)"},
    {0x1fc0c240, "v0.b = vpacke(v2.h,v0.h)"},
    {0x1fc0c260, "v0.h = vpacke(v2.w,v0.w)"},
    {0x1fc0c280, "v0.uw = vsub(v2.uw,v0.uw):sat"},
    {0x1fc0c2a0, "v0.ub = vpack(v2.h,v0.h):sat"},
    {0x1fc0c2c0, "v0.b = vpack(v2.h,v0.h):sat"},
    {0x1fc0c2e0, "v0.uh = vpack(v2.w,v0.w):sat"},
    {0x1fe0c200, "v0.h = vpack(v2.w,v0.w):sat"},
    {0x1fe0c220, "v0.b = vpacko(v2.h,v0.h)"},
    {0x1fe0c240, "v0.h = vpacko(v2.w,v0.w)"},
    {0x1fe0c260, "v0.ub = vround(v2.uh,v0.uh):sat"},
    {0x1fe0c280, "v0.uh = vround(v2.uw,v0.uw):sat"},
    {0x1fe0c2a0, "v0.w = vmpye(v2.w,v0.uh)"},
    {0x1fe0c2e0, "v0.w = vmpyo(v2.w,v0.h):<<1:sat"},
};

}  // namespace

TEST_CASE("floating-point vector instructions are told from integer ones") {
  for (const Word& word : kUnsupported) {
    CAPTURE(word.text);
    CHECK_FALSE(unsupported_kind(word.word).empty());
    // Anywhere in a packet, but never as two short instructions.
    CHECK_FALSE(unsupported_kind(word.word & ~0x8000U).empty());
    CHECK_FALSE(unsupported_kind(word.word & ~0x4000U).empty());
    CHECK(unsupported_kind(word.word & ~0xC000U).empty());
  }
  for (const Word& word : kSupported) {
    CAPTURE(word.text);
    CHECK(unsupported_kind(word.word).empty());
  }
  CHECK(unsupported_kind(0x1f70e448).find("qf") != std::string_view::npos);
  CHECK(unsupported_kind(0x1fc6f963).find("hf, sf") != std::string_view::npos);
  CHECK(unsupported_kind(0x1f5ef29e).find("v6mpy") != std::string_view::npos);
}

TEST_CASE("a network with such a word is refused with place, word and kind") {
  sim::device::CoreSegment segment;
  segment.address = 0x2000000;
  for (const std::uint32_t word : {0x7800c003U, 0x1fb4ff35U})
    base::append_struct(segment.file_bytes, base::le32(word));
  segment.memory_size = 8;
  segment.executable = true;
  segment.code = {{0, 8}};
  const auto checked = sim::nsp::check_code({segment});
  REQUIRE_FALSE(checked);
  CHECK(checked.error().id == "code-unsupported");
  CHECK(checked.error().what ==
        "network code at 0x02000004 (0x1fb4ff35): a floating-point vector instruction (qf16, qf32), which "
        "the simulated NSPs do not have");
  segment.code = {{0, 4}};  // the same word as data behind the code
  CHECK(sim::nsp::check_code({segment}));
}
