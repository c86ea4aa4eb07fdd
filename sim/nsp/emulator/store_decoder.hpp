// Decodes one x86-64 store instruction: what the emulator was about to write
// where a page fault stopped it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace qaic::sim::nsp {

// General registers by their number in the instruction: rax rcx rdx rbx rsp
// rbp rsi rdi r8 … r15.
using Registers = std::array<std::uint64_t, 16>;

struct Store {
  unsigned length = 0;  // of the instruction, in bytes
  unsigned width = 0;   // of the store, in bytes: 1, 2, 4, 8
  std::uint64_t value = 0;
};

// Knows mov and movbe from a register and mov of an immediate, with any prefix
// and addressing mode. Nothing for any other instruction (vector stores,
// read-modify-write, exchanges): their effect cannot be repeated.
std::optional<Store> decode_store(std::span<const std::uint8_t> code, const Registers& registers);

}  // namespace qaic::sim::nsp
