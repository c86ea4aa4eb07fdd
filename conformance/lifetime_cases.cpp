// Who owns what, and what survives whom: kernel-interface §1.1, §1.9.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "conformance/copy.hpp"
#include "conformance/groups.hpp"

namespace qaic::conformance {
namespace {

using uapi::Direction;

// The card must give a DBC and move data, as if nothing had been before.
void still_works(Run& run, const char* what) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto bo = attached(run, *session, Direction::to_device, 4096, session->channel.device_address);
  if (!bo) return;
  run.result(what, execute_and_wait(*session, *bo), 0);
}

void close_frees_the_dbc(Run& run) {
  std::optional<std::uint32_t> first;
  for (int round = 0; round < 20; ++round) {  // more rounds than there are DBCs
    auto session = Session::start(run);
    if (!session) return;
    if (!first) first = session->channel.dbc;
  }
  still_works(run, "after-20-rounds");
}

void close_with_work_in_flight(Run& run) {
  {
    auto session = Session::start(run);
    if (!session || !stuck(run, *session)) return;
  }
  still_works(run, "afterwards");
}

void kill_with_work_in_flight(Run& run) {
  int pipe_ends[2];
  if (!run.prepared("pipe", ::pipe(pipe_ends) < 0 ? -errno : 0)) return;
  const pid_t child = ::fork();
  if (child == 0) {
    Run quiet(run.settings(), "child", stderr);
    const auto session = Session::start(quiet);
    const bool ready = session.has_value() && stuck(quiet, *session).has_value();
    (void)!::write(pipe_ends[1], ready ? "y" : "n", 1);
    for (;;) ::pause();
  }
  if (!run.prepared("fork", child < 0 ? -errno : 0)) return;
  ::close(pipe_ends[1]);
  char ready = 'n';
  (void)!::read(pipe_ends[0], &ready, 1);
  ::close(pipe_ends[0]);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  if (ready != 'y') {
    run.skip("the child could not get a DBC");
    return;
  }
  still_works(run, "after-SIGKILL");
}

void a_forked_child_shares_the_user(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  if (!bo) return;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(execute_and_wait(*session, *bo) < 0 ? 1 : 0);
  if (!run.prepared("fork", child < 0 ? -errno : 0)) return;
  int status = 0;
  ::waitpid(child, &status, 0);
  run.equal("child", static_cast<std::uint64_t>(status), 0);
  // The child's exit closed its copy of the descriptor, not the file.
  run.result("parent-afterwards", execute_and_wait(*session, *bo), 0);
}

void a_duplicate_keeps_the_user(Run& run) {
  auto session = Session::start(run);
  if (!session) return;
  auto& [node, channel] = *session;
  const auto bo = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  if (!bo) return;
  const int copy = ::dup(node.fd());
  if (!run.prepared("dup", copy < 0 ? -errno : 0)) return;
  node.close();
  uapi::ExecuteEntry entry{bo->handle, 0};
  uapi::Execute execute{1, channel.dbc, reinterpret_cast<std::uintptr_t>(&entry)};
  run.result("EXECUTE_BO", os::ioctl_once(copy, uapi::kIoctlExecuteBo, &execute), 0);
  uapi::Wait wait{bo->handle, 5000, channel.dbc, 0};
  run.result("WAIT_BO", os::ioctl_once(copy, uapi::kIoctlWaitBo, &wait), 0);
  ::close(copy);
}

void a_dbc_belongs_to_one_file(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto other = Node::open(run);
  if (!other) return;
  const auto bo = Bo::make(run, *other, 4096);
  if (!bo) return;
  const std::uint32_t dbc = session->channel.dbc;
  const uapi::AttachSliceEntry entry[] = {slice(4096, session->channel.device_address)};
  run.result("ATTACH_SLICE_BO", other->attach(dbc, bo->handle, Direction::to_device, entry), -EINVAL);
  run.result("EXECUTE_BO", other->execute(dbc, {bo->handle}), -EPERM);
  run.result("WAIT_BO", other->wait(dbc, bo->handle, 100), -EPERM);
}

void two_files_have_two_dbcs(Run& run) {
  const auto one = Session::start(run);
  const auto two = Session::start(run);
  if (!one || !two) return;
  run.holds("different", one->channel.dbc != two->channel.dbc);
  const auto first = attached(run, *one, Direction::to_device, 4096, one->channel.device_address);
  const auto second = attached(run, *two, Direction::to_device, 4096, two->channel.device_address);
  if (!first || !second) return;
  run.result("first", execute_and_wait(*one, *first), 0);
  run.result("second", execute_and_wait(*two, *second), 0);
}

void all_dbcs(Run& run) {
  const auto node = Node::open(run);
  if (!node) return;
  std::uint32_t seen = 0;
  unsigned got = 0;
  for (; got < uapi::kDbcCount; ++got) {
    Run attempt(run.settings(), "attempt", stderr);
    const auto channel = Channel::activate(got == 0 ? run : attempt, *node, 4);
    if (!channel) break;
    seen |= 1U << channel->dbc;
  }
  if (got == 0) return;
  run.equal("activated", got, uapi::kDbcCount);
  run.equal("set-of-ids", seen, 0xFFFF);
  Message message;
  message.add_activate(4);
  run.result("seventeenth", message.send(*node), -ECANCELED);
}

void deactivate(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  if (!bo) return;
  const int result = channel.deactivate(node);
  if (result == -ECANCELED || result == -EPROTO) {
    run.skip("the card refuses to deactivate a DBC");
    return;
  }
  run.result("MANAGE", result, 0);
  run.result("EXECUTE_BO", node.execute(channel.dbc, {bo->handle}), -EPERM);
  run.result("WAIT_BO", node.wait(channel.dbc, bo->handle, 100), -EPERM);
  run.result("DETACH_SLICE_BO", node.detach(bo->handle), -EINVAL);
  run.result("MANAGE-again", channel.deactivate(node), -EPERM);
  bo->bytes()[0] = std::byte{1};
  const auto again = Channel::activate(run, node);
  if (!again) return;
  const uapi::AttachSliceEntry entry[] = {slice(4096, again->device_address)};
  run.result("ATTACH_SLICE_BO-anew", node.attach(again->dbc, bo->handle, Direction::to_device, entry), 0);
  run.result("EXECUTE_BO-anew", node.execute(again->dbc, {bo->handle}), 0);
  run.result("WAIT_BO-anew", node.wait(again->dbc, bo->handle), 0);
}

void deactivate_with_work_in_flight(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = stuck(run, *session);
  if (!bo) return;
  const int result = channel.deactivate(node);
  if (result == -ECANCELED || result == -EPROTO) {
    run.skip("the card refuses to deactivate a DBC");
    return;
  }
  run.result("MANAGE", result, 0);
  run.result("DETACH_SLICE_BO", node.detach(bo->handle), -EINVAL);
  run.result("GEM_CLOSE", node.gem_close(bo->handle), 0);
}

void gem_close_of_a_sliced_bo(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto& [node, channel] = *session;
  const auto bo = attached(run, *session, Direction::to_device, 4096, channel.device_address);
  if (!bo) return;
  run.result("GEM_CLOSE", node.gem_close(bo->handle), 0);
  run.result("EXECUTE_BO", node.execute(channel.dbc, {bo->handle}), -ENOENT);
}

void gem_close_of_a_queued_bo(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const auto bo = stuck(run, *session);
  if (!bo) return;
  run.result("GEM_CLOSE", session->node.gem_close(bo->handle), 0);
  run.result("WAIT_BO", session->node.wait(session->channel.dbc, bo->handle, 100), -ENOENT);
}

constexpr Case kCases[] = {
    {"lifetime.close_frees_the_dbc", close_frees_the_dbc},
    {"lifetime.close_with_work_in_flight", close_with_work_in_flight},
    {"lifetime.kill_with_work_in_flight", kill_with_work_in_flight},
    {"lifetime.a_forked_child_shares_the_user", a_forked_child_shares_the_user},
    {"lifetime.a_duplicate_keeps_the_user", a_duplicate_keeps_the_user},
    {"lifetime.a_dbc_belongs_to_one_file", a_dbc_belongs_to_one_file},
    {"lifetime.two_files_have_two_dbcs", two_files_have_two_dbcs},
    {"lifetime.all_dbcs", all_dbcs},
    {"lifetime.deactivate", deactivate},
    {"lifetime.deactivate_with_work_in_flight", deactivate_with_work_in_flight},
    {"lifetime.gem_close_of_a_sliced_bo", gem_close_of_a_sliced_bo},
    {"lifetime.gem_close_of_a_queued_bo", gem_close_of_a_queued_bo},
};

}  // namespace

std::span<const Case> lifetime_cases() {
  return kCases;
}

}  // namespace qaic::conformance
