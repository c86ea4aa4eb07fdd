/* What networks share that read images, IMAGES of them per inference, and answer
 * with a few numbers for each: vectors of 32 lanes, activations of 8 bits, and
 * the loop that serves them.
 *
 * Semaphore 0: 1 = ready for images. Semaphore 1: 0 = the numbers are there.
 * Doorbell 0: images have arrived. Doorbell 1: the numbers were taken. */
#pragma once

#include "networks/runtime/nsp.h"

typedef int32_t vector __attribute__((vector_size(128)));

enum { IMAGES = 360, LANES = 32 };

/* Into vectors of VTCM, word by word. */
static void widen(vector* out, const int8_t* in, uint32_t vectors) {
  for (uint32_t i = 0; i < vectors * LANES; ++i) ((volatile int32_t*)out)[i] = in[i];
}

static void copy_lanes(vector* out, const int32_t* in, uint32_t vectors) {
  for (uint32_t i = 0; i < vectors * LANES; ++i) ((volatile int32_t*)out)[i] = in[i];
}

/* Each lane between 0 and 127. */
static vector clamped(vector value) {
  const vector zero = {0};
  const vector most = zero + 127;
  value &= value > zero;
  const vector over = value > most;
  return (over & most) | (~over & value);
}

/* Writes the numbers of one image of `work`'s network. */
typedef void read_image(void* work, const int8_t* image, int32_t* numbers);

/* Reads images of `image_size` bytes into `numbers` (of `count` for each, in
 * VTCM) and from there into the DDR, inference after inference. */
static void serve_images(struct nsp_context* context, uint32_t thread, read_image* read, void* work,
                         uint32_t image_size, int32_t* numbers, uint32_t count) {
  const int8_t* images = (const int8_t*)(context->l2tcm + NSP_USER_DATA);
  for (;;) {
    *nsp_doorbell(context, 0) = 0;
    nsp_semaphore(context, 0, NSP_SEMAPHORE_INC, 1);
    nsp_wait_doorbell(context, 0);
    for (uint32_t i = 0; i < IMAGES; ++i) read(work, images + i * image_size, numbers + i * count);
    nsp_wait_doorbell(context, 1);
    *nsp_doorbell(context, 1) = 0;
    const uint32_t size = IMAGES * count * sizeof *numbers;
    if (nsp_dma_copy(context, thread, context->ddr, numbers, size) != 0) {
      context->log(NSP_LOG_ERROR, 0, "user DMA failed");
    }
    nsp_semaphore(context, 1, NSP_SEMAPHORE_DEC, 1);
  }
}
