/* Memory shared by the three parties of one simulated activation: the
 * simulator (C++), the library inside each emulator process (C++), the shim
 * that runs as the guest (C11 for Hexagon). Only fixed-width fields, so that
 * 32 and 64 bits agree. The control file holds, each in its own guest page:
 *   0        semaphore page    guest stores trap; never holds data
 *   1 page   struct nsp_control
 *   2 pages  command ring      the guest does not see it
 *   3 pages  multicast tables  nsp_count x multicast_count entries
 */
#pragma once

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
#else
#include <stddef.h>
#include <stdint.h>
#endif

enum {
  NSP_GUEST_PAGE = 0x10000, /* qemu-hexagon's page; the host's is smaller */
  NSP_SEMAPHORE_OFFSET = 0,
  NSP_CONTROL_OFFSET = NSP_GUEST_PAGE,
  NSP_RING_OFFSET = 2 * NSP_GUEST_PAGE,
  NSP_TABLE_OFFSET = 3 * NSP_GUEST_PAGE,
  NSP_SEMAPHORE_STRIDE = 128, /* bytes between the words of two semaphores */
  /* In the semaphore page: the shim tries here how this emulator stores. */
  NSP_TRIAL_OFFSET = 0x8000,
  NSP_TRIAL_VALUE = 0x0517,
  NSP_CONTROL_MAGIC = 0x4e535031,
  NSP_CONTROL_MAX_NSPS = 16,
  NSP_CONTROL_MAX_THREADS = 16,
  NSP_CONTROL_MAX_SEMAPHORES = 32,
  NSP_CONTROL_MAX_CODE_RANGES = 64,
};

/* Part of the card's DDR that the guest may map as `fd` from offset 0. */
enum nsp_window_kind {
  NSP_WINDOW_SHARED = 0,
  NSP_WINDOW_HEAP = 1,
  NSP_WINDOW_CONSTANTS = 2, /* NSP n's is the n-th from here */
  NSP_WINDOW_COUNT = NSP_WINDOW_CONSTANTS + NSP_CONTROL_MAX_NSPS
};
struct nsp_window {
  uint64_t base; /* in the DDR file; a multiple of the host's page */
  uint64_t size; /* from base, skip included; nothing behind it is reachable */
  uint32_t skip; /* bytes between base and the first byte of the range */
  int32_t fd;    /* -1: there is no such range */
};

struct nsp_multicast_entry {
  uint32_t mask; /* NSPs of the network */
  uint32_t memory;
  uint32_t offset; /* in that memory */
  uint32_t size;
};

struct nsp_code_range {
  uint32_t begin;
  uint32_t end;
};

struct nsp_control {
  uint32_t magic;
  uint32_t generation; /* futex: grows with everything that code in `pause` may wait for */
  uint32_t sleepers;   /* threads that wait on it now, or died doing so */
  uint32_t trap_ready[NSP_CONTROL_MAX_NSPS];
  uint32_t trial_stores[NSP_CONTROL_MAX_NSPS]; /* that counted */

  uint32_t nsp_count;
  uint32_t thread_count;
  uint32_t semaphore_count;
  uint32_t multicast_count;
  uint32_t code_range_count;
  int32_t control_fd, local_fd, image_fd, event_fd;
  int32_t notice_fd[NSP_CONTROL_MAX_NSPS];
  uint32_t thread_entry[NSP_CONTROL_MAX_THREADS];
  uint16_t semaphore_number[NSP_CONTROL_MAX_SEMAPHORES];
  struct nsp_code_range code[NSP_CONTROL_MAX_CODE_RANGES]; /* executable sections */
  uint32_t image_begin, image_end;                         /* guest addresses, whole guest pages */
  uint32_t trampoline_begin, trampoline_end;
  uint32_t l2tcm_size, vtcm_size;
  uint32_t local_stride; /* NSP n's L2TCM is at n x stride of the local file */
  uint32_t vtcm_offset;  /* … and its VTCM that much behind */
  uint32_t heap_size_low, heap_size_high;
  uint64_t start_ticks; /* 19.2 MHz */
  struct nsp_window window[NSP_WINDOW_COUNT];
};

/* What a process says through its notice pipe: a header and `length` bytes of
 * text, written at once (so at most 4096 bytes). */
enum nsp_notice_kind { NSP_NOTICE_LOG = 1, NSP_NOTICE_FATAL = 2, NSP_NOTICE_HANG = 3 };
enum { NSP_NOTICE_MAX_TEXT = 1024 };
struct nsp_notice {
  uint32_t kind;
  uint32_t value; /* log: mask */
  uint32_t length;
};

/* Exit codes of an emulator process, besides 0: every thread left properly. */
enum {
  NSP_EXIT_FATAL = 90,   /* a fatal notice says why */
  NSP_EXIT_TRAPPED = 91, /* standard error says why */
};
