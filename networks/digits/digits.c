/* A perceptron of two layers that reads 8 x 8 images of handwritten digits:
 *     hidden[j] = clamp((sum_k w1[k][j] * pixel[k] + b1[j]) >> shift, 0, 127)
 *     logit[i]  = sum_j w2[j][i] * hidden[j] + b2[i]
 * IMAGES of them per inference. One HVX lane is one hidden unit, then one digit.
 * Weights of 8 bits are in the constants; they are widened into VTCM once.
 *
 * Semaphore 0: 1 = ready for images. Semaphore 1: 0 = logits are there.
 * Doorbell 0: images have arrived. Doorbell 1: logits were taken. */
#include "networks/runtime/nsp.h"

typedef int32_t vector __attribute__((vector_size(128)));

enum { IMAGES = 360, PIXELS = 64, HIDDEN = 64, DIGITS = 10, LANES = 32 };

/* constants.bin, as blob.cpp writes it. */
struct constants {
  int32_t shift;
  int32_t reserved[31];
  int32_t b1[HIDDEN];
  int32_t b2[LANES]; /* zero behind DIGITS, as w2 */
  int8_t w1[PIXELS][HIDDEN];
  int8_t w2[HIDDEN][LANES];
};

/* In VTCM. */
struct work {
  vector w1[PIXELS][HIDDEN / LANES];
  vector w2[HIDDEN];
  vector b1[HIDDEN / LANES];
  vector b2;
  vector hidden[HIDDEN / LANES];
  vector logits;
  int32_t result[IMAGES][DIGITS];
};

static void widen(int32_t* out, const int8_t* in, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) ((volatile int32_t*)out)[i] = in[i];
}

static void prepare(struct work* work, const struct constants* constants) {
  widen((int32_t*)work->w1, &constants->w1[0][0], PIXELS * HIDDEN);
  widen((int32_t*)work->w2, &constants->w2[0][0], HIDDEN * LANES);
  for (uint32_t i = 0; i < HIDDEN; ++i) ((volatile int32_t*)work->b1)[i] = constants->b1[i];
  for (uint32_t i = 0; i < LANES; ++i) ((volatile int32_t*)&work->b2)[i] = constants->b2[i];
}

static vector clamped(vector value) {
  const vector zero = {0};
  const vector most = zero + 127;
  value &= value > zero;
  const vector over = value > most;
  return (over & most) | (~over & value);
}

static void classify(struct work* work, const int8_t* pixels, int32_t shift, int32_t* result) {
  vector low = work->b1[0];
  vector high = work->b1[1];
  for (uint32_t k = 0; k < PIXELS; ++k) {
    low += work->w1[k][0] * (int32_t)pixels[k];
    high += work->w1[k][1] * (int32_t)pixels[k];
  }
  work->hidden[0] = clamped(low >> shift);
  work->hidden[1] = clamped(high >> shift);
  const volatile int32_t* hidden = (const volatile int32_t*)work->hidden;
  vector logits = work->b2;
  for (uint32_t j = 0; j < HIDDEN; ++j) logits += work->w2[j] * hidden[j];
  work->logits = logits;
  for (uint32_t i = 0; i < DIGITS; ++i) result[i] = ((const volatile int32_t*)&work->logits)[i];
}

void entry(struct nsp_context* context, uint8_t thread, uint32_t stid) {
  (void)stid;
  if (thread != 0) nsp_wait_exit(context);
  struct work* work = (struct work*)context->vtcm;
  const struct constants* constants = (const struct constants*)context->constants;
  const int8_t* images = (const int8_t*)(context->l2tcm + NSP_USER_DATA);
  prepare(work, constants);
  for (;;) {
    *nsp_doorbell(context, 0) = 0;
    nsp_semaphore(context, 0, NSP_SEMAPHORE_INC, 1);
    nsp_wait_doorbell(context, 0);
    for (uint32_t i = 0; i < IMAGES; ++i) {
      classify(work, images + i * PIXELS, constants->shift, work->result[i]);
    }
    nsp_wait_doorbell(context, 1);
    *nsp_doorbell(context, 1) = 0;
    if (nsp_dma_copy(context, thread, context->ddr, work->result, sizeof work->result) != 0) {
      context->log(NSP_LOG_ERROR, 0, "user DMA failed");
    }
    nsp_semaphore(context, 1, NSP_SEMAPHORE_DEC, 1);
  }
}
