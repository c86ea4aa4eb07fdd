/* User DMA: transfers happen at once, inside the instruction that starts them. */
#include "sim/nsp/shim/shim.h"

static void run(struct nsp_dma* descriptor) {
  if ((descriptor->control & NSP_DMA_TYPE) != 0) fatal("user DMA: only linear transfers are known here");
  const uint32_t size = descriptor->control & NSP_DMA_LENGTH;
  const void* source = (const void*)descriptor->source;
  if (!multicast_write(descriptor->destination, source, size)) {
    copy_bytes((void*)descriptor->destination, source, size);
  }
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  *(volatile uint32_t*)&descriptor->control |= NSP_DMA_DONE;
}

void dma_start(uint32_t head) {
  for (struct nsp_dma* d = (struct nsp_dma*)head; d != NULL; d = (struct nsp_dma*)d->next) run(d);
  announce_change();
}

void dma_link(uint32_t tail, uint32_t head) {
  if (tail != 0) ((volatile struct nsp_dma*)tail)->next = head;
  dma_start(head);
}

void dma_resume(uint32_t head) {
  /* Whatever was started is over; only what was never reached is left. */
  for (struct nsp_dma* d = (struct nsp_dma*)head; d != NULL; d = (struct nsp_dma*)d->next) {
    if ((d->control & NSP_DMA_DONE) == 0) run(d);
  }
  announce_change();
}
