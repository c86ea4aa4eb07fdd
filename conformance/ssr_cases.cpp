// A network that dies, and what the driver makes of the card's restart of its
// subsystem: kernel-interface §1.9, §6.2, §6.6. 6.12 knows nothing of it: there
// the card answers what was queued as failed. Needs --crash-network.
#include <cerrno>
#include <thread>

#include "conformance/background.hpp"
#include "conformance/events.hpp"
#include "conformance/groups.hpp"

namespace qaic::conformance {
namespace {

using std::chrono::milliseconds;
using uapi::Direction;

constexpr std::chrono::seconds kRestart{20};

// A network that dies at its first doorbell, and two requests on its channel:
// the first rings that doorbell, the second can never start.
struct Doomed {
  Session session;
  std::optional<Bo> ring;
  std::optional<Bo> behind;

  static std::optional<Doomed> make(Run& run) {
    if (run.settings().crash_network.empty()) {
      run.skip("needs --crash-network");
      return std::nullopt;
    }
    auto node = Node::open(run);
    if (!node) return std::nullopt;
    const auto channel = Channel::activate_network(run, *node, run.settings().crash_network);
    if (!channel) return std::nullopt;
    Doomed out{Session{std::move(*node), *channel}, std::nullopt, std::nullopt};
    auto ring = slice(0, 0);
    ring.db_addr = channel->multicast_address;
    ring.db_data = 1;
    ring.db_len = 32;
    auto never = slice(0, 0);
    never.sem[0] = semaphore(Sync::pre, uapi::SemaphoreCommand::wait_equal, 1, 0xABC);
    out.ring = attached(run, out.session, Direction::to_device, 4096, {&ring, 1});
    out.behind = attached(run, out.session, Direction::to_device, 4096, {&never, 1});
    if (!out.ring || !out.behind) return std::nullopt;
    return out;
  }

  [[nodiscard]] int execute() const {
    return session.node.execute(session.channel.dbc, {ring->handle, behind->handle});
  }
};

bool restarts(const Run& run) {
  return run.settings().kernel == Kernel::v7;
}

std::string of(std::uint32_t dbc, std::initializer_list<unsigned> states) {
  std::vector<std::string> words;
  for (const unsigned state : states)
    words.push_back("dbc" + std::to_string(dbc) + "=" + std::to_string(state));
  return joined(words);
}

// The numbers of DBCs differ from run to run on a card that is shared.
std::string without_number(std::string words, std::uint32_t dbc) {
  const std::string number = "dbc" + std::to_string(dbc);
  for (std::size_t at = 0; (at = words.find(number, at)) != std::string::npos; at += 3) {
    words.replace(at, number.size(), "dbc");
  }
  return words;
}

void the_waiter(Run& run) {
  const auto doomed = Doomed::make(run);
  if (!doomed) return;
  const auto& [node, channel] = doomed->session;
  run.result("EXECUTE_BO", doomed->execute(), 0);
  run.result("WAIT_BO", node.wait(channel.dbc, doomed->behind->handle, 3000), {-EPIPE, 0});
}

void states_and_events(Run& run) {
  const auto place = Location::of(run, run.settings().node);
  if (!place) return;
  auto events = Events::listen(run, *place);
  if (!events) return;
  const auto doomed = Doomed::make(run);
  if (!doomed) return;
  const std::uint32_t dbc = doomed->session.channel.dbc;
  // A state that a former owner left behind is no change (§10.10), so the first
  // event may be missing.
  (void)events->rest(milliseconds(200));
  if (restarts(run)) run.equal("state-while-active", place->dbc_state(dbc).value_or(99), 1);
  run.result("EXECUTE_BO", doomed->execute(), 0);
  const auto seen = events->until("dbc" + std::to_string(dbc) + "=0",
                                  restarts(run) ? milliseconds(kRestart) : milliseconds(2000));
  run.equal("events", without_number(joined(seen), dbc),
            restarts(run) ? without_number(of(dbc, {2, 3, 4, 5, 0}), dbc) : "none");
  if (restarts(run)) run.equal("state-afterwards", place->dbc_state(dbc).value_or(99), 0);
}

// Until the driver has taken the DBC away from its owner.
bool taken_away(Run& run, const Doomed& doomed) {
  if (!restarts(run)) {
    run.skip("6.12 has no subsystem restart");
    return false;
  }
  if (!run.prepared("EXECUTE_BO", doomed.execute())) return false;
  const auto deadline = std::chrono::steady_clock::now() + kRestart;
  int result = 0;
  do {
    result = doomed.session.node.wait(doomed.session.channel.dbc, doomed.behind->handle, 100);
  } while (result != -EPERM && std::chrono::steady_clock::now() < deadline);
  return run.prepared("see the DBC go", result == -EPERM ? 0 : -ETIMEDOUT);
}

void calls_afterwards(Run& run) {
  const auto doomed = Doomed::make(run);
  if (!doomed || !taken_away(run, *doomed)) return;
  const auto& [node, channel] = doomed->session;
  const std::uint32_t handle = doomed->behind->handle;
  run.result("EXECUTE_BO", node.execute(channel.dbc, {handle}), -EPERM);
  run.result("PARTIAL_EXECUTE_BO", node.partial_execute(channel.dbc, handle, 0), -EPERM);
  run.result("WAIT_BO", node.wait(channel.dbc, handle, 100), -EPERM);
  run.result("DETACH_SLICE_BO", node.detach(handle), -EINVAL);
  const uapi::AttachSliceEntry entry[] = {slice(0, 0)};
  run.result("ATTACH_SLICE_BO", node.attach(channel.dbc, handle, Direction::to_device, entry), -EINVAL);
  Message status;
  status.add_header(uapi::TransactionType::status_from_user, 8, 8);
  run.result("MANAGE", status.send(node), 0);
}

void another_dbc_of_the_file_works_on(Run& run) {
  const auto doomed = Doomed::make(run);
  if (!doomed) return;
  const auto other = Channel::activate(run, doomed->session.node);
  if (!other) return;
  const std::uint64_t at = other->device_address;
  std::uint32_t handle = 0;
  const Node& node = doomed->session.node;
  if (!run.prepared("CREATE_BO", node.create_bo(4096, handle))) return;
  const uapi::AttachSliceEntry entry[] = {slice(4096, at)};
  if (!run.prepared("attach", node.attach(other->dbc, handle, Direction::to_device, entry))) return;
  if (!taken_away(run, *doomed)) return;
  run.result("EXECUTE_BO", node.execute(other->dbc, {handle}), 0);
  run.result("WAIT_BO", node.wait(other->dbc, handle), 0);
}

void the_same_file_starts_again(Run& run) {
  const auto doomed = Doomed::make(run);
  if (!doomed || !taken_away(run, *doomed)) return;
  const auto place = Location::of(run, run.settings().node);
  if (!place) return;
  const auto deadline = std::chrono::steady_clock::now() + kRestart;
  while (place->dbc_state(doomed->session.channel.dbc) != 0U && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  const Node& node = doomed->session.node;
  const auto again = Channel::activate(run, node);
  if (!again) return;
  const uapi::AttachSliceEntry entry[] = {slice(4096, again->device_address)};
  run.result("ATTACH_SLICE_BO", node.attach(again->dbc, doomed->behind->handle, Direction::to_device, entry),
             0);
  run.result("EXECUTE_BO", node.execute(again->dbc, {doomed->behind->handle}), 0);
  run.result("WAIT_BO", node.wait(again->dbc, doomed->behind->handle), 0);
}

constexpr Case kCases[] = {
    {"ssr.the_waiter", the_waiter},
    {"ssr.states_and_events", states_and_events},
    {"ssr.calls_afterwards", calls_afterwards},
    {"ssr.another_dbc_of_the_file_works_on", another_dbc_of_the_file_works_on},
    {"ssr.the_same_file_starts_again", the_same_file_starts_again},
};

}  // namespace

std::span<const Case> ssr_cases() {
  return kCases;
}

}  // namespace qaic::conformance
