/* What a network's code finds on an NSP: the execution context (major 5), the
 * descriptor of user DMA, semaphore commands. C11, for the 32-bit Hexagon ABI
 * of hexagon-unknown-elf, freestanding. Both sides read it: networks/runtime
 * and the shim of the simulated cores.
 * Source: runtime-protocols §6.2, §6.3. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
  NSP_EXEC_CONTEXT_MAJOR = 5,
  NSP_MAX_SEMAPHORES = 32,
};

/* One 32-bit store of a command word to `address` is a semaphore operation. */
struct nsp_semaphore {
  uint32_t address;
  uint16_t number; /* physical number, part of the command word */
  uint16_t reserved;
};

enum nsp_semaphore_op { NSP_SEMAPHORE_INIT = 1, NSP_SEMAPHORE_INC = 2, NSP_SEMAPHORE_DEC = 3 };
#define NSP_SEMAPHORE_COMMAND(op, number, value) \
  (((uint32_t)(op) << 24) | ((uint32_t)(number) << 16) | ((uint32_t)(value)&0xfffU))

enum nsp_log_mask {
  NSP_LOG_FATAL = 0x01,
  NSP_LOG_ERROR = 0x02,
  NSP_LOG_WARN = 0x04,
  NSP_LOG_INFO = 0x08,
  NSP_LOG_DEBUG = 0x10,
};
enum { NSP_LOG_MAX_ARGUMENTS = 10 };

/* Where an errFatal comes from: 10 bytes. */
struct nsp_error_position {
  const char* file;
  uint16_t line;
  const char* format; /* with up to three 32-bit arguments */
} __attribute__((packed));

enum nsp_map_type { NSP_MAP_CONSTANTS = 0, NSP_MAP_DDR = 1, NSP_MAP_MULTICAST = 2 };
enum nsp_memory { NSP_MEMORY_L2TCM = 0, NSP_MEMORY_VTCM = 1 };

struct nsp_context {
  uint16_t major;
  uint16_t minor;
  uint8_t nsp; /* 0 … number of NSPs of this network - 1 */
  uint8_t* l2tcm;
  uint8_t* vtcm;
  const uint8_t* constants;
  uint8_t* ddr; /* shared by the network's NSPs and the host's DMA */
  uint8_t* l2_cached_ddr;
  void** multicast; /* window of multicast id i */
  uint64_t start_time;
  void (*log)(uint32_t mask, uint32_t argument_count, const char* format, ...);
  void (*exit_thread)(void);
  void (*set_pmu_register)(int id, uint32_t value);
  void (*error_fatal)(const struct nsp_error_position* position, uint32_t a, uint32_t b, uint32_t c);
  void (*notify_hang)(void);
  void (*read_udma_register)(uint32_t id, uint32_t* value);
  int (*map)(void** address, uint64_t offset, uint32_t size, int type, uint32_t* index);
  int (*unmap)(uint32_t index);
  uint8_t* trace_port;
  void (*read_pmu_counters)(uint32_t counters[8]);
  uint8_t* ddr_bandwidth_monitor;
  struct nsp_semaphore* semaphores; /* by virtual number */
  uint8_t* heap;
  uint64_t heap_size;
  int (*reprogram_multicast)(uint16_t id, uint64_t base_offset, uint32_t mask, int memory);
  void* (*dl_open)(const char* name, int flags);
  void* (*dl_open_buffer)(const char* name, const void* image, uint32_t size, int flags);
  int (*dl_close)(void* handle);
  void* (*dl_symbol)(void* handle, const char* name);
  int (*dl_address)(const void* address, void* answer);
  char* (*dl_error)(void);
  int (*dl_info)(void* handle, int request, void* answer);
  uint64_t* utc_offset;
};

/* A linear transfer of user DMA. */
struct nsp_dma {
  uint32_t next; /* address of the next descriptor, 0: last */
  uint32_t control;
  uint32_t source;
  uint32_t destination;
};
#define NSP_DMA_LENGTH 0x00ffffffU /* bytes */
#define NSP_DMA_TYPE 0x0f000000U   /* bits between length and bypass: 0 in a linear transfer */
#define NSP_DMA_DESTINATION_BYPASS (1U << 28)
#define NSP_DMA_SOURCE_BYPASS (1U << 29)
#define NSP_DMA_ORDER (1U << 30)
#define NSP_DMA_DONE (1U << 31)

/* Byte offset in L2TCM of the word that becomes 1 when the network must leave. */
#define NSP_EXIT_DOORBELL 0x460

#ifdef __hexagon__
_Static_assert(sizeof(struct nsp_semaphore) == 8, "semaphore entry");
_Static_assert(sizeof(struct nsp_error_position) == 10, "error position");
_Static_assert(sizeof(struct nsp_dma) == 16, "DMA descriptor");
_Static_assert(sizeof(struct nsp_context) == 144, "execution context");
_Static_assert(
    offsetof(struct nsp_context, l2tcm) == 8 && offsetof(struct nsp_context, multicast) == 28 &&
        offsetof(struct nsp_context, start_time) == 32 && offsetof(struct nsp_context, log) == 40 &&
        offsetof(struct nsp_context, error_fatal) == 52 && offsetof(struct nsp_context, map) == 64 &&
        offsetof(struct nsp_context, trace_port) == 72 && offsetof(struct nsp_context, semaphores) == 84 &&
        offsetof(struct nsp_context, heap_size) == 96 && offsetof(struct nsp_context, dl_open) == 108 &&
        offsetof(struct nsp_context, utc_offset) == 136,
    "execution context");
#endif
