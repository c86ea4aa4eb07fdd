// What qaic-run bench adds to an inference: its closed loop over a card that
// takes no time, against a bare loop over the same, in one run. Prints
// nanoseconds per inference: added, of that clock readings.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <limits>

#include "tools/qaic-run/bench/loops.hpp"

namespace {

using namespace qaic;
using namespace qaic::tools::run::bench;

constexpr std::uint64_t kInferences = 3'000'000;
constexpr int kRounds = 7;

class InstantPort : public Port {
 public:
  Expected<Done> submit(std::size_t /*slot*/) override { return Done{}; }
  Expected<Done> wait(std::size_t /*slot*/) override { return Done{}; }
  std::optional<CardTimes> card_times(std::size_t /*slot*/) override { return CardTimes{}; }
  std::int64_t now() override { return std::chrono::steady_clock::now().time_since_epoch().count(); }
  void sleep_until(std::int64_t /*at*/) override {}
  bool interrupted() override { return false; }
};

// Not inlined, so that the compiler does not see through the port.
[[gnu::noinline]] void bare_loop(Port& port) {
  for (std::uint64_t i = 0; i < kInferences; ++i) {
    if (!port.submit(0) || !port.wait(0)) return;
  }
}
[[gnu::noinline]] void clock_loop(Port& port) {
  for (std::uint64_t i = 0; i < kInferences; ++i) {
    (void)port.now();
    (void)port.now();
  }
}

template <class Work>
double nanoseconds_each(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return static_cast<double>((std::chrono::steady_clock::now() - start).count()) /
         static_cast<double>(kInferences);
}

}  // namespace

int main() {
  InstantPort port;
  std::array<double, kRounds> added{}, clocks{};
  for (int round = 0; round < kRounds; ++round) {
    const auto at = static_cast<std::size_t>(round);
    const double bare = nanoseconds_each([&] { bare_loop(port); });
    clocks[at] = nanoseconds_each([&] { clock_loop(port); });
    Recorder recorder(0, std::numeric_limits<std::int64_t>::max(), 50'000'000);
    recorder.measure(port.now(), std::numeric_limits<std::int64_t>::max());
    added[at] = nanoseconds_each([&] { (void)closed_loop(port, recorder, 1, kInferences); }) - bare;
  }
  std::sort(added.begin(), added.end());
  std::sort(clocks.begin(), clocks.end());
  std::printf("%.1f %.1f\n", added[kRounds / 2], clocks[kRounds / 2]);
  return 0;
}
