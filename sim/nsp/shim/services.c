/* The functions that the execution context offers. What this NSP does not have
 * says so: with a failure where the function can fail, with a log line once
 * where it cannot. */
#include "sim/nsp/shim/shim.h"

static void say(uint32_t mask, const char* text) {
  uint32_t length = 0;
  while (text[length] != '\0') ++length;
  send_notice(NSP_NOTICE_LOG, mask, text, length);
}

static void say_once(volatile uint32_t* said, const char* text) {
  if (__atomic_exchange_n(said, 1, __ATOMIC_RELAXED) == 0) say(NSP_LOG_WARN, text);
}

static void log_line(uint32_t mask, uint32_t argument_count, const char* format, ...) {
  char text[NSP_NOTICE_MAX_TEXT];
  if (argument_count > NSP_LOG_MAX_ARGUMENTS) {
    say(NSP_LOG_WARN, "a log call with more than 10 arguments was dropped");
    return;
  }
  __builtin_va_list arguments;
  __builtin_va_start(arguments, format);
  const uint32_t length = format_text(text, sizeof text, format, arguments);
  __builtin_va_end(arguments);
  send_notice(NSP_NOTICE_LOG, mask, text, length);
}

static void error_fatal(const struct nsp_error_position* position, uint32_t a, uint32_t b, uint32_t c) {
  char text[NSP_NOTICE_MAX_TEXT];
  uint32_t length = format_values(text, sizeof text, "%s:%u: ", position->file, (uint32_t)position->line);
  length += format_values(text + length, sizeof text - length, position->format, a, b, c);
  send_notice(NSP_NOTICE_FATAL, 0, text, length);
  exit_process(NSP_EXIT_FATAL);
}

static void notify_hang(void) {
  send_notice(NSP_NOTICE_HANG, 0, "", 0);
}

static volatile uint32_t said_pmu, said_udma, said_dl;

static void read_udma_register(uint32_t id, uint32_t* value) {
  /* Register 0 is the status: always idle. */
  if (id != 0) say_once(&said_udma, "user DMA registers other than 0 are not available here");
  *value = 0;
}

static void set_pmu_register(int id, uint32_t value) {
  (void)id;
  (void)value;
  say_once(&said_pmu, "performance counters are not available here");
}

static void read_pmu_counters(uint32_t counters[8]) {
  say_once(&said_pmu, "performance counters are not available here");
  for (int i = 0; i < 8; ++i) counters[i] = 0;
}

static char dl_complaint[] = "dynamic loading is not available on the simulated card";
static void* dl_open(const char* name, int flags) {
  (void)name;
  (void)flags;
  say_once(&said_dl, dl_complaint);
  return NULL;
}
static void* dl_open_buffer(const char* name, const void* image, uint32_t size, int flags) {
  (void)image;
  (void)size;
  return dl_open(name, flags);
}
static int dl_close(void* handle) {
  (void)handle;
  return -1;
}
static void* dl_symbol(void* handle, const char* name) {
  (void)handle;
  (void)name;
  return NULL;
}
static int dl_address(const void* address, void* answer) {
  (void)address;
  (void)answer;
  return 0; /* as dladdr: 0 is failure */
}
static char* dl_error(void) {
  return dl_complaint;
}
static int dl_info(void* handle, int request, void* answer) {
  (void)handle;
  (void)request;
  (void)answer;
  return -1;
}

void fill_services(struct nsp_context* context) {
  context->start_time = control->start_ticks;
  context->log = log_line;
  context->exit_thread = leave_thread;
  context->set_pmu_register = set_pmu_register;
  context->error_fatal = error_fatal;
  context->notify_hang = notify_hang;
  context->read_udma_register = read_udma_register;
  context->map = map_range;
  context->unmap = unmap_range;
  context->read_pmu_counters = read_pmu_counters;
  context->reprogram_multicast = reprogram_multicast;
  context->dl_open = dl_open;
  context->dl_open_buffer = dl_open_buffer;
  context->dl_close = dl_close;
  context->dl_symbol = dl_symbol;
  context->dl_address = dl_address;
  context->dl_error = dl_error;
  context->dl_info = dl_info;
}
