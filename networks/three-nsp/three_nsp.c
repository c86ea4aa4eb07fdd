/* Two layers on three NSPs, each of which does a third of both:
 *     y[j] = (sum_k w1[k][j] * x[k]) >> 4        96 numbers out of 32
 *     z[i] = sum_k w2[k][i] * y[k]               96 numbers, modulo 2^32
 * The host's x reaches all three by multicast. The second layer needs all of y,
 * so each NSP sends its third to the others by user DMA through a multicast
 * window, and after it a word that says so.
 *
 * Semaphore 0: 3 = all are ready for x. Semaphore 1: 0 = all of z is there.
 * Doorbell 0: x has arrived. Doorbell 1: z was taken. Words 4, 5, 6: the third
 * of y of NSP 0, 1, 2 has arrived. */
#include "networks/runtime/nsp.h"

typedef int32_t vector __attribute__((vector_size(128)));

enum {
  NSPS = 3,
  LANES = 32,
  INPUTS = 32,
  COUNT = NSPS * LANES,
  SHIFT = 4,
  X = NSP_USER_DATA, /* in L2TCM; bases of the multicast ids 1 and 2 in the description */
  Y = NSP_USER_DATA * 2,
  DOORBELLS_ID = 0,
  Y_ID = 2,
  PEER = 4, /* first of the words */
};

/* constants.bin */
struct constants {
  int8_t w1[INPUTS][COUNT];
  int8_t w2[COUNT][COUNT];
};

/* In VTCM: this NSP's columns. */
struct work {
  vector w1[INPUTS];
  vector w2[COUNT];
  vector part;
  uint32_t one;
};

static void prepare(struct work* work, const struct constants* constants, uint32_t nsp) {
  for (uint32_t k = 0; k < INPUTS + COUNT; ++k) {
    const int8_t* row = (k < INPUTS ? constants->w1[k] : constants->w2[k - INPUTS]) + nsp * LANES;
    volatile int32_t* out = (volatile int32_t*)(k < INPUTS ? &work->w1[k] : &work->w2[k - INPUTS]);
    for (uint32_t i = 0; i < LANES; ++i) out[i] = row[i];
  }
  work->one = 1;
}

static vector weighed(const vector* weights, const volatile int32_t* values, uint32_t count) {
  vector sum = {0};
  for (uint32_t k = 0; k < count; ++k) sum += weights[k] * values[k];
  return sum;
}

static void send_part(struct nsp_context* context, uint8_t thread, struct work* work) {
  const uint32_t nsp = context->nsp;
  uint8_t* y = (uint8_t*)context->multicast[Y_ID] + nsp * sizeof(vector);
  uint8_t* word = (uint8_t*)context->multicast[DOORBELLS_ID] + (PEER + nsp) * 4;
  /* A window leaves out who writes to it. */
  *(vector*)(context->l2tcm + Y + nsp * sizeof(vector)) = work->part;
  if (nsp_dma_copy(context, thread, y, &work->part, sizeof work->part) != 0 ||
      nsp_dma_copy(context, thread, word, &work->one, sizeof work->one) != 0) {
    context->log(NSP_LOG_ERROR, 0, "user DMA failed");
  }
}

void entry(struct nsp_context* context, uint8_t thread, uint32_t stid) {
  (void)stid;
  if (thread != 0) nsp_wait_exit(context);
  const uint32_t nsp = context->nsp;
  struct work* work = (struct work*)context->vtcm;
  const volatile int32_t* x = (const volatile int32_t*)(context->l2tcm + X);
  const volatile int32_t* y = (const volatile int32_t*)(context->l2tcm + Y);
  prepare(work, (const struct constants*)context->constants, nsp);
  for (;;) {
    *nsp_doorbell(context, 0) = 0;
    /* No other NSP can be a round ahead: x comes when all three are ready. */
    for (uint32_t peer = 0; peer < NSPS; ++peer) *nsp_doorbell(context, PEER + peer) = 0;
    nsp_semaphore(context, 0, NSP_SEMAPHORE_INC, 1);
    nsp_wait_doorbell(context, 0);

    work->part = weighed(work->w1, x, INPUTS) >> SHIFT;
    send_part(context, thread, work);
    for (uint32_t peer = 0; peer < NSPS; ++peer) {
      if (peer != nsp) nsp_wait_doorbell(context, PEER + peer);
    }
    work->part = weighed(work->w2, y, COUNT);

    nsp_wait_doorbell(context, 1);
    *nsp_doorbell(context, 1) = 0;
    if (nsp_dma_copy(context, thread, context->ddr + nsp * sizeof(vector), &work->part, sizeof work->part) !=
        0) {
      context->log(NSP_LOG_ERROR, 0, "user DMA failed");
    }
    nsp_semaphore(context, 1, NSP_SEMAPHORE_DEC, 1);
  }
}
