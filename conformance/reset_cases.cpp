// Resets, and the driver leaving, with work in flight: kernel-interface §1.9,
// §4.10. Everybody who uses the card loses what is loaded there: destructive.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <thread>
#include <utility>
#include <vector>

#include "conformance/background.hpp"
#include "conformance/events.hpp"
#include "conformance/groups.hpp"
#include "os/file.hpp"

namespace qaic::conformance {
namespace {

using std::chrono::milliseconds;
using uapi::Direction;

enum class Reset { soc, function };

constexpr std::chrono::seconds kBoot{60};

// Says so if it cannot be had here: a PCI function need not have a reset.
bool reset_by(Run& run, const Location& card, Reset how) {
  const int result = how == Reset::soc ? card.reset_soc() : card.reset_function();
  if (result == -ENOENT || result == -EACCES) {
    run.skip(std::string(how == Reset::soc ? "soc_reset: " : "reset: ") + result_name(result));
    return false;
  }
  return run.prepared("reset the card", result);
}

struct Scene {
  Location card;
  Session session;
  static std::optional<Scene> start(Run& run) {
    auto card = Location::of(run, run.settings().node);
    if (!card || !run.prepared("wait for the card", card->wait_until_online())) return std::nullopt;
    auto session = Session::start(run);
    if (!session) return std::nullopt;
    return Scene{std::move(*card), std::move(*session)};
  }
};

int ask_status(const Node& node) {
  Message message;
  message.add_header(uapi::TransactionType::status_from_user, 8, 8);
  return message.send(node);
}

// Every ioctl of the driver on a card that is not there (any more).
std::vector<std::pair<const char*, int>> all_ioctls(const Session& session, const Bo& bo) {
  const auto& [node, channel] = session;
  std::uint32_t handle = 0;
  std::uint64_t offset = 0;
  uapi::PerfStatsEntry stats{};
  stats.handle = bo.handle;
  uapi::PerfStats perf{1, 0, channel.dbc, reinterpret_cast<std::uintptr_t>(&stats)};
  const uapi::AttachSliceEntry entry[] = {slice(0, 0)};
  return {{"MANAGE", ask_status(node)},
          {"CREATE_BO", node.create_bo(4096, handle)},
          {"MMAP_BO", node.mmap_bo(bo.handle, offset)},
          {"ATTACH_SLICE_BO", node.attach(channel.dbc, bo.handle, Direction::to_device, entry)},
          {"EXECUTE_BO", node.execute(channel.dbc, {bo.handle})},
          {"PARTIAL_EXECUTE_BO", node.partial_execute(channel.dbc, bo.handle, 0)},
          {"WAIT_BO", node.wait(channel.dbc, bo.handle, 100)},
          {"PERF_STATS_BO", node.call(uapi::kIoctlPerfStatsBo, perf)},
          {"DETACH_SLICE_BO", node.detach(bo.handle)}};
}

template <Reset how>
void ends_the_wait(Run& run) {
  const auto scene = Scene::start(run);
  if (!scene) return;
  const auto bo = stuck(run, scene->session);
  if (!bo) return;
  Background wait = waiting(scene->session, *bo, 20000);
  auto events = Events::listen(run, scene->card);
  if (!events || !reset_by(run, scene->card, how)) return;
  run.result("WAIT_BO", wait.result(), -EPERM);
  run.holds("online-again", events->card_comes_back());
}

// From the moment it is told until the card has booted: which may be so soon that
// not all of the calls are made in time, so it is tried again.
template <Reset how>
void while_offline(Run& run) {
  const auto scene = Scene::start(run);
  if (!scene) return;
  const auto bo =
      attached(run, scene->session, Direction::to_device, 4096, scene->session.channel.device_address);
  if (!bo) return;
  std::vector<std::pair<const char*, int>> seen;
  int opened = 0;
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    auto events = Events::listen(run, scene->card);
    if (!events || !reset_by(run, scene->card, how)) return;
    if (!run.prepared("hear of it", events->until("offline", milliseconds(20000)).empty() ? -ETIMEDOUT : 0))
      return;
    const auto node = os::open_file(run.settings().node, os::OpenMode::read_write);
    opened = node.has_value() ? 0 : -node.error().code;
    seen = all_ioctls(scene->session, *bo);
    if (!run.prepared("wait for the card", scene->card.wait_until_online(kBoot))) return;
    const auto late = [](const auto& one) { return one.second != -ENODEV; };
    if (opened == -ENODEV && std::none_of(seen.begin(), seen.end(), late)) break;
  }
  run.result("open", opened, -ENODEV);
  for (const auto& [name, result] : seen) run.result(name, result, -ENODEV);
}

// What the file, its handles, its memory and its DBC are worth afterwards.
template <Reset how>
void the_file_lives_on(Run& run) {
  const auto scene = Scene::start(run);
  if (!scene) return;
  const auto& [node, channel] = scene->session;
  const auto bo = stuck(run, scene->session);
  if (!bo) return;
  bo->fill(21);
  const base::ByteVector before(bo->bytes().begin(), bo->bytes().end());
  auto events = Events::listen(run, scene->card);
  if (!events || !reset_by(run, scene->card, how)) return;
  run.holds("online-again", events->card_comes_back());
  run.result("MANAGE", ask_status(node), 0);
  run.holds("memory-is-kept", same(before, bo->bytes()));
  run.result("EXECUTE_BO-on-the-old-dbc", node.execute(channel.dbc, {bo->handle}), -EPERM);
  run.result("WAIT_BO-on-the-old-dbc", node.wait(channel.dbc, bo->handle, 100), -EPERM);
  run.result("DETACH_SLICE_BO", node.detach(bo->handle), -EINVAL);
  const auto again = Channel::activate(run, node);
  if (!again) return;
  const uapi::AttachSliceEntry entry[] = {slice(4096, again->device_address)};
  run.result("ATTACH_SLICE_BO", node.attach(again->dbc, bo->handle, Direction::to_device, entry), 0);
  run.result("EXECUTE_BO", node.execute(again->dbc, {bo->handle}), 0);
  run.result("WAIT_BO", node.wait(again->dbc, bo->handle), 0);
}

// Threads that ask all the time: whatever they get, it is one of three. A card can
// be back before any of them had its turn, so it is tried again.
template <Reset how>
void under_requests(Run& run) {
  const auto scene = Scene::start(run);
  if (!scene) return;
  std::atomic<bool> stop = false;
  std::atomic<unsigned> refused = 0;
  std::atomic<int> otherwise = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        const int result = ask_status(scene->session.node);
        if (result == -ENODEV || result == -EIO) ++refused;
        if (result != 0 && result != -ENODEV && result != -EIO) otherwise = result;
      }
    });
  }
  std::this_thread::sleep_for(kAsleep);
  constexpr int kRounds = 10;
  bool reset = true;
  bool online = true;
  for (int round = 0; round < kRounds && reset && online && refused == 0; ++round) {
    auto events = Events::listen(run, scene->card);
    reset = events && reset_by(run, scene->card, how);
    online = reset && events->card_comes_back() && scene->card.wait_until_online(kBoot) == 0;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  if (!reset) return;
  run.holds("online-again", online);
  run.holds("some-were-refused", refused != 0);
  run.result("another-error", otherwise, 0);
  // A second restart may follow the first, so once is not enough.
  int result = -ENODEV;
  const auto deadline = std::chrono::steady_clock::now() + kBoot;
  while (result == -ENODEV && std::chrono::steady_clock::now() < deadline) {
    result = ask_status(scene->session.node);
    if (result != 0) std::this_thread::sleep_for(kAsleep);
  }
  run.result("MANAGE-in-the-end", result, 0);
}

void soc_events(Run& run) {
  const auto scene = Scene::start(run);
  if (!scene) return;
  auto events = Events::listen(run, scene->card);
  if (!events || !reset_by(run, scene->card, Reset::soc)) return;
  auto seen = events->until("online", milliseconds(kBoot));
  for (auto& late : events->rest(milliseconds(300))) seen.push_back(std::move(late));
  run.equal("events", joined(seen), "offline,online");
}

template <Reset how>
void in_a_row(Run& run) {
  for (int round = 0; round < 5; ++round) {
    const auto scene = Scene::start(run);
    if (!scene) return;
    const auto bo =
        attached(run, scene->session, Direction::to_device, 4096, scene->session.channel.device_address);
    if (!bo) return;
    run.result("works-" + std::to_string(round), execute_and_wait(scene->session, *bo), 0);
    auto events = Events::listen(run, scene->card);
    if (!events || !reset_by(run, scene->card, how)) return;
    run.holds("comes-back-" + std::to_string(round), events->card_comes_back());
  }
}

// The driver is taken off the card. Whatever happens then, it is put back.
struct Unbound {
  explicit Unbound(const Location& card) : card_(card), result(card.unbind()) {}
  Unbound(const Unbound&) = delete;
  Unbound& operator=(const Unbound&) = delete;
  ~Unbound() {
    if (bound_) return;
    (void)card_.bind();
    (void)card_.wait_until_online(kBoot);
  }
  [[nodiscard]] int bind() {
    bound_ = true;
    return card_.bind();
  }

 private:
  Location card_;
  bool bound_ = false;

 public:
  int result;
};

bool unbound(Run& run, const Unbound& driver) {
  if (driver.result == -ENOENT || driver.result == -EACCES) {
    run.skip("unbind: " + result_name(driver.result));
    return false;
  }
  return run.prepared("unbind", driver.result);
}

void unbind_and_bind(Run& run) {
  const auto card = Location::of(run, run.settings().node);
  if (!card) return;
  Unbound driver(*card);
  if (!unbound(run, driver)) return;
  run.equal("node", card->node(), "");
  run.result("bind", driver.bind(), 0);
  run.result("online-again", card->wait_until_online(kBoot), 0);
  run.equal("same-node", card->node(), run.settings().node);
  const auto session = Session::start(run);
  if (!session) return;
  const auto bo = attached(run, *session, Direction::to_device, 4096, session->channel.device_address);
  if (bo) run.result("works", execute_and_wait(*session, *bo), 0);
}

constexpr char kOutlivesTheDevice[] =
    "closing a file after the driver has left the card uses memory that was given back";

// From here on files outlive the device, and when they are closed that may end the
// process: flaw.file_that_outlives_the_device.
void unbind_ends_the_wait(Run& run) {
  auto scene = Scene::start(run);
  if (!scene) return;
  auto bo = stuck(run, scene->session);
  if (!bo) return;
  Background wait = waiting(scene->session, *bo, 20000);
  Unbound driver(scene->card);
  if (!unbound(run, driver)) return;
  run.result("WAIT_BO", wait.result(), -EPERM);
  run.may_be_killed(kOutlivesTheDevice);
  bo->memory.reset();  // a mapping keeps the file, and so the number of the node
  scene->session.node.close();
  run.result("bind", driver.bind(), 0);
  run.result("online-again", scene->card.wait_until_online(kBoot), 0);
}

// The driver's ioctls are ENODEV for ever; what the DRM core does by itself goes on,
// and memory that is mapped stays.
void unbind_leaves_a_dead_file(Run& run) {
  auto scene = Scene::start(run);
  if (!scene) return;
  auto bo = attached(run, scene->session, Direction::to_device, 4096, scene->session.channel.device_address);
  if (!bo) return;
  bo->bytes()[9] = std::byte{0x42};
  std::uint64_t offset = 0;
  if (!run.prepared("MMAP_BO", scene->session.node.mmap_bo(bo->handle, offset))) return;
  Unbound driver(scene->card);
  if (!unbound(run, driver)) return;
  run.equal("node", scene->card.node(), "");
  for (const auto& [name, result] : all_ioctls(scene->session, *bo)) run.result(name, result, -ENODEV);
  run.equal("memory", std::to_integer<unsigned>(bo->bytes()[9]), 0x42);
  const Node& node = scene->session.node;
  uapi::DrmVersion version{};
  run.result("VERSION", node.call(uapi::kIoctlDrmVersion, version), 0);
  const auto map = [&] {
    const auto mapped = os::Mapping::shared(node.fd(), offset, 4096, os::Mapping::Access::read);
    return mapped.has_value() ? 0 : -mapped.error().code;
  };
  run.result("mmap", map(), 0);
  run.result("GEM_CLOSE", node.gem_close(bo->handle), 0);
  run.result("mmap-of-a-closed-handle", map(), -EACCES);
  run.may_be_killed(kOutlivesTheDevice);
  bo->memory.reset();
  scene->session.node.close();
  run.result("bind", driver.bind(), 0);
  run.result("online-again", scene->card.wait_until_online(kBoot), 0);
  run.equal("same-node", scene->card.node(), run.settings().node);
}

// While an old file is open its number is taken: the card gets another node.
void bind_while_an_old_file_is_open(Run& run) {
  auto scene = Scene::start(run);
  if (!scene) return;
  Unbound driver(scene->card);
  if (!unbound(run, driver)) return;
  run.result("bind", driver.bind(), 0);
  run.result("online-again", scene->card.wait_until_online(kBoot), 0);
  const std::string node = scene->card.node();
  run.holds("another-node", node != run.settings().node);
  Settings settings = run.settings();
  settings.node = node;
  {
    Run at_new_node(settings, "new-node", stderr);
    const auto session = Session::start(at_new_node);
    if (!run.prepared("a DBC at the new node", session ? 0 : -EPROTO)) return;
    const auto bo =
        attached(at_new_node, *session, Direction::to_device, 4096, session->channel.device_address);
    if (bo) run.result("works-there", execute_and_wait(*session, *bo), 0);
    run.result("old-file", ask_status(scene->session.node), -ENODEV);
  }
  run.may_be_killed(kOutlivesTheDevice);
  scene->session.node.close();
  Unbound once_more(scene->card);
  if (!unbound(run, once_more)) return;
  run.result("bind-again", once_more.bind(), 0);
  run.result("online-again-2", scene->card.wait_until_online(kBoot), 0);
  run.equal("old-node-again", scene->card.node(), run.settings().node);
}

constexpr Hazard kDestructive = Hazard::destructive;

constexpr Case kCases[] = {
    {"reset.soc_ends_the_wait", ends_the_wait<Reset::soc>, kDestructive},
    {"reset.soc_while_offline", while_offline<Reset::soc>, kDestructive},
    {"reset.soc_and_the_file_lives_on", the_file_lives_on<Reset::soc>, kDestructive},
    {"reset.soc_under_requests", under_requests<Reset::soc>, kDestructive},
    {"reset.soc_events", soc_events, kDestructive},
    {"reset.soc_in_a_row", in_a_row<Reset::soc>, kDestructive},
    {"reset.function_ends_the_wait", ends_the_wait<Reset::function>, kDestructive},
    {"reset.function_while_offline", while_offline<Reset::function>, kDestructive},
    {"reset.function_and_the_file_lives_on", the_file_lives_on<Reset::function>, kDestructive},
    {"reset.function_under_requests", under_requests<Reset::function>, kDestructive},
    {"reset.function_in_a_row", in_a_row<Reset::function>, kDestructive},
    {"reset.unbind_and_bind", unbind_and_bind, kDestructive},
    {"reset.unbind_ends_the_wait", unbind_ends_the_wait, Hazard::fatal},
    {"reset.unbind_leaves_a_dead_file", unbind_leaves_a_dead_file, Hazard::fatal},
    {"reset.bind_while_an_old_file_is_open", bind_while_an_old_file_is_open, Hazard::fatal},
};

}  // namespace

std::span<const Case> reset_cases() {
  return kCases;
}

}  // namespace qaic::conformance
