/* result[i] = factor * x[i] + y[i] on 256 32-bit integers, modulo 2^32, with
 * HVX: eight vectors of 32. One NSP; thread 0 works until it must leave.
 *
 * Semaphore 0: 1 = ready for input. Semaphore 1: 0 = result is there.
 * Doorbells 0, 1, 2: x, y, factor have arrived. Doorbell 3: result was taken. */
#include "networks/runtime/nsp.h"

typedef int32_t vector __attribute__((vector_size(128)));

enum {
  COUNT = 256,
  LANES = 32,
  X = NSP_USER_DATA, /* in L2TCM; baseAddrOffset of the multicast ids in the description */
  Y = X + 4096,
  FACTOR = Y + 4096,
  RESULT = 0, /* in the shared DDR */
};

void entry(struct nsp_context* context, uint8_t thread, uint32_t stid) {
  (void)stid;
  if (thread != 0) nsp_wait_exit(context);
  const vector* x = (const vector*)(context->l2tcm + X);
  const vector* y = (const vector*)(context->l2tcm + Y);
  vector* result = (vector*)context->vtcm;
  for (;;) {
    for (uint32_t i = 0; i < 3; ++i) *nsp_doorbell(context, i) = 0;
    nsp_semaphore(context, 0, NSP_SEMAPHORE_INC, 1);
    for (uint32_t i = 0; i < 3; ++i) nsp_wait_doorbell(context, i);

    const int32_t factor = *(volatile int32_t*)(context->l2tcm + FACTOR);
    for (uint32_t i = 0; i < COUNT / LANES; ++i) result[i] = x[i] * factor + y[i];

    nsp_wait_doorbell(context, 3);
    *nsp_doorbell(context, 3) = 0;
    if (nsp_dma_copy(context, thread, context->ddr + RESULT, result, COUNT * sizeof(int32_t)) != 0) {
      context->log(NSP_LOG_ERROR, 0, "user DMA failed");
    }
    nsp_semaphore(context, 1, NSP_SEMAPHORE_DEC, 1);
  }
}
