#include "tools/qaic-run/progress.hpp"

#include <span>

#include "os/file.hpp"
#include "os/worker.hpp"

namespace qaic::tools::run {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// On a busy machine the process may have waited, not the card.
constexpr milliseconds kMargin{3000};
constexpr seconds kBeat{1};

}  // namespace

void Progress::at_ease() {
  tell(ProgressRecord::at_ease, 0);
}

void Progress::waiting(milliseconds limit) {
  told_ = std::chrono::steady_clock::now();
  tell(ProgressRecord::waiting, static_cast<std::uint64_t>((limit + kMargin).count()));
}

void Progress::still_waiting(milliseconds limit, std::chrono::steady_clock::time_point now) {
  if (now - told_ >= kBeat) waiting(limit + kBeat);
}

void Progress::ended(int exit_code) {
  tell(ProgressRecord::ended, static_cast<std::uint64_t>(exit_code));
}

void Progress::tell(ProgressRecord::Kind kind, std::uint64_t value) {
  const ProgressRecord record{kind, card_, value};
  // Without a listener there is nobody to tell; this process is killed then.
  (void)os::write_all(os::Worker::kReportFd, std::as_bytes(std::span(&record, 1)));
}

}  // namespace qaic::tools::run
