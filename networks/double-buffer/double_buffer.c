/* A filter over a signal that is too long for the tiles it is worked on in:
 *     out[i] = sum_{t < 4} tap[t] * in[i - t]      modulo 2^32, in[< 0] = 0
 * The signal lies in shared DDR. User DMA brings tile i + 1 into one half of a
 * double buffer in VTCM while tile i in the other half is computed, and takes
 * tile i - 1 back meanwhile; all is one chain, lengthened by dmlink. What a tile
 * needs of the one before is in front of it in its half.
 *
 * Semaphore 0: 1 = ready for input. Semaphore 1: 0 = the result is there.
 * Doorbells 0, 1: signal, taps have arrived. Doorbell 2: result was taken. */
#define NSP_DEFINE_MEMORY_FUNCTIONS
#include "networks/runtime/nsp.h"

enum {
  COUNT = 16384,
  TILE = 1024,
  TILES = COUNT / TILE,
  TAPS = 4,
  BEFORE = 32, /* numbers in front of a tile, of which the last TAPS - 1 are of use */
  TAP_VALUES = NSP_USER_DATA,
  RESULT = COUNT * 4, /* in shared DDR, behind the signal */
};

/* In VTCM. */
struct work {
  int32_t in[2][BEFORE + TILE];
  int32_t out[2][TILE];
};

/* One engine's chain. Each half of each buffer has a descriptor of its own. */
struct chain {
  volatile struct nsp_dma* in[2];
  volatile struct nsp_dma* out[2];
  volatile struct nsp_dma* tail;
};

static void append(struct chain* chain, volatile struct nsp_dma* transfer, void* to, const void* from,
                   uint32_t size) {
  transfer->next = 0;
  transfer->control = (size & NSP_DMA_LENGTH) | NSP_DMA_ORDER;
  transfer->source = (uint32_t)from;
  transfer->destination = (uint32_t)to;
  __asm__ volatile("{ dmlink(%0, %1) }" ::"r"(chain->tail), "r"(transfer) : "memory");
  chain->tail = transfer;
}

/* Not dmwait, which waits for the whole chain. */
static void wait_done(const volatile struct nsp_dma* transfer) {
  uint32_t status;
  while ((transfer->control & NSP_DMA_DONE) == 0) {
    __asm__ volatile("{ %0 = dmpoll }" : "=r"(status)::"memory");
  }
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
}

static void filter(int32_t* out, const int32_t* in, const int32_t* taps) {
  for (int32_t i = 0; i < TILE; ++i) {
    uint32_t sum = 0;
    for (int32_t t = 0; t < TAPS; ++t) sum += (uint32_t)taps[t] * (uint32_t)in[i - t];
    out[i] = (int32_t)sum;
  }
}

static void stream(struct nsp_context* context, struct work* work, struct chain* chain) {
  const int32_t* taps = (const int32_t*)(context->l2tcm + TAP_VALUES);
  int32_t* signal = (int32_t*)context->ddr;
  int32_t* result = (int32_t*)(context->ddr + RESULT);
  append(chain, chain->in[0], work->in[0] + BEFORE, signal, TILE * 4);
  for (uint32_t t = 1; t < TAPS; ++t) work->in[0][BEFORE - t] = 0;
  for (uint32_t tile = 0; tile < TILES; ++tile) {
    const uint32_t half = tile % 2;
    int32_t* in = work->in[half] + BEFORE;
    if (tile + 1 < TILES) {
      append(chain, chain->in[!half], work->in[!half] + BEFORE, signal + (tile + 1) * TILE, TILE * 4);
    }
    wait_done(chain->in[half]);
    wait_done(chain->out[half]); /* of two tiles ago */
    filter(work->out[half], in, taps);
    for (uint32_t t = 1; t < TAPS; ++t) work->in[!half][BEFORE - t] = in[TILE - t];
    append(chain, chain->out[half], result + tile * TILE, work->out[half], TILE * 4);
  }
  wait_done(chain->tail);
}

void entry(struct nsp_context* context, uint8_t thread, uint32_t stid) {
  (void)stid;
  if (thread != 0) nsp_wait_exit(context);
  struct work* work = (struct work*)context->vtcm;
  volatile struct nsp_dma* ring = (volatile struct nsp_dma*)(context->l2tcm + NSP_DMA_RING);
  struct chain chain = {{&ring[0], &ring[1]}, {&ring[2], &ring[3]}, &ring[2]};
  for (uint32_t i = 0; i < 4; ++i) ring[i].control = NSP_DMA_DONE; /* nothing is on its way */
  for (;;) {
    for (uint32_t i = 0; i < 2; ++i) *nsp_doorbell(context, i) = 0;
    nsp_semaphore(context, 0, NSP_SEMAPHORE_INC, 1);
    for (uint32_t i = 0; i < 2; ++i) nsp_wait_doorbell(context, i);
    nsp_wait_doorbell(context, 2);
    *nsp_doorbell(context, 2) = 0;
    stream(context, work, &chain);
    nsp_semaphore(context, 1, NSP_SEMAPHORE_DEC, 1);
  }
}
