// What the driver is known, or likely, to do wrong: kernel-interface §10 and
// docs/kernel-notes.md. Each case looks at what a sound driver would do; that it
// does not is expected, and told as XFAIL.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "conformance/background.hpp"
#include "conformance/events.hpp"
#include "conformance/groups.hpp"
#include "conformance/scattered.hpp"
#include "os/file.hpp"

namespace qaic::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using uapi::Direction;

constexpr std::chrono::seconds kBoot{60};

// A caller that has room for 8 bytes only, and says so.
void reply_overruns_the_buffer(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  struct {
    uapi::TransactionHeader status{static_cast<std::uint32_t>(uapi::TransactionType::status_from_user), 8};
    std::uint64_t not_mine[3] = {0xA5A5A5A5, 0xA5A5A5A5, 0xA5A5A5A5};
  } memory;
  uapi::ManageMessage message{8, 1, reinterpret_cast<std::uintptr_t>(&memory)};
  run.result("MANAGE", node->call(uapi::kIoctlManage, message), 0);
  run.flawed_holds("the-word-after-it-is-untouched", memory.not_mine[0] == 0xA5A5A5A5);
}

void reply_counts_what_it_does_not_hold(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  std::uint32_t count = 0;
  std::uint32_t held = 0;
  const int result = session->channel.deactivate(session->node, count, held);
  if (result == -ECANCELED || result == -EPROTO) {
    run.skip("the card refuses to deactivate a DBC");
    return;
  }
  run.result("MANAGE", result, 0);
  run.flawed_equal("count", count, held);
}

void deactivate_waits_for_sleepers(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto bo = stuck(run, *session);
  if (!bo) return;
  Background wait = waiting(*session, *bo, 3000);
  const auto start = steady_clock::now();
  const int result = session->channel.deactivate(session->node);
  const auto took = steady_clock::now() - start;
  if (result == -ECANCELED || result == -EPROTO) {
    run.skip("the card refuses to deactivate a DBC");
    return;
  }
  run.result("MANAGE", result, 0);
  run.flawed_holds("within-1-s", took < milliseconds(1000));
  run.flawed_result("WAIT_BO", wait.result(), -EPERM);
}

void state_after_close(Run& run) {
  const auto card = Location::of(run, run.settings().node);
  if (!card) return;
  if (!card->dbc_state(0)) {
    run.skip("this driver does not show dbcN_state");
    return;
  }
  auto session = Session::start(run);
  if (!session) return;
  const std::uint32_t dbc = session->channel.dbc;
  // A simulated sysfs may lag behind a little.
  const auto patience = steady_clock::now() + milliseconds(1000);
  while (card->dbc_state(dbc) != 1U && steady_clock::now() < patience)
    std::this_thread::sleep_for(milliseconds(10));
  run.equal("while-active", card->dbc_state(dbc).value_or(99), 1);
  session->node.close();
  std::this_thread::sleep_for(kAsleep);
  run.flawed_equal("after-close", card->dbc_state(dbc).value_or(99), 0);
  auto events = Events::listen(run, *card);
  if (!events) return;
  session = Session::start(run);
  if (!session) return;
  if (session->channel.dbc != dbc) {
    run.skip("the card gave another DBC");
    return;
  }
  const std::string told = "dbc" + std::to_string(dbc) + "=1";
  run.flawed_holds("next-owner-is-announced", count_of(events->until(told, milliseconds(700)), told) == 1);
}

// 8 bytes where 16 are needed: what follows them in the message is taken for the rest.
void short_transaction(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  Message message;
  message.add_header(uapi::TransactionType::deactivate_from_user, 8, 8);
  run.flawed_result("deactivate-of-8-bytes", message.send(*node), -EINVAL);
}

void bo_of_another_dbc(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto second = Channel::activate(run, session->node);
  if (!second) return;
  const auto bo = attached(run, *session, Direction::to_device, 4096, session->channel.device_address);
  if (!bo) return;
  run.flawed_result("EXECUTE_BO-on-the-other", session->node.execute(second->dbc, {bo->handle}), -EINVAL);
  (void)session->node.wait(second->dbc, bo->handle, 1000);
}

void message_that_can_never_be_sent(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  Message message;
  for (int i = 0; i < 200; ++i) message.add_header(uapi::TransactionType::passthrough_from_user, 16, 16);
  const auto start = steady_clock::now();
  const int result = message.send(*node);
  run.flawed_holds("is-not-told-to-try-again", result != -EAGAIN);
  run.flawed_holds("within-1-s", steady_clock::now() - start < milliseconds(1000));
}

void attached_but_too_large_for_the_queue(Run& run) {
  const auto session = Session::start(run, 4);
  if (!session) return;
  const auto& [node, channel] = *session;
  std::vector<uapi::AttachSliceEntry> entries(4, slice(0, 0));
  std::uint32_t handle = 0;
  if (!run.prepared("CREATE_BO", node.create_bo(4096, handle))) return;
  run.flawed_result("ATTACH_SLICE_BO", node.attach(channel.dbc, handle, Direction::to_device, entries),
                    -ENOSPC);
  run.result("EXECUTE_BO-on-an-empty-queue", node.execute(channel.dbc, {handle}), -EAGAIN);
}

// The whole batch was refused, so nothing of it is under way.
void refused_batch_leaves_a_bo_incomplete(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto good = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  const auto loose = Bo::make(run, node, 4096);
  if (!good || !loose) return;
  run.result("EXECUTE_BO", node.execute(channel.dbc, {good->handle, loose->handle}), -EINVAL);
  run.flawed_result("WAIT_BO", node.wait(channel.dbc, good->handle, 300), 0);
  run.result("EXECUTE_BO+WAIT_BO-again", execute_and_wait(*session, *good), 0);
}

// More than the page allocator gives in one piece, so that without an IOMMU it is
// several segments.
void empty_part_of_a_large_bo(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = attached(run, *session, Direction::to_device, 12 << 20, channel.device_address);
  if (!bo) return;
  run.result("PARTIAL_EXECUTE_BO", node.partial_execute(channel.dbc, bo->handle, 0), 0);
  run.flawed_result("WAIT_BO", node.wait(channel.dbc, bo->handle, 500), 0);
}

// A transfer so large that it needs several messages, and something wrong in the
// first: the error is lost, the card is told to forget it, and that succeeds.
void error_after_a_large_transfer(Run& run) {
  const auto node = Node::open(run);
  const auto memory = Scattered::make(run, kAddressesOfOneMessage + 100);
  if (!node || !memory) return;
  Message message;
  message.add_dma(1, memory->address(), memory->size());
  message.add_header(uapi::TransactionType::terminate_to_dev, 8, 8);
  run.flawed_result("MANAGE-with-an-unknown-transaction", message.send(*node), -EINVAL);
}

std::uint64_t free_kib() {
  const auto text = os::read_text("/proc/meminfo");
  const std::size_t at = text.has_value() ? text->find("MemFree:") : std::string::npos;
  return at == std::string::npos ? 0 : std::strtoull(text->c_str() + at + 8, nullptr, 10);
}

// Seen from what the machine has free: only where nothing else takes and gives much
// all the time. It may do so once, so that one BO does not count.
void closed_bo_keeps_its_memory(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  constexpr std::uint64_t kSize = 64 << 20;
  constexpr int kRounds = 3;
  int closed = 0;
  bool given_back = true;
  for (int round = 0; round < kRounds && closed == 0 && given_back; ++round) {
    auto bo = Bo::make(run, node, kSize);
    if (!bo) return;
    bo->fill(5);
    bo->memory.reset();
    const uapi::AttachSliceEntry entry[] = {slice(64, channel.device_address)};
    if (!run.prepared("attach", node.attach(channel.dbc, bo->handle, Direction::to_device, entry))) return;
    const std::uint64_t before = free_kib();
    closed = node.gem_close(bo->handle);
    std::this_thread::sleep_for(kAsleep);
    given_back = free_kib() >= before + kSize / 2 / 1024;
  }
  run.result("GEM_CLOSE", closed, 0);
  run.flawed_holds("memory-is-given-back", given_back);
}

void two_activations_in_one_message(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  Message message;
  message.add_activate(4).add_activate(8);
  run.flawed_result("MANAGE", message.send(*node), 0);
}

// DBCs that a process of its own gets until it has all, is refused, or hangs.
unsigned dbcs_within(Run& run, milliseconds limit) {
  int ends[2];
  if (!run.prepared("pipe", ::pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0)) return 0;
  const pid_t child = ::fork();
  if (child == 0) {
    const auto node = Node::open(run);
    for (unsigned i = 0; node && i < uapi::kDbcCount; ++i) {
      Message message;
      message.add_activate(4);
      if (message.send(*node) < 0) break;
      (void)!::write(ends[1], "d", 1);
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  const os::Fd from(ends[0]);
  unsigned got = 0;
  const auto deadline = steady_clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    pollfd poll{from.get(), POLLIN, 0};
    char byte = 0;
    if (left.count() <= 0 || ::poll(&poll, 1, static_cast<int>(left.count())) <= 0) break;
    if (::read(from.get(), &byte, 1) <= 0) break;
    ++got;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return got;
}

// The driver takes the DBC from its owner and tells the card nothing: it belongs
// to nobody then, and close() does not give it back. Who gets it from the card next
// sleeps in the driver. Only a reset helps.
void deactivation_is_not_sent(Run& run) {
  const auto card = Location::of(run, run.settings().node);
  if (!card) return;
  {
    const auto session = Session::start(run);
    if (!session) return;
    Message message;
    message.add_deactivate(session->channel.dbc);
    run.result("MANAGE", message.send(session->node), 0);
  }
  run.flawed_holds("all-dbcs-can-be-had", dbcs_within(run, milliseconds(3000)) == uapi::kDbcCount);
  auto events = Events::listen(run, *card);
  if (!events || !run.prepared("soc_reset", card->reset_soc())) return;
  run.holds("online-again", events->card_comes_back());
  run.equal("dbcs-after-the-reset", dbcs_within(run, milliseconds(5000)), uapi::kDbcCount);
}

// Closes its file, which has owned a DBC, when `go` is closed at the other end.
[[noreturn]] void close_when_told(Run& run, int go) {
  auto session = Session::start(run);
  if (session) {
    (void)attached(run, *session, Direction::to_device, 4096, session->channel.device_address);
    char byte = 0;
    (void)!::read(go, &byte, 1);
    session->node.close();
  }
  ::_exit(session ? 0 : 1);
}

// The file is closed when the driver has left the card.
void file_that_outlives_the_device(Run& run) {
  const auto card = Location::of(run, run.settings().node);
  if (!card) return;
  int ends[2];
  if (!run.prepared("pipe", ::pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0)) return;
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[1]);
    close_when_told(run, ends[0]);
  }
  ::close(ends[0]);
  std::this_thread::sleep_for(kAsleep);
  run.result("unbind", card->unbind(), 0);
  run.may_be_killed("the memory may have been used again, or not yet");
  ::close(ends[1]);
  int status = 0;
  ::waitpid(child, &status, 0);
  run.flawed_holds("the-process-ends-by-itself", WIFEXITED(status));
  run.result("bind", card->bind(), 0);
  run.result("online-again", card->wait_until_online(kBoot), 0);
}

// DRM_IOCTL_GET_UNIQUE on a node that has no master.
void get_unique(Run& run) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto node = Node::open(run);
    struct {
      std::uint64_t unique_len = 0;
      std::uint64_t unique = 0;
    } argument;
    if (node) (void)node->call(uapi::ioctl_number(uapi::IoctlDir::read_write, 0x01, 16), argument);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  run.flawed_holds("the-process-ends-by-itself", WIFEXITED(status));
}

// An address that no card has: the card's answer says that it failed.
void failed_transfer_is_not_told(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto bo = attached(run, *session, Direction::to_device, 4096, 0xFFFF'FFFF'FFFF'0000);
  if (!bo) return;
  run.flawed_result("EXECUTE_BO+WAIT_BO", execute_and_wait(*session, *bo), -EIO);
}

void offline_is_told_twice(Run& run) {
  const auto card = Location::of(run, run.settings().node);
  if (!card) return;
  auto events = Events::listen(run, *card);
  if (!events) return;
  const int result = card->reset_function();
  if (result == -ENOENT || result == -EACCES) {
    run.skip("reset: " + result_name(result));
    return;
  }
  run.result("reset", result, 0);
  const auto seen = events->until("online", milliseconds(kBoot));
  run.equal("online", count_of(seen, "online"), 1);
  run.flawed_equal("offline", count_of(seen, "offline"), 1);
}

// Bit 9 of the kernel's taint is set by a warning.
std::optional<bool> warned() {
  const auto text = os::read_text("/proc/sys/kernel/tainted");
  if (!text.has_value()) return std::nullopt;
  return (std::strtoull(text->c_str(), nullptr, 10) & 512) != 0;
}

bool can_see_a_warning(Run& run) {
  if (warned() == false) return true;
  run.skip("this kernel has warned of something before");
  return false;
}

void count_that_makes_the_kernel_warn(Run& run) {
  if (!can_see_a_warning(run)) return;
  const auto session = Session::start(run);
  if (!session) return;
  uapi::ExecuteEntry entry{};
  uapi::Execute execute{0x10000000, session->channel.dbc, reinterpret_cast<std::uintptr_t>(&entry)};
  run.result("EXECUTE_BO", session->node.call(uapi::kIoctlExecuteBo, execute), -ENOMEM);
  run.flawed_holds("no-warning", warned() == false);
}

void queue_that_makes_the_kernel_warn(Run& run) {
  if (!can_see_a_warning(run)) return;
  const auto node = Node::open(run);
  if (!node) return;
  Message message;
  message.add_activate(0x3000000);  // 3.2 GiB in one piece
  run.result("MANAGE", message.send(*node), {-ENOMEM, -EINVAL});
  run.flawed_holds("no-warning", warned() == false);
}

constexpr Hazard kNone = Hazard::none;
constexpr Hazard kDestructive = Hazard::destructive;
constexpr Hazard kFatal = Hazard::fatal;

constexpr Case kCases[] = {
    {"flaw.reply_overruns_the_buffer", reply_overruns_the_buffer, kNone,
     "MANAGE writes up to 4 KiB of reply into a buffer of any length"},
    {"flaw.reply_counts_what_it_does_not_hold", reply_counts_what_it_does_not_hold, kNone,
     "the count of a reply includes transactions that are not copied out"},
    {"flaw.deactivate_waits_for_sleepers", deactivate_waits_for_sleepers, kNone,
     "deactivating does not wake WAIT_BO but sleeps until it times out"},
    {"flaw.state_after_close", state_after_close, kNone,
     "closing a file does not set dbcN_state back, and the next activation is not announced"},
    {"flaw.short_transaction", short_transaction, kNone,
     "a transaction shorter than its struct is read past its end"},
    {"flaw.bo_of_another_dbc", bo_of_another_dbc, kNone,
     "EXECUTE_BO takes a BO that was sliced for another DBC"},
    {"flaw.message_that_can_never_be_sent", message_that_can_never_be_sent, kNone,
     "a message of more transactions than the ring has slots gives EAGAIN for ever"},
    {"flaw.attached_but_too_large_for_the_queue", attached_but_too_large_for_the_queue, kNone,
     "a BO of as many elements as the queue has attaches but can never be queued"},
    {"flaw.refused_batch_leaves_a_bo_incomplete", refused_batch_leaves_a_bo_incomplete, kNone,
     "WAIT_BO on a BO of a batch that was refused times out"},
    {"flaw.empty_part_of_a_large_bo", empty_part_of_a_large_bo, kNone,
     "a partial execution of 0 bytes never completes if the slice has several DMA segments"},
    {"flaw.error_after_a_large_transfer", error_after_a_large_transfer, kNone,
     "an error behind a transfer that needs several messages is reported as success"},
    {"flaw.failed_transfer_is_not_told", failed_transfer_is_not_told, kDestructive,
     "the status of a DMA that failed is dropped: WAIT_BO gives 0"},
    {"flaw.closed_bo_keeps_its_memory", closed_bo_keeps_its_memory, kDestructive,
     "GEM_CLOSE of a sliced BO keeps its memory until the DBC is released"},
    {"flaw.two_activations_in_one_message", two_activations_in_one_message, kDestructive,
     "the second activation of a message takes the queue of the first away"},
    {"flaw.deactivation_is_not_sent", deactivation_is_not_sent, kDestructive,
     "deactivating without the card's own command loses the DBC until a reset"},
    {"flaw.offline_is_told_twice", offline_is_told_twice, kDestructive,
     "a reset of the PCI function announces offline twice"},
    {"flaw.count_that_makes_the_kernel_warn", count_that_makes_the_kernel_warn, kDestructive,
     "a large count of EXECUTE_BO lets anybody make the kernel warn"},
    {"flaw.queue_that_makes_the_kernel_warn", queue_that_makes_the_kernel_warn, kDestructive,
     "a large queue of an activation lets anybody make the kernel warn"},
    {"flaw.get_unique", get_unique, kFatal, "GET_UNIQUE follows a null pointer: a node has no master"},
    {"flaw.file_that_outlives_the_device", file_that_outlives_the_device, kFatal,
     "closing a file after the driver has left the card uses memory that was given back"},
};

}  // namespace

std::span<const Case> flaw_cases() {
  return kCases;
}

}  // namespace qaic::conformance
