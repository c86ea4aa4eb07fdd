/* Never takes its input: the host's data waits for a semaphore that never
 * changes. */
#include "networks/runtime/nsp.h"

void entry(struct nsp_context* context, uint8_t thread, uint32_t stid) {
  (void)thread;
  (void)stid;
  nsp_wait_exit(context);
}
