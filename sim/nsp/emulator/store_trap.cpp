// Preloaded into qemu-hexagon, and only there. Makes guest stores to the
// semaphore page visible one by one: the page is writable for the guest and
// read-only for the host, so each store faults in the emulator's generated or
// own code; the handler here sees it before the emulator's, decodes the host
// instruction, queues the command, and steps over the store. No guest
// instruction needs decoding, and no command can overtake or cover another.
//
// For a packet with a store in slot 1 and a load in slot 0, qemu-hexagon 7.2
// stores twice: early, from a function of its own, so that the load sees it,
// and again from generated code when the packet ends. For memory that makes no
// difference, for a semaphore it would count double. So only stores of
// generated code are commands; an early one is remembered and its repetition
// insisted upon. The shim tries at each start that this emulator does so.
//
// It also bounds what the guest may map of the card's memory, and, once the
// network's image is mapped, takes away the system calls that network code has
// no business with.
//
// It runs inside another program, partly in a signal handler, so it calls the
// system itself, uses nothing but libc, and allocates nothing.
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "sim/nsp/command_ring.hpp"
#include "sim/nsp/control.h"
#include "sim/nsp/emulator/store_decoder.hpp"

#if !defined(__x86_64__)
#error "decodes x86-64 stores"
#endif

namespace {

using qaic::sim::nsp::CommandRing;
using qaic::sim::nsp::decode_store;
using qaic::sim::nsp::Registers;
using qaic::sim::nsp::SemaphoreCommand;

using SigactionFunction = int (*)(int, const struct sigaction*, struct sigaction*);

// Set once by the constructor, before the emulator's main.
SigactionFunction real_sigaction = nullptr;
nsp_control* shared_control = nullptr;
std::uintptr_t emulator_begin = 0;  // the emulator's own code
std::uintptr_t emulator_end = 0;
// A store from the emulator's own code that its generated code must repeat.
thread_local bool early = false;
thread_local std::uint32_t early_offset = 0;
thread_local std::uint32_t early_value = 0;
nsp_control settings{};  // a copy: the guest can write to the shared one
bool attached = false;
CommandRing* ring = nullptr;
std::uint32_t nsp = 0;
// Set by the main thread before the guest runs.
std::atomic<std::uintptr_t> semaphore_page{0};
struct sigaction emulator_action;

// Addresses between the end of a DDR window and the end of its guest page. The
// emulator takes them for ordinary memory and would repeat an access for ever.
struct Hole {
  std::atomic<std::uintptr_t> begin{0};  // 0: none
  std::atomic<std::uintptr_t> end{0};
};
std::array<Hole, 128> holes;

void forget_holes(std::uintptr_t begin, std::uintptr_t end) {
  for (Hole& hole : holes) {
    const std::uintptr_t at = hole.begin.load();
    if (at != 0 && at < end && hole.end.load() > begin) hole.begin.store(0);
  }
}

// The emulator serialises its calls of mmap, so nobody else adds holes.
bool remember_hole(std::uintptr_t begin, std::uintptr_t end) {
  for (Hole& hole : holes) {
    if (hole.begin.load() != 0) continue;
    hole.end.store(end);
    hole.begin.store(begin);
    return true;
  }
  return false;
}

bool in_hole(std::uintptr_t address) {
  for (const Hole& hole : holes) {
    const std::uintptr_t begin = hole.begin.load(std::memory_order_relaxed);
    if (begin != 0 && address >= begin && address < hole.end.load(std::memory_order_relaxed)) return true;
  }
  return false;
}

[[noreturn]] void give_up(const char* why) {
  const char prefix[] = "qaic-sim: ";
  [[maybe_unused]] ssize_t done = write(2, prefix, sizeof(prefix) - 1);
  done = write(2, why, strlen(why));
  done = write(2, "\n", 1);
  _exit(NSP_EXIT_TRAPPED);
}

Registers registers_of(const ucontext_t& context) {
  // Numbers of general registers in instructions -> places in the ucontext.
  constexpr std::array<int, 16> kPlace{REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                       REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                       REG_R12, REG_R13, REG_R14, REG_R15};
  Registers out{};
  for (std::size_t i = 0; i < kPlace.size(); ++i) {
    out[i] = static_cast<std::uint64_t>(context.uc_mcontext.gregs[kPlace[i]]);
  }
  return out;
}

void queue(const SemaphoreCommand& command) {
  while (!ring->push(command)) {
    // Full: wait until the simulator has taken something out. The time limit
    // only guards against a simulator that died between the two steps.
    ring->wait_begin();
    const std::uint32_t seen = ring->drained();
    if (ring->push(command)) {
      ring->wait_end();
      break;
    }
    const timespec limit{0, 100'000'000};
    syscall(SYS_futex, ring->drained_word(), FUTEX_WAIT, seen, &limit, nullptr, 0);
    ring->wait_end();
  }
  if (ring->claim_wakeup()) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t done = write(settings.event_fd, &one, sizeof(one));
  }
}

void on_fault(int signal, siginfo_t* info, void* opaque) {
  const int saved_errno = errno;
  auto& context = *static_cast<ucontext_t*>(opaque);
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  const std::uintptr_t page = semaphore_page.load(std::memory_order_relaxed);
  if (page == 0 || address < page || address >= page + NSP_GUEST_PAGE) {
    if (in_hole(address)) give_up("network code used memory beyond the end of its DDR");
    emulator_action.sa_sigaction(signal, info, opaque);
    return;
  }
  constexpr std::size_t kLongestInstruction = 15;
  const auto* code =
      reinterpret_cast<const std::uint8_t*>(static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RIP]));
  const auto store = decode_store({code, kLongestInstruction}, registers_of(context));
  if (!store)
    give_up("the emulator stored to a semaphore in a way that cannot be followed (a vector store?)");
  if (store->width != 4) give_up("network code stored to a semaphore with a width other than 32 bits");
  const auto offset = static_cast<std::uint32_t>(address - page);
  const auto value = static_cast<std::uint32_t>(store->value);
  const auto pc = static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
  context.uc_mcontext.gregs[REG_RIP] += store->length;
  if (early && (early_offset != offset || early_value != value)) {
    give_up("this version of qemu-hexagon stores in an unknown way: semaphores would not be exact");
  }
  early = pc >= emulator_begin && pc < emulator_end;
  if (early) {
    early_offset = offset;
    early_value = value;
    errno = saved_errno;
    return;
  }
  if (offset == NSP_TRIAL_OFFSET && value == NSP_TRIAL_VALUE) {
    ++shared_control->trial_stores[nsp];
    errno = saved_errno;
    return;
  }
  const std::uint32_t word = offset / NSP_SEMAPHORE_STRIDE;
  if (offset % NSP_SEMAPHORE_STRIDE != 0 || word >= settings.semaphore_count) {
    give_up("network code stored to an address of the semaphore page that is no semaphore of this network");
  }
  queue({nsp, word, value});
  errno = saved_errno;
}

void* system_map(void* address, std::size_t length, int protection, int flags, int fd, std::uint64_t offset) {
  void* mapped = reinterpret_cast<void*>(syscall(SYS_mmap, address, length, protection, flags, fd, offset));
  if (mapped != MAP_FAILED) {
    const auto begin = reinterpret_cast<std::uintptr_t>(mapped);
    forget_holes(begin, begin + length);
  }
  return mapped;
}

// A window of the card's DDR as a file of its own: offsets count from its base
// and nothing beyond its size is reachable, although guest pages are larger
// than the host's.
void* map_window(const nsp_window& window, void* address, std::size_t length, int protection, int flags,
                 std::uint64_t offset) {
  constexpr std::uint64_t kHostPage = 4096;
  if (offset >= window.size) {
    errno = EINVAL;
    return MAP_FAILED;
  }
  const std::uint64_t left = (window.size - offset + kHostPage - 1) & ~(kHostPage - 1);
  // The whole range first, so that it is one hole in the address space.
  void* whole = system_map(address, length, PROT_NONE,
                           (flags & ~MAP_SHARED) | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (whole == MAP_FAILED) return whole;
  const auto begin = reinterpret_cast<std::uintptr_t>(whole);
  if (length > left && !remember_hole(begin + left, begin + length)) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return reinterpret_cast<void*>(syscall(SYS_mmap, whole, length < left ? length : left, protection,
                                         MAP_SHARED | MAP_FIXED, window.fd, window.base + offset));
}

// What the emulator needs from here on for code, threads, time and memory, and
// signals to itself. Anything else ends with EPERM: network code is nobody's
// program to trust.
void forbid_system_calls() {
  constexpr std::array<std::uint32_t, 32> kAllowed{
      SYS_read,           SYS_write,           SYS_close,       SYS_mmap,          SYS_munmap,
      SYS_mprotect,       SYS_mremap,          SYS_madvise,     SYS_brk,           SYS_futex,
      SYS_clone,          SYS_clone3,          SYS_exit,        SYS_exit_group,    SYS_rt_sigaction,
      SYS_rt_sigprocmask, SYS_rt_sigreturn,    SYS_sigaltstack, SYS_rt_sigsuspend, SYS_set_robust_list,
      SYS_rseq,           SYS_gettid,          SYS_getpid,      SYS_clock_gettime, SYS_clock_nanosleep,
      SYS_sched_yield,    SYS_set_tid_address, SYS_membarrier,  SYS_getrandom,     SYS_fstat,
      SYS_nanosleep,      SYS_restart_syscall};
  struct Limited {
    std::uint32_t number;
    unsigned argument;
    std::uint32_t value;  // of its low half
  };
  const auto self = static_cast<std::uint32_t>(getpid());
  const std::array<Limited, 3> limited{
      {{SYS_kill, 0, self}, {SYS_tgkill, 0, self}, {SYS_newfstatat, 3, AT_EMPTY_PATH}}};
  std::array<sock_filter, 4 + 2 * kAllowed.size() + 5 * limited.size() + 1> program{};
  std::size_t at = 0;
  const sock_filter number = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  const sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  program[at++] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
  program[at++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
  program[at++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  program[at++] = number;
  for (const std::uint32_t allowed : kAllowed) {
    program[at++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed, 0, 1);
    program[at++] = allow;
  }
  for (const Limited& call : limited) {
    const auto where = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8 * call.argument);
    program[at++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call.number, 0, 4);
    program[at++] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, where);
    program[at++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call.value, 0, 1);
    program[at++] = allow;
    program[at++] = number;
  }
  program[at++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  const sock_fprog filter{static_cast<unsigned short>(at), program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    give_up("cannot confine the emulator (seccomp)");
  }
}

void find_emulator_code() {
  dl_iterate_phdr(
      [](dl_phdr_info* module, std::size_t, void*) {
        for (unsigned i = 0; i < module->dlpi_phnum; ++i) {
          const auto& part = module->dlpi_phdr[i];
          if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
          emulator_begin = module->dlpi_addr + part.p_vaddr;
          emulator_end = emulator_begin + part.p_memsz;
        }
        return 1;  // only the first: the program itself
      },
      nullptr);
}

// "<control descriptor>:<nsp>:<parent>", set by the simulator for this process only.
__attribute__((constructor)) void attach() {
  real_sigaction = reinterpret_cast<SigactionFunction>(dlsym(RTLD_NEXT, "sigaction"));
  const char* text = getenv("QAIC_NSP");
  if (real_sigaction == nullptr) _exit(NSP_EXIT_TRAPPED);
  if (text == nullptr) return;  // preloaded by hand: stay out of the way
  char* end = nullptr;
  const long fd = strtol(text, &end, 10);
  nsp = static_cast<std::uint32_t>(*end == ':' ? strtol(end + 1, &end, 10) : 0);
  const long parent = *end == ':' ? strtol(end + 1, &end, 10) : 0;
  // Nobody outlives the simulator, not even one that died just now.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(NSP_EXIT_TRAPPED);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);

  void* memory =
      system_map(nullptr, NSP_TABLE_OFFSET, PROT_READ | PROT_WRITE, MAP_SHARED, static_cast<int>(fd), 0);
  if (memory == MAP_FAILED) give_up("cannot map the control memory");
  auto* shared = reinterpret_cast<nsp_control*>(static_cast<char*>(memory) + NSP_CONTROL_OFFSET);
  if (shared->magic != NSP_CONTROL_MAGIC || nsp >= shared->nsp_count)
    give_up("the control memory is not ours");
  ring = reinterpret_cast<CommandRing*>(static_cast<char*>(memory) + NSP_RING_OFFSET);
  find_emulator_code();
  shared->trap_ready[nsp] = 1;
  shared_control = shared;
  settings = *shared;
  attached = true;
}

}  // namespace

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED int sigaction(int signal, const struct sigaction* action, struct sigaction* old) noexcept {
  if (signal != SIGSEGV || !attached || action == nullptr || (action->sa_flags & SA_SIGINFO) == 0) {
    return real_sigaction(signal, action, old);
  }
  emulator_action = *action;
  struct sigaction ours = *action;
  ours.sa_sigaction = on_fault;
  return real_sigaction(signal, &ours, old);
}

EXPORTED void* mmap64(void* address, std::size_t length, int protection, int flags, int fd,
                      off64_t offset) noexcept {
  const auto from = static_cast<std::uint64_t>(offset);
  if (!attached || fd < 0) return system_map(address, length, protection, flags, fd, from);
  if (fd == settings.control_fd) {
    if (from == NSP_SEMAPHORE_OFFSET) {
      void* page = system_map(address, length, PROT_READ, flags, fd, from);
      if (page != MAP_FAILED) semaphore_page = reinterpret_cast<std::uintptr_t>(page);
      return page;
    }
    if (from == NSP_RING_OFFSET) {
      errno = EACCES;
      return MAP_FAILED;
    }
  }
  for (const nsp_window& window : settings.window) {
    if (window.fd == fd && window.fd >= 0)
      return map_window(window, address, length, protection, flags, from);
  }
  void* mapped = system_map(address, length, protection, flags, fd, from);
  if (fd == settings.image_fd && mapped != MAP_FAILED) forbid_system_calls();
  return mapped;
}
