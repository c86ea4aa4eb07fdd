#include "conformance/events.hpp"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace qaic::conformance {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr unsigned kKernelGroup = 1;

// The value of NAME=value among the NUL-terminated texts of a uevent.
std::string_view value_of(std::string_view event, std::string_view name) {
  while (!event.empty()) {
    const std::size_t end = std::min(event.find('\0'), event.size());
    const std::string_view text = event.substr(0, end);
    if (text.starts_with(name) && text.substr(name.size()).starts_with('='))
      return text.substr(name.size() + 1);
    event.remove_prefix(std::min(end + 1, event.size()));
  }
  return {};
}

std::string word_of(std::string_view event, const std::string& address) {
  if (value_of(event, "SUBSYSTEM") != "accel") return {};
  if (value_of(event, "DEVPATH").find("/" + address + "/") == std::string_view::npos) return {};
  const std::string_view dbc = value_of(event, "DBC_ID");
  if (!dbc.empty()) return "dbc" + std::string(dbc) + "=" + std::string(value_of(event, "DBC_STATE"));
  return std::string(value_of(event, "ACTION"));
}

}  // namespace

std::optional<Events> Events::listen(Run& run, const Location& card) {
  os::Fd socket(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernelGroup;
  const bool bound = socket.valid() &&
                     ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  if (!run.prepared("listen to uevents", bound ? 0 : -errno)) return std::nullopt;
  return Events(std::move(socket), card.address());
}

std::optional<std::string> Events::next(milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    pollfd poll{socket_.get(), POLLIN, 0};
    if (::poll(&poll, 1, static_cast<int>(std::max<milliseconds::rep>(left.count(), 0))) <= 0) {
      if (left.count() <= 0) return std::nullopt;
      continue;
    }
    char event[8192];
    const ssize_t size = ::recv(socket_.get(), event, sizeof(event), 0);
    if (size <= 0) continue;
    std::string word = word_of({event, static_cast<std::size_t>(size)}, address_);
    if (!word.empty()) return word;
  }
}

std::vector<std::string> Events::until(std::string_view last, milliseconds limit) {
  std::vector<std::string> out;
  const auto deadline = steady_clock::now() + limit;
  while (out.empty() || out.back() != last) {
    auto word = next(std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()));
    if (!word) break;
    out.push_back(std::move(*word));
  }
  return out;
}

bool Events::card_comes_back() {
  const auto seen = until("online", std::chrono::minutes(1));
  return !seen.empty() && seen.back() == "online";
}

std::vector<std::string> Events::rest(milliseconds quiet) {
  std::vector<std::string> out;
  while (auto word = next(quiet)) out.push_back(std::move(*word));
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ",") + word;
  return out.empty() ? "none" : out;
}

std::size_t count_of(const std::vector<std::string>& words, std::string_view word) {
  return static_cast<std::size_t>(std::count(words.begin(), words.end(), word));
}

}  // namespace qaic::conformance
