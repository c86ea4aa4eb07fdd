/* An input of which the host may send only the beginning (PARTIAL_EXECUTE). In
 * front of it comes a record that says where it is and how much was sent:
 *     result[i] = 3 * x[i] + 1     of what was sent, modulo 2^32
 *     result[i] = 3 * x[i] + 2     of the rest
 * on 1024 32-bit integers. All of the buffer is zeroed before the network says
 * that it is ready, so the rest gives 2 unless the card moved more than it was to.
 *
 * Semaphore 0: 1 = ready for input. Semaphore 1: 0 = the result is there.
 * Doorbell 0: as much of x as there is has arrived. Doorbell 1: result was taken. */
#define NSP_DEFINE_MEMORY_FUNCTIONS
#include "networks/runtime/nsp.h"

typedef int32_t vector __attribute__((vector_size(128)));

/* Bytes: of x in the buffer. */
struct record {
  uint32_t offset, size;
};

enum { COUNT = 1024, LANES = 32, BUFFER = NSP_USER_DATA, BUFFER_SIZE = 4224 };

void entry(struct nsp_context* context, uint8_t thread, uint32_t stid) {
  (void)stid;
  if (thread != 0) nsp_wait_exit(context);
  vector* buffer = (vector*)(context->l2tcm + BUFFER);
  vector* result = (vector*)context->vtcm;
  const vector zero = {0};
  for (;;) {
    for (uint32_t i = 0; i < BUFFER_SIZE / sizeof(vector); ++i) buffer[i] = zero;
    *nsp_doorbell(context, 0) = 0;
    nsp_semaphore(context, 0, NSP_SEMAPHORE_INC, 1);
    nsp_wait_doorbell(context, 0);
    const struct record record = *(const struct record*)buffer;
    const vector* x = (const vector*)((const unsigned char*)buffer + record.offset);
    for (uint32_t i = 0; i < COUNT / LANES; ++i) result[i] = x[i] * 3 + 1;
    for (uint32_t i = record.size / sizeof(int32_t); i < COUNT; ++i) ((uint32_t*)result)[i] += 1;
    nsp_wait_doorbell(context, 1);
    *nsp_doorbell(context, 1) = 0;
    if (nsp_dma_copy(context, thread, context->ddr, result, COUNT * sizeof(int32_t)) != 0) {
      context->log(NSP_LOG_ERROR, 0, "user DMA failed");
    }
    nsp_semaphore(context, 1, NSP_SEMAPHORE_DEC, 1);
  }
}
