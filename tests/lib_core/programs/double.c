/* The worked example "double": 32 words in, twice as much out. Its first word
 * can ask for something else; tests/lib_core/network_test.cpp knows the same
 * numbers. */
#include "networks/runtime/nsp.h"

enum { WORDS = 32, INPUT = NSP_USER_DATA, OUTPUT = 64 };
enum { HANG = 0xd00d, CRASH = 0xdead, CONSTANTS = 0xc0, LINGER = 0x51 };

void entry(struct nsp_context* context, uint8_t thread, uint32_t stid) {
  (void)stid;
  if (thread != 0 || context->nsp != 0) nsp_wait_exit(context);
  const volatile uint32_t* in = (const volatile uint32_t*)(context->l2tcm + INPUT);
  volatile uint32_t* out = (volatile uint32_t*)(context->ddr + OUTPUT);
  const volatile uint32_t* constants = (const volatile uint32_t*)context->constants;
  for (;;) {
    *nsp_doorbell(context, 0) = 0;
    nsp_semaphore(context, 0, NSP_SEMAPHORE_INC, 1);
    nsp_wait_doorbell(context, 0);
    if (in[0] == HANG) nsp_wait_exit(context);
    if (in[0] == CRASH) *(volatile uint32_t*)16 = 1;
    nsp_wait_doorbell(context, 1);
    *nsp_doorbell(context, 1) = 0;
    for (uint32_t i = 0; i < WORDS; ++i) out[i] = in[0] == CONSTANTS ? constants[i] : 2 * in[i];
    const uint32_t first = in[0];
    nsp_semaphore(context, 1, NSP_SEMAPHORE_DEC, 1);
    /* Some tenths of a second until it is ready for the next input. */
    if (first == LINGER) {
      for (volatile uint32_t i = 0; i < 10000000; ++i) continue;
    }
  }
}
