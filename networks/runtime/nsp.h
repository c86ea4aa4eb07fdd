/* What device programs of this tree share: waiting for the host, telling it,
 * moving data by user DMA. Header only; C11, freestanding. docs/device-abi.md
 * explains it.
 *
 * L2TCM as these programs use it (the exit doorbell's place is the card's, the
 * rest is a convention that the program and its metadata agree on):
 *   0     doorbell words, number = DMA buffer
 *   1120  exit doorbell (0x460)
 *   1280  one descriptor of user DMA per thread, 256 bytes apart
 *   4096  the program's own data
 */
#pragma once

#include "wire/exec_context.h"

enum { NSP_DMA_RING = 1280, NSP_DMA_RING_STRIDE = 256, NSP_USER_DATA = 4096 };

/* Entry point of every thread on every NSP; never returns. */
typedef void nsp_entry(struct nsp_context* context, uint8_t thread, uint32_t stid);

static inline volatile uint32_t* nsp_doorbell(struct nsp_context* context, uint32_t number) {
  return (volatile uint32_t*)context->l2tcm + number;
}

static inline int nsp_must_exit(struct nsp_context* context) {
  return *(volatile uint32_t*)(context->l2tcm + NSP_EXIT_DOORBELL) != 0;
}

/* Lets other threads run until something may have changed. Alone in its packet
 * by the rules of the architecture. */
static inline void nsp_pause(void) {
  __asm__ volatile("pause(#255)" ::: "memory");
}

/* Waits until the host rang doorbell `number`; leaves when the network must
 * go. Everything the host wrote before it rang can be read afterwards. */
static inline void nsp_wait_doorbell(struct nsp_context* context, uint32_t number) {
  while (*nsp_doorbell(context, number) == 0) {
    if (nsp_must_exit(context)) context->exit_thread();
    nsp_pause();
  }
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
}

static inline void nsp_wait_exit(struct nsp_context* context) {
  while (!nsp_must_exit(context)) nsp_pause();
  context->exit_thread();
}

/* One semaphore operation: one store. Everything written before it is visible
 * to whoever sees the semaphore change. */
static inline void nsp_semaphore(struct nsp_context* context, uint32_t number, enum nsp_semaphore_op op,
                                 uint32_t value) {
  const struct nsp_semaphore* semaphore = &context->semaphores[number];
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  *(volatile uint32_t*)semaphore->address = NSP_SEMAPHORE_COMMAND(op, semaphore->number, value);
}

/* Copies `size` (< 16 MiB) bytes by user DMA and waits until they have arrived.
 * Returns 0, or DM0 when the engine reports an error. `destination` may be in a
 * multicast window; its cache is bypassed. */
static inline uint32_t nsp_dma_copy(struct nsp_context* context, uint8_t thread, void* destination,
                                    const void* source, uint32_t size) {
  volatile struct nsp_dma* transfer =
      (volatile struct nsp_dma*)(context->l2tcm + NSP_DMA_RING + thread * NSP_DMA_RING_STRIDE);
  transfer->next = 0;
  transfer->control = (size & NSP_DMA_LENGTH) | NSP_DMA_ORDER;
  transfer->source = (uint32_t)source;
  transfer->destination = (uint32_t)destination;
  uint32_t status;
  /* Braces: each must be alone in its packet. */
  __asm__ volatile("{ dmstart(%0) }" ::"r"(transfer) : "memory");
  __asm__ volatile("{ %0 = dmwait }" : "=r"(status)::"memory");
  return (status & 3) == 2 ? status : 0;
}

/* Freestanding code has no libc; the compiler may still call these. */
#ifdef NSP_DEFINE_MEMORY_FUNCTIONS
void* memcpy(void* to, const void* from, size_t size) {
  volatile uint8_t* out = to;
  const uint8_t* in = from;
  while (size-- != 0) *out++ = *in++;
  return to;
}
void* memset(void* to, int value, size_t size) {
  volatile uint8_t* out = to;
  while (size-- != 0) *out++ = (uint8_t)value;
  return to;
}
#endif
