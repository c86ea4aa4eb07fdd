// One file used by several processes and threads at once: kernel-interface §1.1, §1.9.
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "conformance/background.hpp"
#include "conformance/groups.hpp"

namespace qaic::conformance {
namespace {

using uapi::Direction;

// What the body gives in a process of its own, 0 to 99; -ECHILD if it was killed.
template <class Body>
int in_a_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) < 0 || !WIFEXITED(status)) return -ECHILD;
  return WEXITSTATUS(status);
}

void a_childs_bo_is_the_parents(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const int handle = in_a_child([&] {
    std::uint32_t created = 0;
    return node->create_bo(4096, created) < 0 ? 0 : static_cast<int>(created);
  });
  run.equal("handle", static_cast<std::uint64_t>(handle), 1);
  std::uint64_t offset = 0;
  run.result("MMAP_BO", node->mmap_bo(1, offset), 0);
}

void a_childs_dbc_is_the_parents(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  const int dbc = in_a_child([&] {
    const auto channel = Channel::activate(run, *node);
    return channel ? static_cast<int>(channel->dbc) : 99;
  });
  if (dbc < 0 || dbc == 99) {
    run.skip("the card gives no DBC");
    return;
  }
  const auto bo = Bo::make(run, *node, 4096);
  if (!bo) return;
  const auto id = static_cast<std::uint32_t>(dbc);
  const uapi::AttachSliceEntry entry[] = {slice(0, 0)};
  run.result("ATTACH_SLICE_BO", node->attach(id, bo->handle, Direction::to_device, entry), 0);
  run.result("EXECUTE_BO", node->execute(id, {bo->handle}), 0);
  run.result("WAIT_BO", node->wait(id, bo->handle), 0);
}

int send_fd(int socket, int fd) {
  char byte = 'f';
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  return ::sendmsg(socket, &message, 0) < 0 ? -errno : 0;
}

int receive_fd(int socket) {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  if (::recvmsg(socket, &message, 0) < 0) return -1;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return -1;
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
  return fd;
}

// The process that opened it is gone: the file, and what it owns, live on.
void a_sent_descriptor_outlives_its_sender(Run& run) {
  int ends[2];
  if (!run.prepared("socketpair", ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ? -errno : 0)) return;
  const int dbc = in_a_child([&] {
    const auto session = Session::start(run);
    if (!session || send_fd(ends[0], session->node.fd()) < 0) return 99;
    return static_cast<int>(session->channel.dbc);
  });
  ::close(ends[0]);
  const os::Fd socket(ends[1]);
  if (dbc < 0 || dbc == 99) {
    run.skip("the card gives no DBC");
    return;
  }
  const os::Fd fd(receive_fd(socket.get()));
  if (!run.prepared("receive the descriptor", fd.valid() ? 0 : -EBADF)) return;
  uapi::CreateBo create{4096, 0, 0};
  run.result("CREATE_BO", os::ioctl_once(fd.get(), uapi::kIoctlCreateBo, &create), 0);
  const uapi::AttachSliceEntry entry = slice(0, 0);
  const auto id = static_cast<std::uint32_t>(dbc);
  uapi::AttachSlice attach{1, id, create.handle, 1, 0, reinterpret_cast<std::uintptr_t>(&entry)};
  run.result("ATTACH_SLICE_BO", os::ioctl_once(fd.get(), uapi::kIoctlAttachSliceBo, &attach), 0);
  uapi::ExecuteEntry one{create.handle, 0};
  uapi::Execute execute{1, id, reinterpret_cast<std::uintptr_t>(&one)};
  run.result("EXECUTE_BO", os::ioctl_once(fd.get(), uapi::kIoctlExecuteBo, &execute), 0);
  uapi::Wait wait{create.handle, 5000, id, 0};
  run.result("WAIT_BO", os::ioctl_once(fd.get(), uapi::kIoctlWaitBo, &wait), 0);
}

void several_wait_for_one_bo(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const Node& node = session->node;
  const Channel& channel = session->channel;
  const auto bo = attached(run, *session, Direction::to_device, 3 << 20, channel.device_address);
  if (!bo) return;
  int good = 0;
  for (int round = 0; round < 5; ++round) {
    if (!run.prepared("EXECUTE_BO", node.execute(channel.dbc, {bo->handle}))) return;
    std::vector<std::thread> threads;
    std::atomic<int> completed = 0;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] { completed += node.wait(channel.dbc, bo->handle) == 0 ? 1 : 0; });
    }
    for (std::thread& thread : threads) thread.join();
    good += completed;
  }
  run.equal("WAIT_BO-that-gave-0", static_cast<std::uint64_t>(good), 20);
}

void a_killed_waiter_harms_nobody(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = stuck(run, *session);
  if (!bo) return;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(node.wait(channel.dbc, bo->handle, 20000) < 0 ? 1 : 0);
  if (!run.prepared("fork", child < 0 ? -errno : 0)) return;
  Background own = waiting(*session, *bo, 1000);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  run.holds("killed", WIFSIGNALED(status));
  run.result("WAIT_BO-of-the-other", own.result(), -ETIMEDOUT);
  run.result("EXECUTE_BO-again", node.execute(channel.dbc, {bo->handle}), -EINVAL);
}

void many_threads_ask_at_once(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  constexpr unsigned kThreads = 8;
  constexpr unsigned kRounds = 25;
  std::atomic<unsigned> right = 0;
  std::vector<std::thread> threads;
  for (unsigned thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      // Replies of different length: one that was given to another thread shows.
      const unsigned count = 1 + thread % 4;
      for (unsigned round = 0; round < kRounds; ++round) {
        Message message;
        for (unsigned i = 0; i < count; ++i)
          message.add_header(uapi::TransactionType::status_from_user, 8, 8);
        if (message.send(*node) == 0 && message.reply_len() == 24 * count) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  run.equal("right-replies", right, kThreads * kRounds);
}

// The DBC is taken from its owner at once, then the call waits for who sleeps on it.
void deactivate_under_a_waiter(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const Node& node = session->node;
  const Channel& channel = session->channel;
  const auto bo = stuck(run, *session);
  const auto other = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  if (!bo || !other) return;
  Background wait = waiting(*session, *bo, 1500);
  Background deactivate([&] { return channel.deactivate(node); });
  if (!deactivate.done()) {
    run.result("EXECUTE_BO-meanwhile", node.execute(channel.dbc, {other->handle}), -EPERM);
    run.result("WAIT_BO-meanwhile", node.wait(channel.dbc, other->handle, 100), -EPERM);
    run.result("DETACH_SLICE_BO-meanwhile", node.detach(other->handle), -EINVAL);
    const uapi::AttachSliceEntry entry[] = {slice(0, 0)};
    const auto loose = Bo::make(run, node, 4096);
    if (!loose) return;
    run.result("ATTACH_SLICE_BO-meanwhile",
               node.attach(channel.dbc, loose->handle, Direction::to_device, entry), -EINVAL);
  }
  run.result("WAIT_BO", wait.result(), -ETIMEDOUT);
  const int result = deactivate.result();
  if (result == -ECANCELED || result == -EPROTO) {
    run.skip("the card refuses to deactivate a DBC");
    return;
  }
  run.result("MANAGE", result, 0);
}

constexpr Case kCases[] = {
    {"sharing.a_childs_bo_is_the_parents", a_childs_bo_is_the_parents},
    {"sharing.a_childs_dbc_is_the_parents", a_childs_dbc_is_the_parents},
    {"sharing.a_sent_descriptor_outlives_its_sender", a_sent_descriptor_outlives_its_sender},
    {"sharing.several_wait_for_one_bo", several_wait_for_one_bo},
    {"sharing.a_killed_waiter_harms_nobody", a_killed_waiter_harms_nobody},
    {"sharing.many_threads_ask_at_once", many_threads_ask_at_once},
    {"sharing.deactivate_under_a_waiter", deactivate_under_a_waiter},
};

}  // namespace

std::span<const Case> sharing_cases() {
  return kCases;
}

}  // namespace qaic::conformance
