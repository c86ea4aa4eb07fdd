/* A perceptron of two layers that reads 8 x 8 images of handwritten digits:
 *     hidden[j] = clamp((sum_k w1[k][j] * pixel[k] + b1[j]) >> shift, 0, 127)
 *     logit[i]  = sum_j w2[j][i] * hidden[j] + b2[i]
 * One HVX lane is one hidden unit, then one digit. Weights of 8 bits are in the
 * constants; they are widened into VTCM once. */
#include "networks/runtime/images.h"

enum { PIXELS = 64, HIDDEN = 64, DIGITS = 10 };

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
  int32_t shift;
  int32_t result[IMAGES][DIGITS];
};

static void prepare(struct work* work, const struct constants* constants) {
  widen(work->w1[0], constants->w1[0], PIXELS * HIDDEN / LANES);
  widen(work->w2, constants->w2[0], HIDDEN);
  copy_lanes(work->b1, constants->b1, HIDDEN / LANES);
  copy_lanes(&work->b2, constants->b2, 1);
  work->shift = constants->shift;
}

static void classify(void* network, const int8_t* pixels, int32_t* result) {
  struct work* work = (struct work*)network;
  vector low = work->b1[0];
  vector high = work->b1[1];
  for (uint32_t k = 0; k < PIXELS; ++k) {
    low += work->w1[k][0] * (int32_t)pixels[k];
    high += work->w1[k][1] * (int32_t)pixels[k];
  }
  work->hidden[0] = clamped(low >> work->shift);
  work->hidden[1] = clamped(high >> work->shift);
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
  prepare(work, (const struct constants*)context->constants);
  serve_images(context, thread, classify, work, PIXELS, work->result[0], DIGITS);
}
