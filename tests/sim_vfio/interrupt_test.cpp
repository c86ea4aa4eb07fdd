#include <sys/eventfd.h>

#include "tests/sim_vfio/client.hpp"

using namespace qaic;
using namespace qaic::sim::vfio;
using namespace qaic::sim::vfio::test;

namespace {
constexpr std::uint32_t kAssign = kIrqDataEventFd | kIrqActionTrigger;
constexpr std::uint32_t kAll = kIrqDataNone | kIrqActionTrigger;
constexpr std::uint32_t kMsi = 1;
constexpr std::uint32_t kMsix = 2;

struct Lines : Wire {
  Lines() {
    negotiate();
    for (unsigned i = 0; i < 32; ++i) {
      auto event = os::make_event();
      REQUIRE(event);
      events.push_back(std::move(*event));
    }
  }
  std::vector<int> some(unsigned start, unsigned count) {
    std::vector<int> out;
    for (unsigned i = start; i < start + count; ++i) out.push_back(events[i].get());
    return out;
  }
  // How often event `i` was set since the last look.
  std::uint64_t count(unsigned i) {
    std::uint64_t value = 0;
    return ::read(events[i].get(), &value, sizeof value) == sizeof value ? value : 0;
  }
  std::vector<os::Fd> events;
};
}  // namespace

TEST_CASE("thirty-two vectors in two messages, each heard by its own eventfd") {
  Lines l;
  REQUIRE(l.set_irqs(kAssign, kMsi, 0, 16, l.some(0, 16)) == 0);
  REQUIRE(l.set_irqs(kAssign, kMsi, 16, 16, l.some(16, 16)) == 0);
  for (unsigned i = 0; i < 32; ++i) {
    l.interrupts.raise(i);
    for (unsigned j = 0; j < 32; ++j) CHECK(l.count(j) == (i == j ? 1 : 0));
  }
}

TEST_CASE("with one message granted, every vector is vector 0") {
  Lines l;
  REQUIRE(l.set_irqs(kAssign, kMsi, 0, 1, l.some(0, 1)) == 0);
  l.interrupts.raise(0);
  l.interrupts.raise(1);
  l.interrupts.raise(16);
  CHECK(l.count(0) == 3);
}

TEST_CASE("one line can be dropped, and all at once") {
  Lines l;
  REQUIRE(l.set_irqs(kAssign, kMsi, 0, 16, l.some(0, 16)) == 0);
  REQUIRE(l.set_irqs(kAssign, kMsi, 5, 1) == 0);
  l.interrupts.raise(5);
  CHECK(l.count(5) == 0);
  CHECK(l.count(0) == 1);
  l.interrupts.raise(6);
  CHECK(l.count(6) == 1);
  REQUIRE(l.set_irqs(kAll, kMsi, 0, 0) == 0);
  for (unsigned i = 0; i < 16; ++i) l.interrupts.raise(i);
  for (unsigned i = 0; i < 16; ++i) CHECK(l.count(i) == 0);
}

TEST_CASE("another eventfd replaces the one before") {
  Lines l;
  REQUIRE(l.set_irqs(kAssign, kMsi, 0, 1, l.some(0, 1)) == 0);
  REQUIRE(l.set_irqs(kAssign, kMsi, 0, 1, l.some(1, 1)) == 0);
  l.interrupts.raise(0);
  CHECK(l.count(0) == 0);
  CHECK(l.count(1) == 1);
}

TEST_CASE("MSI-X vectors come one by one and win over MSI") {
  Lines l;
  REQUIRE(l.set_irqs(kAssign, kMsi, 0, 1, l.some(31, 1)) == 0);
  for (unsigned n = 1; n <= 16; ++n) {
    REQUIRE(l.set_irqs(kAll, kMsix, 0, 0) == 0);
    REQUIRE(l.set_irqs(kAssign, kMsix, 0, n, l.some(0, n)) == 0);
  }
  REQUIRE(l.set_irqs(kAssign, kMsix, 16, 1, l.some(16, 1)) == 0);
  l.interrupts.raise(16);
  CHECK(l.count(16) == 1);
  CHECK(l.count(31) == 0);
  REQUIRE(l.set_irqs(kAll, kMsix, 0, 0) == 0);
  l.interrupts.raise(3);
  CHECK(l.count(31) == 1);
}

TEST_CASE("a client can trigger lines itself") {
  Lines l;
  REQUIRE(l.set_irqs(kAssign, kMsi, 0, 4, l.some(0, 4)) == 0);
  REQUIRE(l.set_irqs(kAll, kMsi, 1, 2) == 0);
  CHECK(l.count(0) == 0);
  CHECK(l.count(1) == 1);
  CHECK(l.count(2) == 1);
  const ByteVector chosen{std::byte{1}, std::byte{0}, std::byte{1}};
  REQUIRE(l.set_irqs(kIrqDataBool | kIrqActionTrigger, kMsi, 0, 3, {}, chosen) == 0);
  CHECK(l.count(0) == 1);
  CHECK(l.count(1) == 0);
  CHECK(l.count(2) == 1);
  CHECK(l.set_irqs(kIrqDataBool | kIrqActionTrigger, kMsi, 0, 4, {}, chosen) == EINVAL);
}

TEST_CASE("what makes no sense is refused and changes nothing") {
  Lines l;
  REQUIRE(l.set_irqs(kAssign, kMsi, 0, 2, l.some(0, 2)) == 0);
  CHECK(l.set_irqs(kAssign, kMsi, 31, 2, l.some(0, 2)) == EINVAL);
  CHECK(l.set_irqs(kAssign, kMsi, 33, 0) == EINVAL);
  CHECK(l.set_irqs(kAssign, kMsi, UINT32_MAX, 2) == EINVAL);
  CHECK(l.set_irqs(kAssign, kMsi, 0, UINT32_MAX) == EINVAL);
  CHECK(l.set_irqs(kAssign, kMsi, 0, 3, l.some(4, 2)) == EINVAL);
  CHECK(l.set_irqs(kAssign, kMsi, 0, 0) == EINVAL);
  CHECK(l.set_irqs(kAssign, 0, 0, 1, l.some(4, 1)) == EINVAL);  // no INTx
  CHECK(l.set_irqs(kAssign, 5, 0, 1, l.some(4, 1)) == EINVAL);
  CHECK(l.set_irqs(kIrqActionTrigger, kMsi, 0, 1) == EINVAL);
  CHECK(l.set_irqs(kIrqDataNone, kMsi, 0, 1) == EINVAL);
  CHECK(l.set_irqs(kIrqDataNone | kIrqDataBool | kIrqActionTrigger, kMsi, 0, 1) == EINVAL);
  CHECK(l.set_irqs(kAssign | 0x40, kMsi, 0, 1, l.some(4, 1)) == EINVAL);
  CHECK(l.set_irqs(kIrqDataNone | kIrqActionMask, kMsi, 0, 1) == ENOTTY);
  CHECK(l.set_irqs(kIrqDataNone | kIrqActionUnmask, kMsi, 0, 1) == ENOTTY);
  l.interrupts.raise(1);
  CHECK(l.count(1) == 1);
  CHECK(l.count(4) == 0);
}

TEST_CASE("only an eventfd can be an interrupt, and a full one does not block") {
  Lines l;
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  CHECK(l.set_irqs(kAssign, kMsi, 0, 1, {pipe[1]}) == EINVAL);
  CHECK(l.set_irqs(kAssign, kMsi, 0, 2, {l.events[0].get(), pipe[1]}) == EINVAL);
  const os::Fd file = memory(4096);
  CHECK(l.set_irqs(kAssign, kMsi, 0, 1, {file.get()}) == EINVAL);
  ::close(pipe[0]);
  ::close(pipe[1]);
  l.interrupts.raise(0);
  CHECK(l.count(0) == 0);

  const os::Fd full(::eventfd(0, EFD_CLOEXEC));  // blocking, as its owner made it
  const std::uint64_t most = UINT64_MAX - 1;
  REQUIRE(::write(full.get(), &most, sizeof most) == sizeof most);
  REQUIRE(l.set_irqs(kAssign, kMsi, 0, 1, {full.get()}) == 0);
  l.interrupts.raise(0);  // would never return
}
