#include "sim/nsp/shim/shim.h"

enum {
  SYS_EXIT = 93,
  SYS_EXIT_GROUP = 94,
  SYS_FUTEX = 98,
  SYS_CLOCK_GETTIME = 113,
  SYS_MUNMAP = 215,
  SYS_MMAP2 = 222,
  SYS_MPROTECT = 226,
  FUTEX_WAIT = 0,
  FUTEX_WAKE = 1,
  MAP_SHARED = 1,
  MAP_PRIVATE = 2,
  MAP_FIXED = 0x10,
  MAP_ANONYMOUS = 0x20,
  MAP_NORESERVE = 0x4000,
  ETIMEDOUT = 110,
};

int32_t system_call(int32_t number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f) {
  register uint32_t r6 __asm__("r6") = (uint32_t)number;
  register uint32_t r0 __asm__("r0") = a;
  register uint32_t r1 __asm__("r1") = b;
  register uint32_t r2 __asm__("r2") = c;
  register uint32_t r3 __asm__("r3") = d;
  register uint32_t r4 __asm__("r4") = e;
  register uint32_t r5 __asm__("r5") = f;
  __asm__ volatile("trap0(#1)" : "+r"(r0) : "r"(r6), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5) : "memory");
  return (int32_t)r0;
}

static uint8_t* checked(int32_t result) {
  const uint32_t address = (uint32_t)result;
  return address > 0xfffff000U ? NULL : (uint8_t*)address;
}

uint8_t* map_file(int32_t fd, uint64_t offset, uint32_t size, int protection) {
  return checked(system_call(SYS_MMAP2, 0, size, (uint32_t)protection, MAP_SHARED, (uint32_t)fd,
                             (uint32_t)(offset >> 12)));
}

uint8_t* map_private_file(int32_t fd, uint32_t address, uint32_t size) {
  return checked(system_call(SYS_MMAP2, address, size, MAP_READ | MAP_WRITE | MAP_EXECUTE,
                             MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, (uint32_t)fd, 0));
}

uint8_t* map_anonymous(uint32_t address, uint32_t size, int protection) {
  const uint32_t fixed = address != 0 ? MAP_FIXED : 0;
  return checked(system_call(SYS_MMAP2, address, size, (uint32_t)protection,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, (uint32_t)-1, 0));
}

void unmap(uint8_t* address, uint32_t size) {
  system_call(SYS_MUNMAP, (uint32_t)address, size, 0, 0, 0, 0);
}

void make_inaccessible(uint8_t* address, uint32_t size) {
  system_call(SYS_MPROTECT, (uint32_t)address, size, 0, 0, 0, 0);
}

uint64_t ticks_now(void) {
  struct {
    int32_t seconds, nanoseconds;
  } now = {0, 0};
  const uint32_t kMonotonic = 1;
  system_call(SYS_CLOCK_GETTIME, kMonotonic, (uint32_t)&now, 0, 0, 0, 0);
  const uint32_t nanoseconds = (uint32_t)now.nanoseconds; /* x 12 / 625, without 64-bit division */
  const uint32_t part = nanoseconds / 625 * 12 + nanoseconds % 625 * 12 / 625;
  return (uint64_t)(uint32_t)now.seconds * 19200000U + part;
}

void exit_thread_only(void) {
  for (;;) system_call(SYS_EXIT, 0, 0, 0, 0, 0, 0);
}

void exit_process(int code) {
  for (;;) system_call(SYS_EXIT_GROUP, (uint32_t)code, 0, 0, 0, 0, 0);
}

bool sleep_on(volatile uint32_t* word, uint32_t expected, uint32_t microseconds) {
  const struct { int32_t seconds, nanoseconds; } limit = {0, (int32_t)(microseconds * 1000)};
  return system_call(SYS_FUTEX, (uint32_t)word, FUTEX_WAIT, expected, (uint32_t)&limit, 0, 0) != -ETIMEDOUT;
}

void wake_all(volatile uint32_t* word) {
  system_call(SYS_FUTEX, (uint32_t)word, FUTEX_WAKE, 0x7fffffff, 0, 0, 0);
}

void copy_bytes(void* to, const void* from, uint32_t size) {
  uint8_t* out = to;
  const uint8_t* in = from;
  if ((((uint32_t)out | (uint32_t)in) & 7) == 0) {
    for (; size >= 8; size -= 8, out += 8, in += 8) *(uint64_t*)out = *(const uint64_t*)in;
  }
  for (; size != 0; --size) *out++ = *in++;
}

/* What the compiler may call on its own. */
void* memcpy(void* to, const void* from, size_t size) {
  copy_bytes(to, from, size);
  return to;
}

void* memset(void* to, int value, size_t size) {
  volatile uint8_t* out = to;
  while (size-- != 0) *out++ = (uint8_t)value;
  return to;
}
