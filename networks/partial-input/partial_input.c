/* An input of which the host may send only the beginning (PARTIAL_EXECUTE): it
 * is zeroed before the network says that it is ready, so that what was not sent
 * counts as zeros, whatever was there in the round before.
 *     result[i] = 3 * x[i] + 1     on 1024 32-bit integers, modulo 2^32
 * With nothing sent at all the doorbell still rings.
 *
 * Semaphore 0: 1 = ready for input. Semaphore 1: 0 = the result is there.
 * Doorbell 0: as much of x as there is has arrived. Doorbell 1: result was taken. */
#define NSP_DEFINE_MEMORY_FUNCTIONS
#include "networks/runtime/nsp.h"

typedef int32_t vector __attribute__((vector_size(128)));

enum { COUNT = 1024, LANES = 32, X = NSP_USER_DATA };

void entry(struct nsp_context* context, uint8_t thread, uint32_t stid) {
  (void)stid;
  if (thread != 0) nsp_wait_exit(context);
  vector* x = (vector*)(context->l2tcm + X);
  vector* result = (vector*)context->vtcm;
  const vector zero = {0};
  for (;;) {
    for (uint32_t i = 0; i < COUNT / LANES; ++i) x[i] = zero;
    *nsp_doorbell(context, 0) = 0;
    nsp_semaphore(context, 0, NSP_SEMAPHORE_INC, 1);
    nsp_wait_doorbell(context, 0);
    for (uint32_t i = 0; i < COUNT / LANES; ++i) result[i] = x[i] * 3 + 1;
    nsp_wait_doorbell(context, 1);
    *nsp_doorbell(context, 1) = 0;
    if (nsp_dma_copy(context, thread, context->ddr, result, COUNT * sizeof(int32_t)) != 0) {
      context->log(NSP_LOG_ERROR, 0, "user DMA failed");
    }
    nsp_semaphore(context, 1, NSP_SEMAPHORE_DEC, 1);
  }
}
