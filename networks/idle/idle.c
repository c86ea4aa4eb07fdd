/* Gives its input back; four threads, of which three only wait. For measuring
 * what an activated network costs while nothing happens. */
#include "networks/runtime/nsp.h"

enum { SIZE = 128 };

void entry(struct nsp_context* context, uint8_t thread, uint32_t stid) {
  (void)stid;
  if (thread != 0) nsp_wait_exit(context);
  for (;;) {
    *nsp_doorbell(context, 0) = 0;
    nsp_semaphore(context, 0, NSP_SEMAPHORE_INC, 1);
    nsp_wait_doorbell(context, 0);
    nsp_wait_doorbell(context, 1);
    *nsp_doorbell(context, 1) = 0;
    nsp_dma_copy(context, thread, context->ddr, context->l2tcm + NSP_USER_DATA, SIZE);
    nsp_semaphore(context, 1, NSP_SEMAPHORE_DEC, 1);
  }
}
