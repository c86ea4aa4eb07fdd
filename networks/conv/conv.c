/* A small convolutional network that reads 8 x 8 images of handwritten digits:
 * 3 x 3 filters to 8 channels, the largest of each 2 x 2, 3 x 3 filters to 32
 * channels, one full layer to 10 numbers. Weights and activations are of 8 bits,
 * sums of 32; train.py says it as formulas. One HVX lane is one output channel.
 * Weights are widened into VTCM once. */
#define NSP_DEFINE_MEMORY_FUNCTIONS
#include "networks/runtime/images.h"

enum {
  SIDE = 8,
  HALF = SIDE / 2,
  TAPS = 9,
  CHANNELS = 8,
  FEATURES = 32,
  DIGITS = 10,
};

/* constants.bin; zero behind the channels and digits there are. */
struct constants {
  int32_t s1[LANES]; /* the first counts, as s2's */
  int32_t s2[LANES];
  int32_t b1[LANES];
  int32_t b2[LANES];
  int32_t b3[LANES];
  int8_t w1[TAPS][LANES];
  int8_t w2[TAPS * CHANNELS][LANES];
  int8_t w3[HALF * HALF * FEATURES][LANES];
};

/* In VTCM. The images have a border of zeros. */
struct work {
  vector w1[TAPS];
  vector w2[TAPS * CHANNELS];
  vector w3[HALF * HALF * FEATURES];
  vector b1, b2, b3;
  vector lanes; /* to read single ones of */
  int32_t s1, s2;
  int8_t pixels[SIDE + 2][SIDE + 2];
  int8_t first[SIDE][SIDE][CHANNELS];
  int8_t pooled[HALF + 2][HALF + 2][CHANNELS];
  int32_t result[IMAGES][DIGITS];
};

static void prepare(struct work* work, const struct constants* constants) {
  widen(work->w1, constants->w1[0], TAPS);
  widen(work->w2, constants->w2[0], TAPS * CHANNELS);
  widen(work->w3, constants->w3[0], HALF * HALF * FEATURES);
  copy_lanes(&work->b1, constants->b1, 1);
  copy_lanes(&work->b2, constants->b2, 1);
  copy_lanes(&work->b3, constants->b3, 1);
  work->s1 = constants->s1[0];
  work->s2 = constants->s2[0];
}

static void first_layer(struct work* work) {
  const volatile int32_t* lanes = (const volatile int32_t*)&work->lanes;
  for (uint32_t y = 0; y < SIDE; ++y) {
    for (uint32_t x = 0; x < SIDE; ++x) {
      vector sum = work->b1;
      for (uint32_t tap = 0; tap < TAPS; ++tap) {
        sum += work->w1[tap] * (int32_t)work->pixels[y + tap / 3][x + tap % 3];
      }
      work->lanes = clamped(sum >> work->s1);
      for (uint32_t c = 0; c < CHANNELS; ++c) work->first[y][x][c] = (int8_t)lanes[c];
    }
  }
}

static void pool(struct work* work) {
  for (uint32_t y = 0; y < HALF; ++y) {
    for (uint32_t x = 0; x < HALF; ++x) {
      for (uint32_t c = 0; c < CHANNELS; ++c) {
        int8_t most = 0; /* none is less */
        for (uint32_t i = 0; i < 4; ++i) {
          const int8_t value = work->first[2 * y + i / 2][2 * x + i % 2][c];
          if (value > most) most = value;
        }
        work->pooled[y + 1][x + 1][c] = most;
      }
    }
  }
}

static vector second_layer(const struct work* work, uint32_t y, uint32_t x) {
  vector sum = work->b2;
  const vector* weight = work->w2;
  for (uint32_t tap = 0; tap < TAPS; ++tap) {
    const int8_t* at = work->pooled[y + tap / 3][x + tap % 3];
    for (uint32_t c = 0; c < CHANNELS; ++c) sum += *weight++ * (int32_t)at[c];
  }
  return clamped(sum >> work->s2);
}

static void classify(void* network, const int8_t* pixels, int32_t* result) {
  struct work* work = (struct work*)network;
  for (uint32_t i = 0; i < SIDE * SIDE; ++i) work->pixels[i / SIDE + 1][i % SIDE + 1] = pixels[i];
  first_layer(work);
  pool(work);
  const volatile int32_t* lanes = (const volatile int32_t*)&work->lanes;
  vector logits = work->b3;
  const vector* weight = work->w3;
  for (uint32_t i = 0; i < HALF * HALF; ++i) {
    work->lanes = second_layer(work, i / HALF, i % HALF);
    for (uint32_t d = 0; d < FEATURES; ++d) logits += *weight++ * lanes[d];
  }
  work->lanes = logits;
  for (uint32_t i = 0; i < DIGITS; ++i) result[i] = lanes[i];
}

void entry(struct nsp_context* context, uint8_t thread, uint32_t stid) {
  (void)stid;
  if (thread != 0) nsp_wait_exit(context);
  struct work* work = (struct work*)context->vtcm;
  prepare(work, (const struct constants*)context->constants);
  serve_images(context, thread, classify, work, SIDE * SIDE, work->result[0], DIGITS);
}
