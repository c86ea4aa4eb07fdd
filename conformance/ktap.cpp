#include "conformance/ktap.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "conformance/errno_rows.hpp"
#include "conformance/location.hpp"
#include "os/file.hpp"

namespace qaic::conformance {

namespace {

// How the child tells the outcome: one line at the end of what it prints.
constexpr char kOk[] = "=ok\n";
constexpr char kNotOk[] = "=not ok\n";
constexpr char kSkip[] = "=skip ";
constexpr char kFlaw[] = "=flaw\n";

[[noreturn]] void run_child(const Settings& settings, const Case& one, int out) {
  std::FILE* stream = ::fdopen(out, "w");
  if (stream == nullptr) ::_exit(1);
  ::setvbuf(stream, nullptr, _IOLBF, 0);  // what was seen must outlive a process that the kernel kills
  Run run(settings, one.name, stream);
  one.body(run);
  if (run.failed()) {
    std::fputs(kNotOk, stream);
  } else if (!run.skip_reason().empty()) {
    std::fprintf(stream, "%s%s\n", kSkip, run.skip_reason().c_str());
  } else {
    std::fputs(run.flaw_shown() ? kFlaw : kOk, stream);
  }
  std::fflush(stream);
  ::_exit(0);
}

// Everything the child prints until it ends; false if the deadline came first.
bool collect(int from, std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + kCaseDeadline;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd poll{from, POLLIN, 0};
    const int ready = ::poll(&poll, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    char buffer[4096];
    const ssize_t got = ::read(from, buffer, sizeof(buffer));
    if (got == 0) return true;
    if (got < 0 && errno != EINTR) return false;
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
  }
}

Outcome run_one(const Settings& settings, const Case& one, std::string& text, std::string& reason) {
  int ends[2];
  if (::pipe(ends) < 0) {
    reason = "pipe: " + std::string(strerrordesc_np(errno));
    return Outcome::not_ok;
  }
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    run_child(settings, one, ends[1]);
  }
  ::close(ends[1]);
  const bool in_time = child > 0 && collect(ends[0], text);
  ::close(ends[0]);
  if (child < 0) {
    reason = "fork failed";
    return Outcome::not_ok;
  }
  int status = 0;
  if (!in_time) {
    // It may sleep where no signal reaches it: it is left behind then.
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, WNOHANG);
    reason = "not done after " + std::to_string(kCaseDeadline.count()) + " s";
    return Outcome::not_ok;
  }
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) {
    reason = reason_to_be_killed(one.name, text);
    if (!reason.empty()) return Outcome::flaw;
    reason = "killed by signal " + std::to_string(WTERMSIG(status));
    return Outcome::not_ok;
  }
  const std::size_t mark = text.rfind("\n=");
  const std::size_t start = mark != std::string::npos ? mark + 1 : 0;
  const std::string verdict = text.substr(start);
  text.resize(start);
  if (verdict == kOk) return Outcome::ok;
  if (verdict == kFlaw) return Outcome::flaw;
  if (verdict == kNotOk) return Outcome::not_ok;
  if (verdict.starts_with(kSkip)) {
    reason = verdict.substr(sizeof(kSkip) - 1);
    while (!reason.empty() && reason.back() == '\n') reason.pop_back();
    return Outcome::skipped;
  }
  reason = "the case ended without a verdict";
  return Outcome::not_ok;
}

// How much of what the driver can answer this run looks at.
void print_errno_rows(const std::vector<Case>& cases) {
  unsigned tried = 0;
  unsigned left_out = 0;
  unsigned impossible = 0;
  for (const ErrnoRow& row : errno_rows()) {
    const bool selected =
        row.provoked_by != nullptr && std::any_of(cases.begin(), cases.end(), [&](const Case& one) {
          return std::strcmp(one.name, row.provoked_by) == 0;
        });
    ++(row.provoked_by == nullptr ? impossible : selected ? tried : left_out);
  }
  std::printf("# errno rows: %u tried, %u not selected, %u cannot be provoked (--rows names them)\n", tried,
              left_out, impossible);
}

}  // namespace

Tally run_all(const Settings& settings, const std::vector<Case>& cases) {
  Tally tally;
  std::printf("KTAP version 1\n1..%zu\n", cases.size());
  std::size_t number = 0;
  const auto card = Location::find(settings.node);
  Settings current = settings;
  for (const Case& one : cases) {
    // A case may have left the card with a node of another number.
    if (card && os::file_kind(current.node) == os::FileKind::missing && !card->node().empty()) {
      current.node = card->node();
    }
    std::string text;
    std::string reason;
    const Outcome outcome = run_one(current, one, text, reason);
    std::fputs(text.c_str(), stdout);
    ++number;
    switch (outcome) {
      case Outcome::ok:
        ++tally.ok;
        std::printf("ok %zu %s\n", number, one.name);
        break;
      case Outcome::not_ok:
        ++tally.not_ok;
        if (!reason.empty()) std::printf("# %s: %s\n", one.name, reason.c_str());
        std::printf("not ok %zu %s\n", number, one.name);
        break;
      case Outcome::flaw:
        // As kselftest prints what is expected to fail: ok, for runners that know no XFAIL.
        ++tally.flaws;
        std::printf("ok %zu %s # XFAIL %s\n", number, one.name, reason.empty() ? one.flaw : reason.c_str());
        break;
      case Outcome::skipped:
        ++tally.skipped;
        std::printf("ok %zu %s # SKIP %s\n", number, one.name, reason.c_str());
        break;
    }
    std::fflush(stdout);
  }
  std::printf("# totals: pass:%u fail:%u xfail:%u skip:%u\n", tally.ok, tally.not_ok, tally.flaws,
              tally.skipped);
  print_errno_rows(cases);
  return tally;
}

}  // namespace qaic::conformance
