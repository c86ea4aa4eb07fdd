// What the processes of a group report, turned into events in order.
#include <algorithm>
#include <cstring>

#include "sim/nsp/group.hpp"

namespace qaic::sim::nsp {
namespace {

using device::CoreEvent;

constexpr std::size_t kErrorTail = 2000;

// The last line that says something, and at most kErrorTail bytes before it.
std::string tail(const std::string& text) {
  std::string out = text.size() > kErrorTail ? text.substr(text.size() - kErrorTail) : text;
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  std::replace(out.begin(), out.end(), '\n', ' ');
  return out;
}

std::string end_text(os::ExitStatus status, const std::string& fatal, const std::string& errors) {
  if (!fatal.empty()) return fatal;
  std::string why = status.signal != 0 ? "the emulator ended by signal " + std::to_string(status.signal) +
                                             " (" + os::signal_text(status.signal) + ")"
                                       : "the emulator ended with exit code " + std::to_string(status.code);
  const std::string words = tail(errors);
  return words.empty() ? why : why + ": " + words;
}

}  // namespace

CoreEvent QemuGroup::event(CoreEvent::Kind kind, unsigned nsp) const {
  CoreEvent out;
  out.kind = kind;
  out.group = id_;
  out.nsp = nsp;
  return out;
}

void QemuGroup::collect(std::uint32_t source, std::vector<CoreEvent>& events) {
  // Commands come first whatever was reported: what an NSP stored before it
  // logged or died must not come after.
  take_commands(events);
  if (source != kCommands && source - 1 < processes_.size()) take_notices(source - 1, events);
}

void QemuGroup::take_commands(std::vector<CoreEvent>& events) {
  os::clear_event(commands_event_.get());
  SemaphoreCommand command;
  bool announced = false;
  for (;;) {
    bool any = false;
    while (events.size() < CommandRing::kSlots && ring().pop(command)) {
      any = true;
      CoreEvent out = event(CoreEvent::Kind::semaphore, command.nsp);
      out.value = command.value;
      events.push_back(std::move(out));
    }
    if (any && ring().announce_drained()) os::futex_wake_all(ring().drained_word());
    if (events.size() >= CommandRing::kSlots) {
      // Enough for one call; the caller comes back because this is readable.
      os::set_event(commands_event_.get());
      return;
    }
    // Empty, and still empty after writers were told to wake us.
    if (!any && announced) return;
    ring().announce_idle();
    announced = true;
  }
}

void QemuGroup::take_notices(unsigned nsp, std::vector<CoreEvent>& events) {
  Process& process = processes_[nsp];
  if (process.ended) return;
  const bool end = os::read_available(process.notices.get(), process.notice_bytes);
  if (end) take_commands(events);
  std::string_view left = process.notice_bytes;
  while (left.size() >= sizeof(nsp_notice)) {
    nsp_notice head{};
    std::memcpy(&head, left.data(), sizeof(head));
    if (head.length > NSP_NOTICE_MAX_TEXT || left.size() - sizeof(head) < head.length) break;
    std::string text(left.substr(sizeof(head), head.length));
    left.remove_prefix(sizeof(head) + head.length);
    if (head.kind == NSP_NOTICE_FATAL) {
      process.fatal = std::move(text);
      continue;
    }
    CoreEvent out = event(head.kind == NSP_NOTICE_HANG ? CoreEvent::Kind::hang : CoreEvent::Kind::log, nsp);
    out.value = head.value;
    out.text = std::move(text);
    events.push_back(std::move(out));
  }
  process.notice_bytes.erase(0, process.notice_bytes.size() - left.size());
  if (end) take_end(nsp, events);
}

void QemuGroup::take_end(unsigned nsp, std::vector<CoreEvent>& events) {
  Process& process = processes_[nsp];
  process.ended = true;
  cores_.watched_.remove(process.notices.get());
  const os::ExitStatus status = process.child.wait();
  [[maybe_unused]] const bool at_end = os::read_available(process.errors.get(), process.error_text);
  if (status.signal == 0 && status.code == 0 && process.fatal.empty()) {
    events.push_back(event(CoreEvent::Kind::exited, nsp));
    return;
  }
  CoreEvent out = event(CoreEvent::Kind::crashed, nsp);
  out.text = "NSP " + std::to_string(nsp) + ": " + end_text(status, process.fatal, process.error_text);
  events.push_back(std::move(out));
}

}  // namespace qaic::sim::nsp
