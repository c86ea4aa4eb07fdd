// A client that ends at each step of its work, by close, SIGKILL and exec:
// kernel-interface §1.9. Afterwards the card has all of its DBCs to give.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "conformance/background.hpp"
#include "conformance/groups.hpp"

namespace qaic::conformance {
namespace {

using uapi::Direction;

enum class Step { open, manage, activate, bo, mapped, sliced, executed, waiting };
enum class Ending { close, kill, exec };

// How long a client keeps a mapping of a file that it closed: longer than it takes
// to count the DBCs that are free.
constexpr std::chrono::seconds kWhileMapped{1};

struct Client {
  Session session;
  std::optional<Bo> bo;
  std::optional<Background> wait;
};

// How far it gets in the order of Step; false if something fails on the way.
bool work(Run& run, Step last, Client& client) {
  auto node = Node::open(run);
  if (!node) return false;
  client.session.node = std::move(*node);
  const Node& open = client.session.node;
  if (last >= Step::manage) {
    Message status;
    status.add_header(uapi::TransactionType::status_from_user, 8, 8);
    if (!run.prepared("STATUS", status.send(open))) return false;
  }
  if (last >= Step::activate) {
    const auto channel = Channel::activate(run, open);
    if (!channel) return false;
    client.session.channel = *channel;
  }
  if (last == Step::bo) {
    std::uint32_t handle = 0;
    return run.prepared("CREATE_BO", open.create_bo(1 << 20, handle));
  }
  if (last >= Step::mapped) {
    client.bo = last >= Step::executed ? stuck(run, client.session)
                : last == Step::sliced ? attached(run, client.session, Direction::to_device, 4096,
                                                  client.session.channel.device_address)
                                       : Bo::make(run, open, 4096);
    if (!client.bo) return false;
  }
  if (last == Step::waiting) client.wait.emplace(waiting(client.session, *client.bo, 1000));
  return true;
}

[[noreturn]] void end_by_exec() {
  // It must live on, to show that exec closed the file and not its end: what it
  // prints goes into a pipe that is full.
  int full[2];
  if (::pipe(full) < 0 || ::fcntl(full[1], F_SETFL, O_NONBLOCK) < 0) ::_exit(1);
  const char block[4096] = {};
  while (::write(full[1], block, sizeof(block)) > 0) continue;
  (void)::fcntl(full[1], F_SETFL, 0);
  ::dup2(full[1], STDOUT_FILENO);
  ::execl("/proc/self/exe", "qaic-conformance", "--help", nullptr);
  ::_exit(1);
}

[[noreturn]] void run_client(const Settings& settings, Step last, Ending ending, int ready) {
  Run quiet(settings, "client", stderr);
  Client client;
  const bool good = work(quiet, last, client);
  (void)!::write(ready, good ? "y" : "n", 1);
  if (!good) ::_exit(0);
  switch (ending) {
    case Ending::close:
      // A mapping keeps the file as a descriptor does, and so does a call that sleeps.
      client.session.node.close();
      if (last == Step::mapped) {
        (void)!::write(ready, "m", 1);
        std::this_thread::sleep_for(kWhileMapped);
      }
      if (client.bo) client.bo->memory.reset();
      if (client.wait) (void)client.wait->result();
      (void)!::write(ready, "e", 1);
      break;
    case Ending::exec:
      end_by_exec();
    case Ending::kill:
      break;
  }
  for (;;) ::pause();
}

// DBCs that can be had now, one after the other.
unsigned free_dbcs(Run& run) {
  const auto node = Node::open(run);
  if (!node) return 0;
  unsigned got = 0;
  while (got < uapi::kDbcCount) {
    Message message;
    message.add_activate(4);
    if (message.send(*node) < 0) break;
    ++got;
  }
  return got;
}

void afterwards(Run& run) {
  if (run.settings().network.empty()) {
    run.equal("free-dbcs-afterwards", free_dbcs(run), uapi::kDbcCount);
    return;
  }
  const auto session = Session::start(run);
  if (!session) return;
  const auto bo = attached(run, *session, Direction::to_device, 4096, session->channel.device_address);
  if (bo) run.result("works-afterwards", execute_and_wait(*session, *bo), 0);
}

template <Ending ending, Step last>
void ends(Run& run) {
  if (run.settings().network.empty() && last >= Step::activate) {
    const auto probe = Session::start(run);  // or the case is skipped with the card's reason
    if (!probe) return;
  }
  int ends[2];
  if (!run.prepared("pipe", ::pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0)) return;
  const pid_t child = ::fork();
  if (child == 0) run_client(run.settings(), last, ending, ends[1]);
  ::close(ends[1]);
  const os::Fd from(ends[0]);
  if (!run.prepared("fork", child < 0 ? -errno : 0)) return;
  char word = 'n';
  (void)!::read(from.get(), &word, 1);
  if (word == 'y') {
    if (ending == Ending::kill) ::kill(child, SIGKILL);
    // The end of close() is told; that of a process and exec's closing show at the pipe.
    (void)!::read(from.get(), &word, 1);
    if (word == 'm') {
      if (run.settings().network.empty())
        run.equal("free-dbcs-while-mapped", free_dbcs(run), uapi::kDbcCount - 1);
      (void)!::read(from.get(), &word, 1);
    }
    if (ending == Ending::kill) ::waitpid(child, nullptr, 0);
    if (ending == Ending::exec) std::this_thread::sleep_for(kAsleep);
    afterwards(run);
  } else {
    (void)run.prepared("let a client get that far", -EPROTO);
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

constexpr Case kCases[] = {
    {"ending.close_after_open", ends<Ending::close, Step::open>},
    {"ending.close_after_manage", ends<Ending::close, Step::manage>},
    {"ending.close_after_activate", ends<Ending::close, Step::activate>},
    {"ending.close_with_a_bo", ends<Ending::close, Step::bo>},
    {"ending.close_with_a_mapping", ends<Ending::close, Step::mapped>},
    {"ending.close_with_a_sliced_bo", ends<Ending::close, Step::sliced>},
    {"ending.close_with_a_queued_bo", ends<Ending::close, Step::executed>},
    {"ending.close_while_waiting", ends<Ending::close, Step::waiting>},
    {"ending.kill_after_open", ends<Ending::kill, Step::open>},
    {"ending.kill_after_manage", ends<Ending::kill, Step::manage>},
    {"ending.kill_after_activate", ends<Ending::kill, Step::activate>},
    {"ending.kill_with_a_bo", ends<Ending::kill, Step::bo>},
    {"ending.kill_with_a_mapping", ends<Ending::kill, Step::mapped>},
    {"ending.kill_with_a_sliced_bo", ends<Ending::kill, Step::sliced>},
    {"ending.kill_with_a_queued_bo", ends<Ending::kill, Step::executed>},
    {"ending.kill_while_waiting", ends<Ending::kill, Step::waiting>},
    {"ending.exec_after_open", ends<Ending::exec, Step::open>},
    {"ending.exec_after_manage", ends<Ending::exec, Step::manage>},
    {"ending.exec_after_activate", ends<Ending::exec, Step::activate>},
    {"ending.exec_with_a_bo", ends<Ending::exec, Step::bo>},
    {"ending.exec_with_a_mapping", ends<Ending::exec, Step::mapped>},
    {"ending.exec_with_a_sliced_bo", ends<Ending::exec, Step::sliced>},
    {"ending.exec_with_a_queued_bo", ends<Ending::exec, Step::executed>},
    {"ending.exec_while_waiting", ends<Ending::exec, Step::waiting>},
};

}  // namespace

std::span<const Case> ending_cases() {
  return kCases;
}

}  // namespace qaic::conformance
