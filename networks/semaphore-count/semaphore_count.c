/* Two threads increment semaphore 2 at the same time, 10,000 times each; then
 * it is taken down to 4095, the largest value that a request can wait for. The
 * result moves only if the card counted every single command: one more or one
 * less, and the request that waits for exactly 4095 waits for ever.
 * result[0] = increments, result[1] = decrements. */
#include "networks/runtime/nsp.h"

enum { COUNTER = 2, EACH = 10000, LEFT = 4095, THREADS = 2, RESULT_SIZE = 128 };

static volatile uint32_t round_started;
static volatile uint32_t round_finished; /* by thread 1 */

static void count(struct nsp_context* context) {
  for (uint32_t i = 0; i < EACH; ++i) nsp_semaphore(context, COUNTER, NSP_SEMAPHORE_INC, 1);
}

static void second_thread(struct nsp_context* context) {
  for (uint32_t round = 1;; ++round) {
    while (round_started != round) {
      if (nsp_must_exit(context)) context->exit_thread();
      nsp_pause();
    }
    count(context);
    round_finished = round;
  }
}

void entry(struct nsp_context* context, uint8_t thread, uint32_t stid) {
  (void)stid;
  if (thread != 0) second_thread(context);
  for (uint32_t round = 1;; ++round) {
    *nsp_doorbell(context, 0) = 0;
    nsp_semaphore(context, 0, NSP_SEMAPHORE_INC, 1);
    nsp_wait_doorbell(context, 0);
    round_started = round;
    count(context);
    while (round_finished != round) {
      if (nsp_must_exit(context)) context->exit_thread();
      nsp_pause();
    }
    const uint32_t down = THREADS * EACH - LEFT;
    for (uint32_t i = 0; i < down; ++i) nsp_semaphore(context, COUNTER, NSP_SEMAPHORE_DEC, 1);

    nsp_wait_doorbell(context, 1);
    *nsp_doorbell(context, 1) = 0;
    volatile uint32_t* result = (volatile uint32_t*)context->vtcm;
    result[0] = THREADS * EACH;
    result[1] = down;
    nsp_dma_copy(context, thread, context->ddr, context->vtcm, RESULT_SIZE);
    nsp_semaphore(context, 1, NSP_SEMAPHORE_DEC, 1);
  }
}
