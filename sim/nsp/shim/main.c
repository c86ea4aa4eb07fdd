/* Start of an emulator process: argv[1] is the NSP, argv[2] the control file's
 * descriptor. Maps everything, patches the network's code, starts its threads. */
#include "sim/nsp/shim/shim.h"

enum {
  STACK_SLOT = 4 * NSP_GUEST_PAGE, /* lowest page of a slot: inaccessible */
  SYS_CLONE = 220,
  /* VM, FS, FILES, SIGHAND, THREAD, SYSVSEM */
  CLONE_THREAD_FLAGS = 0x50f00,
};

struct nsp_control* control;
uint32_t own_nsp;

static uint8_t* stacks;
static struct nsp_context context;
static struct nsp_semaphore semaphores[NSP_MAX_SEMAPHORES];
static volatile uint32_t threads_left;

typedef void (*entry_function)(struct nsp_context*, uint8_t thread, uint32_t stid);

uint32_t current_thread(const void* stack_address) {
  return ((uint32_t)stack_address - (uint32_t)stacks) / STACK_SLOT;
}

void announce_change(void) {
  __atomic_add_fetch(&control->generation, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&control->sleepers, __ATOMIC_SEQ_CST) != 0) wake_all(&control->generation);
}

void leave_thread(void) {
  if (__atomic_sub_fetch(&threads_left, 1, __ATOMIC_SEQ_CST) == 0) exit_process(0);
  exit_thread_only();
}

void thread_main(uint32_t thread) {
  ((entry_function)control->thread_entry[thread])(&context, (uint8_t)thread, thread);
  fatal("a thread returned from its entry function instead of calling exitThread");
}

/* clone gives the child r0 = 0 and its own stack; everything else is as in the
 * parent, so the thread's number is still in r5. */
__asm__(
    ".p2align 4\nspawn_thread:\n"
    "{ r6 = #220 ; r5 = r2 }\n{ trap0(#1) }\n"
    "{ p0 = cmp.eq(r0,#0) ; if (!p0.new) jumpr:nt r31 }\n"
    "{ r0 = r5 ; call thread_main }\n"
    ".p2align 4\nrun_on_stack:\n{ r29 = r0 ; r0 = r1 }\n{ r30 = #0 ; call thread_main }\n"
    ".p2align 4\n.globl _start\n_start:\n{ r0 = r29 }\n{ r30 = #0 ; call shim_main }\n");
int32_t spawn_thread(uint32_t flags, uint8_t* stack, uint32_t thread);
void run_on_stack(uint8_t* stack, uint32_t thread) __attribute__((noreturn));

static uint32_t number(const char* text) {
  uint32_t value = 0;
  for (; *text >= '0' && *text <= '9'; ++text) value = value * 10 + (uint32_t)(*text - '0');
  return value;
}

/* A semaphore operation must count once however its packet is made: alone, in
 * slot 1 beside a load in slot 0 (which the emulator commits early, unless the
 * last conditional instruction before was cancelled, hence the one that is
 * not), two in one packet. The packet with the load is in words because the
 * assembler would choose its slots: { memw(r2+#0) = r3 ; r1 = memw(r2+#84) }. */
static void try_stores(uint8_t* trial) {
  __asm__ volatile(
      "r2 = %0\nr3 = %1\n{ p0 = cmp.eq(r2,r2) }\n{ if (p0) r1 = add(r2,#0) }\n"
      "{ memw(r2+#0) = r3 }\n"
      ".word 0xa1824300, 0x9182c2a1\n"
      "{ memw(r2+#0) = r3 ; memw(r2+#0) = r3 }\n" ::"r"(trial),
      "r"(NSP_TRIAL_VALUE)
      : "r1", "r2", "r3", "p0", "memory");
  if (control->trial_stores[own_nsp] != 4) {
    fatal("this version of qemu-hexagon does not store once per store: semaphores would not be exact");
  }
}

static void give_semaphores(int32_t control_fd) {
  /* Writable for the guest, not for the host: the library in the emulator
   * catches each store. */
  uint8_t* page = map_file(control_fd, NSP_SEMAPHORE_OFFSET, NSP_GUEST_PAGE, MAP_READ | MAP_WRITE);
  if (page == NULL) fatal("cannot map the semaphores");
  try_stores(page + NSP_TRIAL_OFFSET);
  for (uint32_t i = 0; i < control->semaphore_count; ++i) {
    semaphores[i].address = (uint32_t)(page + i * NSP_SEMAPHORE_STRIDE);
    semaphores[i].number = control->semaphore_number[i];
  }
  context.semaphores = semaphores;
}

static uint8_t* stack_top(uint32_t thread) {
  return stacks + (thread + 1) * STACK_SLOT - 16;
}

void shim_main(uint32_t* stack) {
  const char* const* arguments = (const char* const*)(stack + 1);
  if (stack[0] < 3) exit_process(NSP_EXIT_TRAPPED);
  own_nsp = number(arguments[1]);
  const int32_t control_fd = (int32_t)number(arguments[2]);
  control =
      (struct nsp_control*)map_file(control_fd, NSP_CONTROL_OFFSET, NSP_GUEST_PAGE, MAP_READ | MAP_WRITE);
  if (control == NULL || control->magic != NSP_CONTROL_MAGIC) exit_process(NSP_EXIT_TRAPPED);
  notices_to(control->notice_fd[own_nsp]);
  if (control->trap_ready[own_nsp] == 0) {
    fatal("qemu-hexagon ignored LD_PRELOAD (a static build?), so semaphores cannot work");
  }

  context.major = NSP_EXEC_CONTEXT_MAJOR;
  context.nsp = (uint8_t)own_nsp;
  give_semaphores(control_fd);
  map_memories(&context);
  fill_services(&context);

  stacks = map_anonymous(0, control->thread_count * STACK_SLOT, MAP_READ | MAP_WRITE);
  if (stacks == NULL) fatal("cannot map the stacks");
  for (uint32_t i = 0; i < control->thread_count; ++i)
    make_inaccessible(stacks + i * STACK_SLOT, NSP_GUEST_PAGE);

  /* Last: with the image come the limits on what this process may still do. */
  if (map_anonymous(control->trampoline_begin, control->trampoline_end - control->trampoline_begin,
                    MAP_READ | MAP_WRITE | MAP_EXECUTE) == NULL ||
      map_private_file(control->image_fd, control->image_begin, control->image_end - control->image_begin) ==
          NULL) {
    fatal("cannot map the network's image");
  }
  patch_code();

  threads_left = control->thread_count;
  for (uint32_t i = 1; i < control->thread_count; ++i) {
    if (spawn_thread(CLONE_THREAD_FLAGS, stack_top(i), i) < 0) fatal("cannot start a thread");
  }
  run_on_stack(stack_top(0), 0);
}
