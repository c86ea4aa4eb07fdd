// One case being run: what it tried, what it saw, what should have been seen.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "os/fd.hpp"

namespace qaic::conformance {

// Kernel series whose behaviour is expected (kernel-interface §7).
enum class Kernel { v6_12, v7 };

struct Settings {
  std::string node = "/dev/accel/accel0";
  std::string second_node;                      // another card, for the cases that need two
  std::string crash_network;                    // ELF of a network that dies at its first doorbell
  std::string network;                          // ELF to activate with; empty: a bare activation
  std::optional<std::uint64_t> device_address;  // where the data path cases copy to on the card
  Kernel kernel = Kernel::v7;
};

// A result: 0 or more is success, else -errno. Where the series differ, both.
struct Expected {
  int v7;
  int v6_12;
  constexpr Expected(int both) : v7(both), v6_12(both) {}  // NOLINT: an errno is the common case
  constexpr Expected(int on_7, int on_6_12) : v7(on_7), v6_12(on_6_12) {}
};

// Single-threaded. Prints KTAP diagnostics as it goes: "# observed CASE WHAT
// VALUE" for everything looked at ("# seen" where that varies), and why a case failed.
class Run {
 public:
  Run(const Settings& settings, std::string_view name, std::FILE* out)
      : settings_(settings), name_(name), out_(out) {}

  [[nodiscard]] const Settings& settings() const { return settings_; }

  // `observed` of a call named `what`, against what the reference says.
  void result(std::string_view what, int observed, Expected expected);
  void equal(std::string_view what, std::uint64_t observed, std::uint64_t expected);
  void equal(std::string_view what, std::string_view observed, std::string_view expected);
  void holds(std::string_view what, bool observed);

  // Looked at where the driver is known to be wrong: `sound` is what a sound
  // driver does. Anything else is recorded, and shows the flaw; it is no failure.
  void flawed_result(std::string_view what, int observed, Expected sound);
  void flawed_equal(std::string_view what, std::uint64_t observed, std::uint64_t sound);
  void flawed_holds(std::string_view what, bool observed);

  // From here on the driver may be so wrong that the kernel ends this process: that
  // shows the flaw `why`. What is looked at afterwards varies, and is not recorded.
  void may_be_killed(std::string_view why);

  // A step that only prepares the case: true if it succeeded; else the case fails.
  [[nodiscard]] bool prepared(std::string_view what, int observed);

  // The case cannot be run here.
  void skip(std::string reason) { skip_reason_ = std::move(reason); }

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool flaw_shown() const { return flaw_shown_; }
  [[nodiscard]] const std::string& skip_reason() const { return skip_reason_; }

 private:
  bool look(std::string_view what, std::string_view observed, std::string_view wanted);
  void report(std::string_view what, std::string_view observed, std::string_view expected);
  void compare(std::string_view what, std::string_view observed, std::string_view sound);

  const Settings& settings_;
  std::string name_;
  std::FILE* out_;
  bool failed_ = false;
  bool flaw_shown_ = false;
  bool may_be_killed_ = false;
  std::string skip_reason_;
};

// Why the process of that case may have been killed, as may_be_killed() said it in
// `text`; empty if it did not.
[[nodiscard]] std::string reason_to_be_killed(std::string_view name, std::string_view text);

// "ok" for 0 and more, else the errno's name.
[[nodiscard]] std::string result_name(int result);

// What a case may do: nothing to others; take the card, or memory, from others;
// bring the kernel down.
enum class Hazard { none, destructive, fatal };

struct Case {
  const char* name;  // group.what_is_tried
  void (*body)(Run&);
  Hazard hazard = Hazard::none;
  // What is wrong in the driver, if the case is there to show it: it is expected
  // to fail, see Run::flawed_result().
  const char* flaw = nullptr;
};

}  // namespace qaic::conformance
