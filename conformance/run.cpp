#include "conformance/run.hpp"

#include <cstring>

namespace qaic::conformance {

std::string result_name(int result) {
  if (result >= 0) return "ok";
  const char* name = strerrorname_np(-result);
  return name != nullptr ? name : "errno-" + std::to_string(-result);
}

bool Run::look(std::string_view what, std::string_view observed, std::string_view wanted) {
  std::fprintf(out_, "# observed %s %.*s %.*s\n", name_.c_str(), static_cast<int>(what.size()), what.data(),
               static_cast<int>(observed.size()), observed.data());
  if (observed == wanted) return true;
  std::fprintf(out_, "# %s: %.*s: expected %.*s, got %.*s\n", name_.c_str(), static_cast<int>(what.size()),
               what.data(), static_cast<int>(wanted.size()), wanted.data(), static_cast<int>(observed.size()),
               observed.data());
  return false;
}

void Run::report(std::string_view what, std::string_view observed, std::string_view expected) {
  if (!look(what, observed, expected)) failed_ = true;
}

void Run::compare(std::string_view what, std::string_view observed, std::string_view sound) {
  if (!look(what, observed, sound)) flaw_shown_ = true;
}

void Run::result(std::string_view what, int observed, Expected expected) {
  const int wanted = settings_.kernel == Kernel::v7 ? expected.v7 : expected.v6_12;
  report(what, result_name(observed), result_name(wanted));
}

void Run::equal(std::string_view what, std::uint64_t observed, std::uint64_t expected) {
  report(what, std::to_string(observed), std::to_string(expected));
}

void Run::equal(std::string_view what, std::string_view observed, std::string_view expected) {
  report(what, observed, expected);
}

void Run::holds(std::string_view what, bool observed) {
  report(what, observed ? "yes" : "no", "yes");
}

void Run::flawed_result(std::string_view what, int observed, Expected sound) {
  const int wanted = settings_.kernel == Kernel::v7 ? sound.v7 : sound.v6_12;
  compare(what, result_name(observed), result_name(wanted));
}

void Run::flawed_equal(std::string_view what, std::uint64_t observed, std::uint64_t sound) {
  compare(what, std::to_string(observed), std::to_string(sound));
}

void Run::flawed_holds(std::string_view what, bool observed) {
  compare(what, observed ? "yes" : "no", "yes");
}

bool Run::prepared(std::string_view what, int observed) {
  if (observed >= 0) return true;
  failed_ = true;
  std::fprintf(out_, "# %s: preparing the case: %.*s: %s\n", name_.c_str(), static_cast<int>(what.size()),
               what.data(), result_name(observed).c_str());
  return false;
}

}  // namespace qaic::conformance
