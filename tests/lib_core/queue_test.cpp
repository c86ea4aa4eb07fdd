#include "lib/core/queue.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include "lib/core/waiting_line.hpp"
#include "os/readiness.hpp"
#include "tests/lib_core/scripted_channel.hpp"

namespace core = qaic::core;
namespace os = qaic::os;
using core::Completion;
using core::Delivery;
using core::Queue;
using core::QueueOptions;
using qaic::base::ErrorKind;
using qaic::tests::ScriptedChannel;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kNow{0};
constexpr std::nullopt_t kForever = std::nullopt;

std::unique_ptr<Queue> queue_over(ScriptedChannel& channel, std::size_t depth, QueueOptions options = {}) {
  auto queue = Queue::over(channel.submissions(depth), "card", std::move(options));
  REQUIRE(queue.has_value());
  return std::move(*queue);
}

QueueOptions delivering(Delivery delivery) {
  QueueOptions options;
  options.delivery = delivery;
  return options;
}

QueueOptions calling(std::function<void(const Queue&, const Completion&)> callback) {
  QueueOptions options = delivering(Delivery::callback);
  options.callback = std::move(callback);
  return options;
}

QueueOptions ending_after(milliseconds deadline) {
  QueueOptions options;
  options.deadline = deadline;
  return options;
}

std::uint32_t submit_one(Queue& queue, std::uint64_t user_data) {
  const auto slot = queue.acquire(kNow);
  REQUIRE(slot.has_value());
  REQUIRE(queue.submit(*slot, user_data).has_value());
  return *slot;
}

bool readable(int fd) {
  std::array<os::Watched, 1> watched{os::Watched{fd}};
  os::wait_for(watched, std::chrono::nanoseconds(0));
  return watched[0].readable;
}

// Until a thread that is about to sleep does.
void until_asleep(const std::atomic<pid_t>& thread) {
  std::string state;
  while (state != "S") {
    std::this_thread::yield();
    std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::string name;
    stat >> name >> name >> state;
  }
}

}  // namespace

TEST_CASE("inputs are gathered once for each submission, and nobody waits for that") {
  ScriptedChannel channel(1);
  std::unique_ptr<Queue> queue;
  int gathered = 0;
  channel.gather_by([&] {
    ++gathered;
    const auto other = queue->acquire(kNow);  // would wait for ever for a queue that is locked
    REQUIRE(other.has_value());
    REQUIRE(queue->release(*other).has_value());
  });
  queue = queue_over(channel, 3);
  submit_one(*queue, 1);
  const auto second = submit_one(*queue, 2);  // no room: begun behind the first
  CHECK(channel.attempts() == 2);
  channel.run_freely();
  for (const std::uint64_t expected : {1U, 2U}) {
    const auto done = queue->next(kForever);
    REQUIRE(done.has_value());
    CHECK(done->succeeded());
    CHECK(done->user_data == expected);
  }
  CHECK(channel.attempts() == 3);
  CHECK(gathered == 2);
  REQUIRE(queue->submit(second, 3).has_value());
  CHECK(gathered == 3);
}

TEST_CASE("each slot is handed out to one at a time") {
  ScriptedChannel channel(8);
  const auto queue = queue_over(channel, 3);
  std::array<bool, 3> seen{};
  for (int i = 0; i < 3; ++i) {
    const auto slot = queue->acquire(kNow);
    REQUIRE(slot.has_value());
    CHECK_FALSE(seen.at(*slot));
    seen.at(*slot) = true;
  }
  const auto none = queue->acquire(milliseconds(2));
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().id == "queue-slots");
  CHECK(none.error().kind == ErrorKind::unavailable);
  REQUIRE(queue->release(1).has_value());
  CHECK(queue->acquire(kNow).value() == 1);
}

TEST_CASE("a slot in a state that does not fit the call is a wrong call") {
  ScriptedChannel channel(8);
  const auto queue = queue_over(channel, 2);
  CHECK(queue->submit(0, 0).error().id == "queue-slot");
  CHECK(queue->release(0).error().id == "queue-slot");
  CHECK(queue->wait(0, kForever).error().id == "queue-slot");
  CHECK(queue->submit(2, 0).error().what.find("does not exist") != std::string::npos);
  const auto slot = submit_one(*queue, 0);
  CHECK(queue->submit(slot, 0).error().kind == ErrorKind::usage);
  CHECK(queue->release(slot).error().kind == ErrorKind::usage);
  CHECK_FALSE(Queue::over({}, "card", {}).has_value());
}

TEST_CASE("completions come in the order of submission, with what the caller gave along") {
  ScriptedChannel channel(8);
  for (const auto delivery : {Delivery::wait, Delivery::event}) {
    const auto queue = queue_over(channel, 4, delivering(delivery));
    std::array<std::uint32_t, 4> slots{};
    for (std::uint64_t i = 0; i < 4; ++i) slots.at(i) = submit_one(*queue, 100 + i);
    CHECK(queue->next(kNow).error().id == "queue-timeout");
    for (std::uint64_t i = 0; i < 4; ++i) {
      channel.complete_one();
      const auto completion = queue->next(kForever);
      REQUIRE(completion.has_value());
      CHECK(completion->slot == slots.at(i));
      CHECK(completion->user_data == 100 + i);
      CHECK(completion->succeeded());
      CHECK(queue->release(slots.at(i)).has_value());
    }
  }
}

TEST_CASE("one inference can be waited for before those in front of it are fetched") {
  ScriptedChannel channel(8);
  for (const auto delivery : {Delivery::wait, Delivery::event}) {
    const auto queue = queue_over(channel, 3, delivering(delivery));
    const auto first = submit_one(*queue, 1);
    const auto second = submit_one(*queue, 2);
    const auto third = submit_one(*queue, 3);
    CHECK(queue->wait(second, milliseconds(1)).error().id == "queue-timeout");
    channel.complete_one();
    channel.complete_one();
    CHECK(queue->wait(second, kForever).value().user_data == 2);
    CHECK(queue->wait(second, kForever).error().id == "queue-slot");
    CHECK(queue->next(kForever).value().slot == first);
    channel.complete_one();
    CHECK(queue->wait(third, kForever).value().user_data == 3);
  }
}

TEST_CASE("who waits for one inference gets it, though another who asks for any is there first") {
  ScriptedChannel channel(8);
  for (const auto delivery : {Delivery::wait, Delivery::event}) {
    const auto queue = queue_over(channel, 2, delivering(delivery));
    const auto first = submit_one(*queue, 1);
    const auto second = submit_one(*queue, 2);
    std::optional<std::uint32_t> got;
    std::thread any([&] {  // in Delivery::wait it sleeps in the kernel for both
      const auto completion = queue->next(kForever);
      if (completion) got = completion->slot;
    });
    channel.until_waited_for();
    std::atomic<pid_t> id = 0;
    std::string id_of_error;
    std::thread one([&] {
      id = ::gettid();
      const auto completion = queue->wait(first, kForever);
      id_of_error = completion ? "" : completion.error().id;
    });
    until_asleep(id);
    channel.complete_one();
    one.join();
    CHECK(id_of_error.empty());
    channel.complete_one();
    any.join();
    CHECK(got == second);
    CHECK(queue->drain(kNow).has_value());
    if (delivery == Delivery::event) CHECK_FALSE(readable(queue->event()));
  }
}

TEST_CASE("what finds the channel full is begun behind a completion, in order, without trying in between") {
  ScriptedChannel channel(2);
  for (const auto delivery : {Delivery::wait, Delivery::event}) {
    const std::size_t before = channel.attempts();
    const auto queue = queue_over(channel, 5, delivering(delivery));
    for (std::uint64_t i = 0; i < 5; ++i) submit_one(*queue, i);
    CHECK(channel.queued() == 2);
    CHECK(channel.attempts() - before == 3);
    CHECK(queue->next(milliseconds(20)).error().id == "queue-timeout");
    CHECK(channel.attempts() - before == 3);
    for (std::uint64_t i = 0; i < 5; ++i) {
      channel.complete_one();
      CHECK(queue->next(kForever).value().user_data == i);
    }
    CHECK(channel.attempts() - before <= 5 + 1 + 3);  // one that fails for each completion with some left
    CHECK(queue->drain(kNow).has_value());
  }
}

TEST_CASE("a channel that others fill is an error, because no completion of ours makes room") {
  ScriptedChannel channel(2);
  const auto queue = queue_over(channel, 2);
  channel.occupy(2);
  const auto slot = queue->acquire(kNow).value();
  CHECK(queue->submit(slot, 7).error().id == "queue-full");
  channel.occupy(1);
  REQUIRE(queue->submit(slot, 8).has_value());  // the slot stayed the caller's
  const auto waiting = submit_one(*queue, 9);
  channel.occupy(2);
  channel.complete_one();
  CHECK(queue->wait(slot, kForever).value().user_data == 8);
  const auto refused = queue->wait(waiting, kForever);
  REQUIRE(refused.has_value());
  REQUIRE_FALSE(refused->succeeded());
  CHECK(queue->error_of(*refused).id == "queue-full");
}

TEST_CASE("a slot of which a buffer is still queued is begun behind a completion, or refused without one") {
  ScriptedChannel channel(4);
  const auto queue = queue_over(channel, 2);
  const auto slot = queue->acquire(kNow).value();
  channel.linger(1);
  const auto refused = queue->start(slot, 7);
  CHECK(refused.why == Queue::Refusal::Why::kernel);
  CHECK(refused.number == EBUSY);
  submit_one(*queue, 8);
  channel.linger(1);
  REQUIRE(queue->submit(slot, 9).has_value());
  CHECK(channel.queued() == 1);
  channel.complete_one();
  CHECK(queue->next(kForever).value().user_data == 8);
  CHECK(channel.queued() == 1);  // begun at last
  channel.complete_one();
  CHECK(queue->next(kForever).value().user_data == 9);
}

TEST_CASE("the event is readable while there are completions and at no other time") {
  ScriptedChannel channel(8);
  const auto queue = queue_over(channel, 2, delivering(Delivery::event));
  submit_one(*queue, 1);
  submit_one(*queue, 2);
  CHECK_FALSE(readable(queue->event()));
  channel.complete_one();
  channel.complete_one();
  std::array<os::Watched, 1> watched{os::Watched{queue->event()}};
  os::wait_for(watched, std::nullopt);
  REQUIRE(queue->drain(kForever).has_value());
  CHECK(queue->next(kNow).value().user_data == 1);
  CHECK(readable(queue->event()));
  CHECK(queue->next(kNow).value().user_data == 2);
  CHECK_FALSE(readable(queue->event()));
  CHECK(queue_over(channel, 1)->event() == -1);
}

TEST_CASE("a callback gets every completion in order and may submit again") {
  ScriptedChannel channel(4);
  channel.run_freely();
  Queue* raw = nullptr;
  std::vector<std::uint64_t> order;  // of the queue's thread, read after drain()
  std::uint64_t given = 4;
  constexpr std::uint64_t kAll = 500;
  const auto queue = queue_over(channel, 4, calling([&](const Queue&, const Completion& completion) {
                                  order.push_back(completion.user_data);
                                  if (given < kAll) {
                                    CHECK(raw->submit(completion.slot, given++).has_value());
                                  } else {
                                    CHECK(raw->release(completion.slot).has_value());
                                  }
                                }));
  raw = queue.get();
  std::array<std::uint32_t, 4> slots{};
  for (auto& slot : slots) slot = queue->acquire(kNow).value();
  CHECK(queue->next(kNow).error().id == "queue-callback");
  for (std::uint64_t i = 0; i < 4; ++i) CHECK(queue->submit(slots.at(i), i).has_value());
  REQUIRE(queue->drain(kForever).has_value());
  CHECK(order.size() >= 4);
  for (int i = 0; i < 4; ++i) CHECK(queue->acquire(milliseconds(10000)).has_value());
  REQUIRE(queue->drain(kForever).has_value());
  CHECK(order.size() == kAll);
}

TEST_CASE("many threads share the slots, each inference ends once, and nobody sees another's") {
  for (const auto delivery : {Delivery::wait, Delivery::event}) {
    ScriptedChannel channel(3);
    const auto queue = queue_over(channel, 4, delivering(delivery));
    constexpr int kThreads = 8;
    constexpr int kEach = 150;
    std::thread card([&] {
      for (int i = 0; i < kThreads * kEach; ++i) channel.complete_one();
    });
    std::array<int, 4> tensors{};  // one per slot: a data race if two have it at once
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          const auto slot = queue->acquire(kForever).value();
          tensors.at(slot) = t;
          const auto mine = static_cast<std::uint64_t>(t * kEach + i);
          if (!queue->submit(slot, mine)) ++wrong;
          const auto completion = queue->wait(slot, kForever);
          if (!completion || !completion->succeeded() || completion->user_data != mine) ++wrong;
          if (tensors.at(slot) != t) ++wrong;
          if (!queue->release(slot)) ++wrong;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    card.join();
    CHECK(wrong == 0);
    CHECK(queue->drain(kNow).has_value());
  }
}

TEST_CASE("some threads submit while another fetches") {
  for (const auto delivery : {Delivery::wait, Delivery::event}) {
    ScriptedChannel channel(8);
    channel.run_freely();
    const auto queue = queue_over(channel, 6, delivering(delivery));
    constexpr std::uint64_t kThreads = 4;
    constexpr std::uint64_t kEach = 200;
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (std::uint64_t i = 0; i < kEach; ++i) {
          if (!queue->submit(queue->acquire(kForever).value(), 1)) return;
        }
      });
    }
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < kThreads * kEach; ++i) {
      const auto completion = queue->next(kForever);
      REQUIRE(completion.has_value());
      sum += completion->user_data;
      REQUIRE(queue->release(completion->slot).has_value());
    }
    for (auto& thread : threads) thread.join();
    CHECK(sum == kThreads * kEach);
  }
}

TEST_CASE("a lost channel ends everything in flight with its reason") {
  for (const auto delivery : {Delivery::wait, Delivery::event}) {
    ScriptedChannel channel(2);
    const auto queue = queue_over(channel, 4, delivering(delivery));
    for (std::uint64_t i = 0; i < 4; ++i) submit_one(*queue, i);
    channel.lose(EPERM);
    for (std::uint64_t i = 0; i < 4; ++i) {
      const auto completion = queue->next(kForever);
      REQUIRE(completion.has_value());
      CHECK(completion->user_data == i);
      REQUIRE_FALSE(completion->succeeded());
      CHECK(queue->error_of(*completion).code == EPERM);
      CHECK(queue->error_of(*completion).id == (i < 2 ? "finish" : "begin"));
    }
    CHECK(queue->submit(0, 0).error().code == EPERM);
    CHECK(queue->release(0).has_value());
  }
}

TEST_CASE("an inference past its deadline is over, its slot comes back when the card gives it back") {
  for (const auto delivery : {Delivery::wait, Delivery::event}) {
    ScriptedChannel channel(8);
    QueueOptions options = ending_after(milliseconds(5));
    options.delivery = delivery;
    const auto queue = queue_over(channel, 2, options);
    const auto slot = submit_one(*queue, 1);
    const auto completion = queue->next(kForever);
    REQUIRE(completion.has_value());
    REQUIRE_FALSE(completion->succeeded());
    CHECK(queue->error_of(*completion).id == "inference-deadline");
    CHECK(queue->submit(slot, 2).error().id == "queue-late");
    const auto other = queue->acquire(kNow).value();
    REQUIRE(queue->release(slot).has_value());
    REQUIRE(queue->release(other).has_value());
    CHECK(queue->acquire(kNow).value() == other);  // not the late one, though it came first
    CHECK(queue->acquire(milliseconds(3)).error().id == "queue-slots");
    channel.complete_one();
    CHECK(queue->acquire(kNow).value() == slot);
    CHECK(queue->submit(slot, 3).has_value());
    channel.complete_one();
    CHECK(queue->wait(slot, kForever).value().succeeded());
  }
}

TEST_CASE("who waits for a slot gets a late one once the card gives it back") {
  ScriptedChannel channel(8);
  const auto queue = queue_over(channel, 1, ending_after(milliseconds(1)));
  const auto slot = submit_one(*queue, 1);
  REQUIRE_FALSE(queue->next(kForever).value().succeeded());
  std::thread waiting([&] { CHECK(queue->acquire(kForever).value() == slot); });
  REQUIRE(queue->release(slot).has_value());
  channel.complete_one();
  waiting.join();
}

TEST_CASE("a signal ends the wait and loses nothing") {
  ScriptedChannel channel(8);
  const auto queue = queue_over(channel, 1);
  submit_one(*queue, 1);
  channel.interrupt();
  CHECK(queue->next(kForever).error().code == EINTR);
  channel.interrupt();
  CHECK(queue->drain(kForever).error().code == EINTR);
  channel.complete_one();
  CHECK(queue->next(kForever).value().user_data == 1);
}

TEST_CASE("nothing sleeps in the kernel for longer than a tenth of a second at a time") {
  ScriptedChannel channel(8);
  const auto queue = queue_over(channel, 1);
  submit_one(*queue, 1);
  CHECK_FALSE(queue->next(milliseconds(150)).has_value());
  CHECK(channel.longest_wait_ms() <= 100);
  CHECK(channel.longest_wait_ms() > 0);
}

TEST_CASE("a queue that goes away with work in flight tells the callback, or nobody") {
  ScriptedChannel channel(2);
  std::vector<std::string> ends;
  Queue* raw = nullptr;
  auto queue = queue_over(channel, 4, calling([&](const Queue& from, const Completion& completion) {
                            REQUIRE_FALSE(completion.succeeded());
                            ends.push_back(from.error_of(completion).id);
                            CHECK(raw->submit(completion.slot, 0).error().id == "queue-closed");
                          }));
  raw = queue.get();
  for (std::uint64_t i = 0; i < 4; ++i) submit_one(*queue, i);
  queue.reset();
  CHECK(ends == std::vector<std::string>(4, "queue-closed"));

  ScriptedChannel other(2);
  for (const auto delivery : {Delivery::wait, Delivery::event}) {
    const auto silent = queue_over(other, 4, delivering(delivery));
    if (other.queued() == 0) submit_one(*silent, 1);
  }
}

TEST_CASE("who waits longest is served first") {
  core::WaitingLine line;
  std::mutex mutex;
  std::array<std::optional<std::uint32_t>, 3> got;
  std::vector<std::thread> threads;
  std::atomic<std::size_t> in_line = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      std::unique_lock lock(mutex);
      ++in_line;  // under the mutex, which only wait() lets go of
      got.at(i) = line.wait(lock, std::chrono::steady_clock::time_point::max());
    });
    while (in_line <= i) std::this_thread::yield();
  }
  {
    std::unique_lock lock(mutex);
    CHECK_FALSE(
        line.wait(lock, std::chrono::steady_clock::now()).has_value());  // gave up, stands in nobody's way
    for (std::uint32_t slot = 10; slot < 13; ++slot) CHECK(line.serve(slot));
    CHECK(line.empty());
    CHECK_FALSE(line.serve(13));
  }
  for (auto& thread : threads) thread.join();
  for (std::uint32_t i = 0; i < 3; ++i) CHECK(got.at(i).value_or(0) == 10 + i);
}
