#include "os/seccomp.hpp"

#include <doctest/doctest.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

using namespace qaic::os;

namespace {

constexpr std::uint32_t kThisMachine =
#if defined(__x86_64__)
    0xC000003E;
#elif defined(__aarch64__)
    0xC00000B7;
#else
    0xC00000F3;
#endif
constexpr std::uint32_t kI386 = 0x40000003;

// Interprets the few instructions that filters use.
std::uint32_t verdict(const std::vector<sock_filter>& code, const seccomp_data& call) {
  std::uint32_t a = 0;
  for (std::size_t at = 0; at < code.size(); ++at) {
    const sock_filter& step = code[at];
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        REQUIRE(step.k + 4 <= sizeof call);
        std::memcpy(&a, reinterpret_cast<const std::byte*>(&call) + step.k, 4);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        a &= step.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += a == step.k ? step.jt : step.jf;
        break;
      case BPF_RET | BPF_K:
        return step.k;
      default:
        FAIL("an unknown instruction");
    }
  }
  FAIL("the filter has no end");
  return 0;
}

seccomp_data call_of(long number, std::array<std::uint64_t, 3> arguments, std::uint32_t arch = kThisMachine) {
  seccomp_data call{};
  call.nr = static_cast<int>(number);
  call.arch = arch;
  for (std::size_t i = 0; i < arguments.size(); ++i) call.args[i] = arguments[i];
  return call;
}

}  // namespace

TEST_CASE("a filter hands over what fits all conditions and nothing else") {
  using Condition = SyscallFilter::Condition;
  SyscallFilter filter;
  const std::array ioctl{Condition{1, 0xFF00, 0x6400}};
  const std::array openat{Condition{2, 3, 0, Condition::Sense::not_equal}};
  const std::array socket{Condition{0, 0xFFFFFFFF, 16}, Condition{2, 0xFFFFFFFF, 15}};
  const auto code = filter.notify(SYS_ioctl, ioctl)
                        .notify(SYS_openat, openat)
                        .notify(SYS_socket, socket)
                        .notify(SYS_openat2, {})
                        .build();
  const auto sees = [&](const seccomp_data& call) { return verdict(code, call) == SECCOMP_RET_USER_NOTIF; };
  CHECK(sees(call_of(SYS_ioctl, {3, 0xC0106440, 0})));
  CHECK_FALSE(sees(call_of(SYS_ioctl, {3, 0x5401, 0})));
  CHECK(sees(call_of(SYS_openat, {0, 0, 02})));
  CHECK(sees(call_of(SYS_openat, {0, 0, 02000001})));
  CHECK_FALSE(sees(call_of(SYS_openat, {0, 0, 02000000})));
  CHECK(sees(call_of(SYS_socket, {16, 3, 15})));
  CHECK_FALSE(sees(call_of(SYS_socket, {16, 3, 0})));
  CHECK_FALSE(sees(call_of(SYS_socket, {1, 3, 15})));
  CHECK(sees(call_of(SYS_openat2, {0, 0, 0})));
  CHECK_FALSE(sees(call_of(SYS_read, {3, 0xC0106440, 2})));
  // Another architecture's number 16 means something else.
  CHECK_FALSE(sees(call_of(SYS_ioctl, {3, 0xC0106440, 0}, kI386)));
}
