/* Instruction words of network code that the emulator does not know or must
 * not spin on; the shim replaces them before the code runs.
 * Source: runtime-protocols §6.5; LLVM 14's assembler (v68). */
#pragma once

#ifdef __cplusplus
#include <cstdint>
#else
#include <stdbool.h>
#include <stdint.h>
#endif

/* Bits 15:14 say where a word stands in its packet: 3 last, 0 last (duplex),
 * 1 and 2 more words follow. */
static inline bool nsp_ends_packet(uint32_t word) {
  const uint32_t parse = word >> 14 & 3;
  return parse == 3 || parse == 0;
}

/* Rd = dmpoll, dmwait, dmpause: replaced by Rd = #0, "idle, no error": user DMA
 * here is over when the instruction that starts it is. Legal in any packet. */
static inline bool nsp_is_dma_query(uint32_t word) {
  const uint32_t rest = word & 0xffff3fe0U;
  return (rest == 0xa8000020U || rest == 0xa8000040U || rest == 0xa8000060U) && (word & 0xc000U) != 0;
}
static inline uint32_t nsp_dma_query_replacement(uint32_t word) {
  return 0x78000000U | (word & 0xc01fU);
}

/* dmstart(Rs), dmlink(Rs, Rt), dmresume(Rs). */
static inline bool nsp_is_dmstart(uint32_t word) {
  return (word & 0xffe03fffU) == 0xa6000020U && (word & 0xc000U) != 0;
}
static inline bool nsp_is_dmlink(uint32_t word) {
  return (word & 0xffe020ffU) == 0xa6000040U && (word & 0xc000U) != 0;
}
static inline bool nsp_is_dmresume(uint32_t word) {
  return (word & 0xffe03fffU) == 0xa6000080U && (word & 0xc000U) != 0;
}
static inline bool nsp_is_dma_command(uint32_t word) {
  return nsp_is_dmstart(word) || nsp_is_dmlink(word) || nsp_is_dmresume(word);
}

/* pause(#n): always alone in its packet. */
static inline bool nsp_is_pause(uint32_t word) {
  return (word & 0xffffe0e3U) == 0x5440c000U;
}

/* Rdd = utimer: the emulator's stands still. */
static inline bool nsp_is_utimer(uint32_t word) {
  return (word & 0xffffffe1U) == 0x681ec000U;
}

/* Words that become a jump to a trampoline, so must be alone in their packet. */
static inline bool nsp_needs_trampoline(uint32_t word) {
  return nsp_is_dma_command(word) || nsp_is_pause(word) || nsp_is_utimer(word);
}

enum {
  NSP_TRAMPOLINE_WORDS = 96, /* room for one, jump back and original word included */
  NSP_JUMP_REACH = 8 << 20,
};

/* jump from `pc` to `target`, both within NSP_JUMP_REACH. */
static inline uint32_t nsp_jump(uint32_t pc, uint32_t target) {
  const uint32_t distance = (target - pc) >> 2;
  return 0x5800c000U | (distance & 0x3fe000U) << 3 | (distance & 0x1fffU) << 1;
}
