/*
 * Keeps eight inferences of a network in flight from a poll loop: loads PROGRAM
 * on the first card that this process may see, runs COUNT inferences, each with
 * its number in the first four bytes of every input, and says how many ended
 * well and what one took.
 *
 *   cc queue.c $(pkg-config --cflags --libs qaic) -o queue
 *   queue PROGRAM [COUNT]
 */
#include <poll.h>
#include <qaic/qaic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 8, POLL_MS = 60000 };

static int fail(const qaic_error* error) {
  fprintf(stderr, "queue: %s\n", error->what);
  if (error->hint[0] != '\0') fprintf(stderr, "hint: %s\n", error->hint);
  return (int)error->kind;
}

/* Fills the inputs of a slot and submits it. */
static int submit(qaic_queue* queue, const qaic_program* program, uint32_t slot, uint32_t number,
                  qaic_error* error) {
  const size_t count = qaic_program_tensor_count(program);
  for (size_t i = 0; i < count; ++i) {
    qaic_tensor tensor = {.size = sizeof tensor};
    if (qaic_program_tensor(program, i, &tensor, error) != 0) return -1;
    if (tensor.direction != QAIC_TENSOR_INPUT) continue;
    size_t size = 0;
    void* memory = qaic_queue_tensor(queue, slot, i, &size); /* the card reads it from here */
    if (size >= sizeof number) memcpy(memory, &number, sizeof number);
  }
  return qaic_queue_submit(queue, slot, number, error);
}

/* Until `count` completions were fetched; those that ended well go to *good. */
static int run(qaic_queue* queue, const qaic_program* program, uint32_t count, uint32_t* good,
               qaic_error* error) {
  uint32_t given = 0;
  while (given < count && given < qaic_queue_depth(queue)) {
    uint32_t slot = 0;
    if (qaic_queue_acquire(queue, 0, &slot, error) != 0) return -1;
    if (submit(queue, program, slot, given++, error) != 0) return -1;
  }
  uint32_t fetched = 0;
  while (fetched < count) {
    struct pollfd watched = {.fd = qaic_queue_event_fd(queue), .events = POLLIN}; /* and others beside it */
    if (poll(&watched, 1, POLL_MS) < 0) continue;                                 /* a signal */
    qaic_completion done = {.size = sizeof done};
    while (qaic_queue_next(queue, 0, &done, error) == 0) {
      ++fetched;
      if (done.kind != 0) return -1; /* *error says what became of it */
      ++*good;                       /* its outputs are in the slot's output tensors now */
      if (given < count) {
        if (submit(queue, program, done.slot, given++, error) != 0) return -1;
      } else if (qaic_queue_release(queue, done.slot, error) != 0) {
        return -1;
      }
    }
    if (error->kind != QAIC_ERROR_DEADLINE) return -1; /* not just "nothing more for now" */
  }
  return 0;
}

static int run_on(qaic_device* device, const qaic_program* program, uint32_t count) {
  qaic_error error = {0};
  qaic_network* network = NULL;
  if (qaic_network_load(device, program, &network, &error) != 0) return fail(&error);

  qaic_queue* queue = NULL;
  const qaic_queue_options options = {
      .size = sizeof options, .depth = DEPTH, .delivery = QAIC_QUEUE_EVENT, .deadline_ms = 3000};
  int result = 0;
  uint32_t good = 0;
  if (qaic_queue_create(network, &options, &queue, &error) != 0 ||
      run(queue, program, count, &good, &error) != 0) {
    result = fail(&error);
  }
  printf("%u of %u inferences, %u in flight at once\n", good, count, qaic_queue_depth(queue));
  qaic_queue_free(queue); /* before its network is unloaded */
  if (qaic_network_unload(network, &error) != 0 && result == 0) result = fail(&error);
  return result;
}

int main(int argc, char** argv) {
  if (argc < 2) {
    fprintf(stderr, "queue: PROGRAM is missing\n");
    return QAIC_ERROR_USAGE;
  }
  const uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 100;

  qaic_error error = {0};
  qaic_inventory* inventory = NULL;
  if (qaic_inventory_read(&inventory, &error) != 0) return fail(&error);
  qaic_card_info card = {.size = sizeof card};
  int found = 0;
  for (size_t i = 0; !found && i < qaic_inventory_count(inventory); ++i) {
    found = qaic_inventory_card(inventory, i, &card, NULL) == 0 && card.visible && card.node[0] != '\0';
  }
  qaic_inventory_free(inventory);
  if (!found) {
    fprintf(stderr, "queue: no card with a device node\n");
    return QAIC_ERROR_NO_CARD;
  }

  qaic_program* program = NULL;
  if (qaic_program_open(argv[1], &program, &error) != 0) return fail(&error);
  qaic_device* device = NULL;
  int result = 0;
  if (qaic_device_open(card.node, &device, &error) != 0) {
    result = fail(&error);
  } else {
    result = run_on(device, program, count);
    qaic_device_close(device);
  }
  qaic_program_free(program);
  return result;
}
