/* The shim: the guest program that gives network code its execution context
 * under qemu-hexagon. Freestanding; talks to Linux through the emulator. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/nsp/control.h"
#include "wire/exec_context.h"

enum { kMaxThreads = NSP_CONTROL_MAX_THREADS };

/* system.c: Linux. Results are values or -errno. */
int32_t system_call(int32_t number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f);
/* Address, or 0. Lengths and offsets in whole guest pages, except the last. */
enum { MAP_READ = 1, MAP_WRITE = 2, MAP_EXECUTE = 4 };
uint8_t* map_file(int32_t fd, uint64_t offset, uint32_t size, int protection);
uint8_t* map_private_file(int32_t fd, uint32_t address, uint32_t size);
uint8_t* map_anonymous(uint32_t address, uint32_t size, int protection);
void unmap(uint8_t* address, uint32_t size);
void make_inaccessible(uint8_t* address, uint32_t size);
uint64_t ticks_now(void); /* 19.2 MHz */
void exit_thread_only(void) __attribute__((noreturn));
void exit_process(int code) __attribute__((noreturn));
/* Sleeps until `word` is woken, no longer equals `expected`, or time is up. */
bool sleep_on(volatile uint32_t* word, uint32_t expected, uint32_t microseconds); /* false: time was up */
void wake_all(volatile uint32_t* word);
void copy_bytes(void* to, const void* from, uint32_t size);

/* notices.c: what the simulator must hear of. */
void notices_to(int32_t fd);
void send_notice(uint32_t kind, uint32_t value, const char* text, uint32_t length);
/* Says why and ends the process. */
void fatal(const char* text) __attribute__((noreturn));
/* printf for a log line; the arguments are those of the network's call. */
uint32_t format_text(char* out, uint32_t room, const char* format, __builtin_va_list arguments);
uint32_t format_values(char* out, uint32_t room, const char* format, ...);

/* main.c */
extern struct nsp_control* control; /* shared with the simulator */
extern uint32_t own_nsp;
uint32_t current_thread(const void* stack_address);
/* Something that sleeping code may wait for has changed. */
void announce_change(void);
void leave_thread(void) __attribute__((noreturn));

/* memories.c: every range of memory and the multicast windows. */
void map_memories(struct nsp_context* context);
bool multicast_write(uint32_t destination, const void* source, uint32_t size); /* false: no window there */
int map_range(void** address, uint64_t offset, uint32_t size, int type, uint32_t* index);
int unmap_range(uint32_t index);
int reprogram_multicast(uint16_t id, uint64_t base_offset, uint32_t mask, int memory);

/* services.c: the functions of the context. */
void fill_services(struct nsp_context* context);

/* dma.c */
void dma_link(uint32_t tail, uint32_t head);
void dma_start(uint32_t head);
void dma_resume(uint32_t head);

/* patch.c: replaces words of network code, and serves the replaced ones. */
void patch_code(void);
