#include "sim/nsp/words.h"

#include "sim/nsp/shim/shim.h"

/* Copied once per replaced word: saves what a C function may change, calls the
 * service, restores. Behind the copy stand a jump back and the original word.
 * Frame: r0-r27 at 0, r28 at 112, p3:0 at 116, sa0/lc0 at 120, sa1/lc1 at 128,
 * m1:0 at 136, usr at 144; behind it the caller's r30 and r31. */
__asm__(
    ".p2align 4\n.globl trampoline_begin\ntrampoline_begin:\n"
    "{ allocframe(#152) }\n"
    "{ memd(r29+#0) = r1:0 }\n{ memd(r29+#8) = r3:2 }\n{ memd(r29+#16) = r5:4 }\n{ memd(r29+#24) = r7:6 }\n"
    "{ memd(r29+#32) = r9:8 }\n{ memd(r29+#40) = r11:10 }\n{ memd(r29+#48) = r13:12 }\n{ memd(r29+#56) = "
    "r15:14 }\n"
    "{ memd(r29+#64) = r17:16 }\n{ memd(r29+#72) = r19:18 }\n{ memd(r29+#80) = r21:20 }\n{ memd(r29+#88) = "
    "r23:22 }\n"
    "{ memd(r29+#96) = r25:24 }\n{ memd(r29+#104) = r27:26 }\n{ memw(r29+#112) = r28 }\n"
    "{ r0 = p3:0 }\n{ memw(r29+#116) = r0 }\n{ r1:0 = c1:0 }\n{ memd(r29+#120) = r1:0 }\n"
    "{ r1:0 = c3:2 }\n{ memd(r29+#128) = r1:0 }\n{ r1:0 = c7:6 }\n{ memd(r29+#136) = r1:0 }\n"
    "{ r0 = usr }\n{ memw(r29+#144) = r0 }\n"
    ".globl trampoline_pc\ntrampoline_pc:\n{ r1 = pc }\n{ r0 = r29 }\n{ r2 = ##serve_word }\n{ callr r2 }\n"
    "{ r0 = memw(r29+#144) }\n{ usr = r0 }\n{ r1:0 = memd(r29+#136) }\n{ c7:6 = r1:0 }\n"
    "{ r1:0 = memd(r29+#128) }\n{ c3:2 = r1:0 }\n{ r1:0 = memd(r29+#120) }\n{ c1:0 = r1:0 }\n"
    "{ r0 = memw(r29+#116) }\n{ p3:0 = r0 }\n{ r28 = memw(r29+#112) }\n"
    "{ r27:26 = memd(r29+#104) }\n{ r25:24 = memd(r29+#96) }\n{ r23:22 = memd(r29+#88) }\n{ r21:20 = "
    "memd(r29+#80) }\n"
    "{ r19:18 = memd(r29+#72) }\n{ r17:16 = memd(r29+#64) }\n{ r15:14 = memd(r29+#56) }\n{ r13:12 = "
    "memd(r29+#48) }\n"
    "{ r11:10 = memd(r29+#40) }\n{ r9:8 = memd(r29+#32) }\n{ r7:6 = memd(r29+#24) }\n{ r5:4 = memd(r29+#16) "
    "}\n"
    "{ r3:2 = memd(r29+#8) }\n{ r1:0 = memd(r29+#0) }\n{ deallocframe }\n"
    ".globl trampoline_end\ntrampoline_end:\n{ nop }\n");
extern const uint32_t trampoline_begin[], trampoline_pc[], trampoline_end[];

enum {
  FRAME_SIZE = 152,
  SPINS = 32,                /* checks before the first sleep */
  FIRST_SLEEP_US = 20,       /* doubles … */
  LONGEST_SLEEP_US = 800000, /* … up to this */
};

/* Network code that waits for another thread's plain store wakes by itself
 * (nobody announces such stores), soon at first, seldom later; everything the
 * card or user DMA does wakes it at once. */
static struct {
  uint32_t seen; /* the last generation this thread has acted on */
  uint32_t spins;
  uint32_t sleep_us;
} waits[kMaxThreads];

static void wait_for_change(uint32_t thread) {
  const uint32_t generation = __atomic_load_n(&control->generation, __ATOMIC_SEQ_CST);
  if (generation != waits[thread].seen) {
    waits[thread].seen = generation;
    waits[thread].spins = 0;
    waits[thread].sleep_us = FIRST_SLEEP_US;
    return;
  }
  if (waits[thread].spins < SPINS) {
    ++waits[thread].spins;
    return;
  }
  __atomic_add_fetch(&control->sleepers, 1, __ATOMIC_SEQ_CST);
  const bool woken = sleep_on(&control->generation, generation, waits[thread].sleep_us);
  __atomic_sub_fetch(&control->sleepers, 1, __ATOMIC_SEQ_CST);
  if (!woken) {
    const uint32_t twice = waits[thread].sleep_us * 2;
    waits[thread].sleep_us = twice < LONGEST_SLEEP_US ? twice : LONGEST_SLEEP_US;
  }
}

static uint32_t register_value(const uint32_t* frame, uint32_t number) {
  if (number == 29) return (uint32_t)frame + FRAME_SIZE + 8;
  if (number >= 30) return frame[FRAME_SIZE / 4 + number - 30];
  return frame[number];
}

void serve_word(uint32_t* frame, const uint8_t* pc) {
  const uint32_t behind = (uint32_t)trampoline_end - (uint32_t)trampoline_pc;
  const uint32_t word = *(const uint32_t*)(pc + behind + 4);
  const uint32_t source = register_value(frame, word >> 16 & 31);
  if (nsp_is_pause(word)) {
    wait_for_change(current_thread(frame));
  } else if (nsp_is_dmlink(word)) {
    dma_link(source, register_value(frame, word >> 8 & 31));
  } else if (nsp_is_dmstart(word)) {
    dma_start(source);
  } else if (nsp_is_dmresume(word)) {
    dma_resume(source);
  } else if (nsp_is_utimer(word)) {
    const uint64_t now = ticks_now();
    const uint32_t pair = word & 31;
    if (pair > 26) fatal("utimer is read into a register pair that is not general");
    frame[pair] = (uint32_t)now;
    frame[pair + 1] = (uint32_t)(now >> 32);
  } else {
    fatal("internal: a trampoline serves no known word");
  }
}

static uint32_t free_trampoline;

static void redirect(uint32_t* place) {
  const uint32_t length = (uint32_t)(trampoline_end - trampoline_begin);
  if (free_trampoline + 4 * NSP_TRAMPOLINE_WORDS > control->trampoline_end) {
    fatal("too many instructions to replace in this network");
  }
  uint32_t* copy = (uint32_t*)free_trampoline;
  for (uint32_t i = 0; i < length; ++i) copy[i] = trampoline_begin[i];
  copy[length] = nsp_jump((uint32_t)(copy + length), (uint32_t)(place + 1));
  copy[length + 1] = *place;
  *place = nsp_jump((uint32_t)place, free_trampoline);
  free_trampoline += 4 * NSP_TRAMPOLINE_WORDS;
}

_Static_assert(NSP_TRAMPOLINE_WORDS >= 80, "room for the template");

void patch_code(void) {
  if (trampoline_end - trampoline_begin + 2 > NSP_TRAMPOLINE_WORDS) fatal("internal: trampoline too long");
  free_trampoline = control->trampoline_begin;
  for (uint32_t r = 0; r < control->code_range_count; ++r) {
    uint32_t* end = (uint32_t*)control->code[r].end;
    bool alone = true;
    for (uint32_t* place = (uint32_t*)control->code[r].begin; place < end; ++place) {
      const uint32_t word = *place;
      if (nsp_is_dma_query(word)) {
        *place = nsp_dma_query_replacement(word);
      } else if (nsp_needs_trampoline(word) && alone && (word >> 14 & 3) == 3) {
        redirect(place);
      }
      alone = nsp_ends_packet(word);
    }
  }
}
