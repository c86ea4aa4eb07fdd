/* Two inputs of which the host may send only the beginning, behind one that is
 * always whole, all in one DMA buffer:
 *     result[i] = 3 * x[i] + 5 * y[i] + bias[i % 32]     modulo 2^32
 * on 1024 32-bit integers; what was not sent counts as zeros. Records in front of
 * the buffer say where x and y are, and how much of each was sent.
 *
 * Semaphore 0: 1 = ready for input. Semaphore 1: 0 = the result is there.
 * Doorbell 0: the inputs have arrived. Doorbell 1: result was taken. */
#define NSP_DEFINE_MEMORY_FUNCTIONS
#include "networks/runtime/nsp.h"

/* Bytes: of x or y in the buffer. */
struct record {
  uint32_t offset, size;
};

enum { COUNT = 1024, BIASES = 32, BUFFER = NSP_USER_DATA, BIAS = 128, BUFFER_SIZE = 8448 };

static uint32_t element(const unsigned char* buffer, const struct record* record, uint32_t index) {
  if (index >= record->size / sizeof(uint32_t)) return 0;
  return *(const uint32_t*)(buffer + record->offset + index * sizeof(uint32_t));
}

void entry(struct nsp_context* context, uint8_t thread, uint32_t stid) {
  (void)stid;
  if (thread != 0) nsp_wait_exit(context);
  unsigned char* buffer = context->l2tcm + BUFFER;
  const struct record* records = (const struct record*)buffer;
  const uint32_t* bias = (const uint32_t*)(buffer + BIAS);
  uint32_t* result = (uint32_t*)context->vtcm;
  for (;;) {
    memset(buffer, 0xEE, BUFFER_SIZE); /* nothing of the round before */
    *nsp_doorbell(context, 0) = 0;
    nsp_semaphore(context, 0, NSP_SEMAPHORE_INC, 1);
    nsp_wait_doorbell(context, 0);
    for (uint32_t i = 0; i < COUNT; ++i) {
      result[i] =
          3 * element(buffer, &records[0], i) + 5 * element(buffer, &records[1], i) + bias[i % BIASES];
    }
    nsp_wait_doorbell(context, 1);
    *nsp_doorbell(context, 1) = 0;
    if (nsp_dma_copy(context, thread, context->ddr, result, COUNT * sizeof(uint32_t)) != 0) {
      context->log(NSP_LOG_ERROR, 0, "user DMA failed");
    }
    nsp_semaphore(context, 1, NSP_SEMAPHORE_DEC, 1);
  }
}
