/* Takes its input and dies of it: a store where no memory is. */
#include "networks/runtime/nsp.h"

void entry(struct nsp_context* context, uint8_t thread, uint32_t stid) {
  (void)thread;
  (void)stid;
  nsp_semaphore(context, 0, NSP_SEMAPHORE_INC, 1);
  nsp_wait_doorbell(context, 0);
  *(volatile uint32_t*)16 = 1;
  context->exit_thread();
}
