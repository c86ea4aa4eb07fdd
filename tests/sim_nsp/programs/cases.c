/* One device program, many behaviours: the word at MODE in L2TCM says which.
 * tests/sim_nsp/cases_test.cpp plays the card and knows the same numbers. */
#define NSP_DEFINE_MEMORY_FUNCTIONS
#include "networks/runtime/nsp.h"

enum { MODE = 2048, ANSWERS = 8192 };

static volatile uint32_t flag;
static volatile uint32_t image_data[2] = {7, 11};

static uint32_t command(struct nsp_context* c, uint32_t semaphore, uint32_t op) {
  return NSP_SEMAPHORE_COMMAND(op, c->semaphores[semaphore].number, 1);
}

static void answer(struct nsp_context* c, uint32_t index, uint32_t value) {
  ((volatile uint32_t*)(c->l2tcm + ANSWERS))[index] = value;
}

static void done(struct nsp_context* c) {
  nsp_semaphore(c, 1, NSP_SEMAPHORE_INC, 1);
  nsp_wait_exit(c);
}

static void count(struct nsp_context* c) {
  for (int i = 0; i < 10000; ++i) nsp_semaphore(c, 0, NSP_SEMAPHORE_INC, 1);
}

/* Even threads add 6,000, odd ones take 3,000 away, with stores of all kinds. */
static void mix(struct nsp_context* c, uint8_t thread) {
  const uint32_t inc = command(c, 0, NSP_SEMAPHORE_INC);
  const uint32_t dec = command(c, 0, NSP_SEMAPHORE_DEC);
  const uint32_t at = c->semaphores[0].address;
  for (int i = 0; i < 1000; ++i) {
    if (thread & 1) {
      for (int k = 0; k < 3; ++k) *(volatile uint32_t*)at = dec;
      continue;
    }
    __asm__ volatile(
        "{ memw(%0+#0) = %1 }\n"
        "{ memw(%0+#0) = %1 ; memw(%0+#0) = %1 }\n" /* two in one packet */
        "{ r5 = %1 ; memw(%0+#0) = r5.new }\n"
        "{ r4 = %0 }\n{ memw(r4++#4) = %1 }\n"
        "{ p0 = cmp.eq(%0,%0) ; if (p0.new) memw(%0+#0) = %1 }\n"
        "{ p0 = !cmp.eq(%0,%0) ; if (p0.new) memw(%0+#0) = %1 }\n" /* not taken */
        ::"r"(at),
        "r"(inc)
        : "r4", "r5", "p0", "memory");
  }
}

/* Two semaphores in one packet; their order shows. */
static void pairs(struct nsp_context* c) {
  for (int i = 0; i < 100; ++i) {
    __asm__ volatile("{ memw(%0+#0) = %1 ; memw(%2+#0) = %3 }" ::"r"(c->semaphores[0].address),
                     "r"(command(c, 0, NSP_SEMAPHORE_INC)), "r"(c->semaphores[1].address),
                     "r"(command(c, 1, NSP_SEMAPHORE_INC))
                     : "memory");
  }
}

static void say(struct nsp_context* c) {
  c->log(NSP_LOG_INFO, 0, "plain");
  c->log(NSP_LOG_WARN, 5, "%d %5u|%-4x|%s %c", -42, 17u, 0xabcu, "text", 'z');
  c->log(NSP_LOG_DEBUG, 3, "%llu %#x %lld", 12345678901234ULL, 255u, -5000000000LL);
  c->log(NSP_LOG_ERROR, 2, "%08x %.3d%%", 0x1234u, 5);
}

/* A chain of two by dmlink from a finished descriptor, then a window write. */
static void move(struct nsp_context* c) {
  volatile struct nsp_dma* ring = (volatile struct nsp_dma*)(c->l2tcm + NSP_DMA_RING);
  uint8_t *from = c->l2tcm + 16384, *to = c->vtcm + 100;
  for (int i = 0; i < 64; ++i) from[i] = (uint8_t)(i * 3 + c->nsp);
  ring[0].control = NSP_DMA_DONE;
  ring[1] = (struct nsp_dma){(uint32_t)&ring[2], 33, (uint32_t)from, (uint32_t)to};
  ring[2] = (struct nsp_dma){0, 31, (uint32_t)(from + 33), (uint32_t)(to + 33)};
  uint32_t status = 9, queried = 9;
  /* Registers that a trampoline could spoil. */
  register uint32_t r20 __asm__("r20") = (uint32_t)&ring[0];
  register uint32_t r7 __asm__("r7") = (uint32_t)&ring[1];
  __asm__ volatile(
      "{ p0 = cmp.eq(r7,r7) }\n{ r6 = #77 }\n{ loop0(1f,#1) }\n1:{ nop }\n{ dmlink(r20,r7) }\n"
      "{ %0 = dmwait }\n{ nop ; nop }:endloop0\n{ %1 = dmpoll }\n{ if (!p0) %1 = #5 }\n"
      "{ p0 = cmp.eq(r6,#77) ; if (!p0.new) %1 = #6 }\n"
      : "=&r"(status), "=&r"(queried)
      : "r"(r20), "r"(r7)
      : "r6", "p0", "memory", "sa0", "lc0");
  int right = 0;
  for (int i = 0; i < 64; ++i) right += to[i] == (uint8_t)(i * 3 + c->nsp);
  answer(c, 0, (uint32_t)right);
  answer(c, 1, status);
  answer(c, 2, queried);
  answer(c, 3, ring[1].control >> 31 & ring[2].control >> 31);
  answer(c, 4, nsp_dma_copy(c, 0, (uint8_t*)c->multicast[1] + 32, from, 64));
}

static void map(struct nsp_context* c) {
  void* at = 0;
  uint32_t index = 99;
  answer(c, 0, (uint32_t)c->map(&at, 70000, 16, NSP_MAP_DDR, &index));
  *(volatile uint32_t*)at = 0x600d;
  answer(c, 1, *(volatile uint32_t*)(c->ddr + 70000));
  answer(c, 2, (uint32_t)c->unmap(index));
  answer(c, 3, (uint32_t)c->unmap(index));
  answer(c, 4, (uint32_t)c->map(&at, 0x30000, 16, NSP_MAP_DDR, &index)); /* behind the end */
  answer(c, 5, (uint32_t)c->map(&at, 4, 4, NSP_MAP_CONSTANTS, &index));
  answer(c, 6, *(volatile uint32_t*)at);
  answer(c, 7, *(const volatile uint32_t*)(c->constants + 8));
  answer(c, 8, c->dl_open("x", 1) == 0);
  answer(c, 9, (uint32_t)c->heap_size);
  *(volatile uint32_t*)c->heap = 0x4ea9;
}

static uint64_t utimer(void) {
  uint64_t now;
  __asm__ volatile("{ %0 = utimer }" : "=r"(now)::"memory");
  return now;
}

static void tell_time(struct nsp_context* c) {
  const uint64_t begin = utimer();
  while (utimer() - begin < 19200) nsp_pause(); /* 1 ms */
  answer(c, 0, begin >= c->start_time);
}

static void call_linux(struct nsp_context* c) {
  static const char path[] = "/etc/passwd";
  register uint32_t r6 __asm__("r6") = 56; /* openat */
  register uint32_t r0 __asm__("r0") = (uint32_t)-100;
  register uint32_t r1 __asm__("r1") = (uint32_t)path;
  register uint32_t r2 __asm__("r2") = 0;
  __asm__ volatile("trap0(#1)" : "+r"(r0) : "r"(r6), "r"(r1), "r"(r2) : "memory");
  answer(c, 0, r0);
}

static uint32_t deep(uint32_t levels) {
  volatile uint8_t here[4096];
  here[levels & 4095] = (uint8_t)levels;
  return levels == 0 ? here[0] : deep(levels - 1) + here[levels & 4095];
}

void entry(struct nsp_context* c, uint8_t thread, uint32_t stid) {
  const uint32_t mode = *(volatile uint32_t*)(c->l2tcm + MODE);
  const uint32_t at = c->semaphores[0].address;
  (void)stid;
  switch (mode) {
    case 1:
      count(c);
      done(c);
    case 2:
      mix(c, thread);
      done(c);
    case 3:
      pairs(c);
      nsp_wait_exit(c);
    case 4: /* crash */
      *(volatile uint32_t*)16 = 1;
      break;
    case 5: {
      static const struct nsp_error_position position = {"case.c", 321, "bad %d and %x, %u"};
      c->error_fatal(&position, 7, 0xbeef, 9);
      break;
    }
    case 6:
      c->notify_hang();
      nsp_wait_exit(c);
    case 7:
      say(c);
      done(c);
    case 8:
      c->exit_thread();
      break;
    case 9:
      return;
    case 10:
      if (c->nsp == 0 && thread == 0) move(c);
      done(c);
    case 11:
      map(c);
      done(c);
    case 12: /* constants are read-only */
      *(volatile uint8_t*)c->constants = 1;
      break;
    case 13:
      tell_time(c);
      done(c);
    case 14:
      call_linux(c);
      done(c);
    case 15:
      *(volatile uint8_t*)at = 1;
      break;
    case 16:
      __asm__ volatile("{ vmem(%0+#0) = v0 }" ::"r"(at) : "memory");
      break;
    case 17:
      answer(c, 0, deep(1000));
      break;
    case 18: /* threads that wait for each other's plain stores */
      for (uint32_t i = 0; i < 20; ++i) {
        while (flag != 2 * i + thread) nsp_pause();
        flag = 2 * i + thread + 1;
      }
      done(c);
    case 19:
      nsp_wait_exit(c);
    case 20: /* a word that neither the emulator nor the check at load knows */
      __asm__ volatile(".word 0x1fe0e240");
      break;
    case 21: /* a multicast id that points elsewhere from now on */
      if (c->nsp == 0 && thread == 0) {
        *(volatile uint32_t*)(c->l2tcm + 16384) = 0xfeed;
        answer(c, 0, (uint32_t)c->reprogram_multicast(1, 512, 2, NSP_MEMORY_VTCM));
        answer(c, 1, (uint32_t)c->reprogram_multicast(99, 0, 1, NSP_MEMORY_VTCM));
        nsp_dma_copy(c, 0, c->multicast[1], c->l2tcm + 16384, 4);
      }
      done(c);
    case 22: /* each NSP has its own copy of the image's data */
      image_data[0] += 1;
      answer(c, 0, image_data[0]);
      done(c);
    case 23: /* not a semaphore of this network */
      *(volatile uint32_t*)(at + 128 * 5) = 1;
      break;
    case 24: /* beyond the last page of the shared DDR */
      *(volatile uint32_t*)(c->ddr + 0x21000) = 1;
      break;
    default:
      break;
  }
  c->exit_thread();
}
