#include "sim/nsp/unsupported_words.hpp"

#include <array>

namespace qaic::sim::nsp {

namespace {

constexpr std::string_view kQfloat = "a floating-point vector instruction (qf16, qf32)";
constexpr std::string_view kIeee = "a floating-point vector instruction (hf, sf)";
constexpr std::string_view kSixBit = "a vector instruction of v68 (v6mpy)";

// Words of one opcode, told apart by bits 7:5. q and i: see above; 6: v6mpy;
// ' ': not one of these. Source: LLVM 14's assembler, each instruction with
// many operands, and its disassembler over the whole vector opcode space: v68
// with qfloat and IEEE against v67.
struct Opcode {
  std::uint32_t mask;
  std::uint32_t value;
  std::string_view kinds;
};
constexpr std::uint32_t kThreeOperands = 0xFFE02000;
constexpr std::uint32_t kTwoOperands = 0xFFFF2000;
constexpr std::array kOpcodes{
    Opcode{kThreeOperands, 0x1C402000, " iii    "},  // x += vmpy, vdmpy
    Opcode{kThreeOperands, 0x1C602000, "iiii    "},  // vfmin, vfmax
    Opcode{kThreeOperands, 0x1F202000, "66666666"}, Opcode{kThreeOperands, 0x1F402000, "66666666"},
    Opcode{kThreeOperands, 0x1F602000, "iiqqqqqq"},  // vsub, vcvt; vadd, vsub
    Opcode{kThreeOperands, 0x1F802000, "qiiiiiii"},  // vmpy, vadd, vsub
    Opcode{kThreeOperands, 0x1FA02000, "qqqqqqii"},  // vadd, vsub; vdmpy, vadd
    Opcode{kThreeOperands, 0x1FC02000, " iiiiii "},  // vmax, vmin, vcvt
    Opcode{kThreeOperands, 0x1FE02000, "qq qqqqq"},  // vmpy
    Opcode{kTwoOperands, 0x1E042000, "qiiqiiqi"},    // conversions
    Opcode{kTwoOperands, 0x1E052000, "i       "},    // vcvt to uh
    Opcode{kTwoOperands, 0x1E062000, "iiiiii  "},    // vcvt to h, vfmv, vfneg, vabs
};

// Comparisons into a predicate: bits 7:2 say how, 1:0 is the predicate.
bool is_comparison(std::uint32_t word) {
  if ((word & kThreeOperands) != 0x1C802000) return false;
  switch (word & 0xFC) {
    case 0x30:
    case 0x34:
    case 0x70:
    case 0x74:
    case 0xC8:
    case 0xCC:
    case 0xE8:
    case 0xEC:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string_view unsupported_kind(std::uint32_t word) {
  if ((word & 0xC000) == 0) return {};  // two short instructions in one word
  if (is_comparison(word)) return kIeee;
  for (const Opcode& opcode : kOpcodes) {
    if ((word & opcode.mask) != opcode.value) continue;
    switch (opcode.kinds[word >> 5 & 7]) {
      case 'q':
        return kQfloat;
      case 'i':
        return kIeee;
      case '6':
        return kSixBit;
      default:
        return {};
    }
  }
  return {};
}

}  // namespace qaic::sim::nsp
