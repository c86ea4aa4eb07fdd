// What the kernel announces of one card: uevents of the subsystem accel.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/location.hpp"
#include "os/fd.hpp"

namespace qaic::conformance {

class Events {
 public:
  // Hears everything from now on; the case fails without.
  static std::optional<Events> listen(Run& run, const Location& card);

  // Events of the accel device, oldest first, until `last` has come or for `limit`:
  // "online", "offline", "add", "remove", or "dbc3=1" for a DBC that changed state.
  [[nodiscard]] std::vector<std::string> until(std::string_view last, std::chrono::milliseconds limit);
  // Whether "online" comes within a minute.
  [[nodiscard]] bool card_comes_back();
  // Those that come within `quiet` of each other.
  [[nodiscard]] std::vector<std::string> rest(std::chrono::milliseconds quiet);

 private:
  Events(os::Fd socket, std::string address) : socket_(std::move(socket)), address_(std::move(address)) {}
  // The next one; nothing if none comes in time.
  std::optional<std::string> next(std::chrono::milliseconds limit);
  os::Fd socket_;
  std::string address_;
};

// "a,b,c"; "none" if there are none.
[[nodiscard]] std::string joined(const std::vector<std::string>& words);
[[nodiscard]] std::size_t count_of(const std::vector<std::string>& words, std::string_view word);

}  // namespace qaic::conformance
