// Instruction words of the card's cores (v68) that the emulator does not know:
// it aborts on most of them, and takes seven for something else.
#pragma once

#include <cstdint>
#include <string_view>

namespace qaic::sim::nsp {

// What the word is, for a message ("an IEEE floating-point vector
// instruction"); empty when the emulator knows it or nobody here does. The
// matrix unit's words are in no assembler of the distribution, so they are not
// told apart.
std::string_view unsupported_kind(std::uint32_t word);

}  // namespace qaic::sim::nsp
