#include "conformance/run.hpp"

#include <cstring>

namespace qaic::conformance {

std::string result_name(int result) {
  if (result >= 0) return "ok";
  const char* name = strerrorname_np(-result);
  return name != nullptr ? name : "errno-" + std::to_string(-result);
}

namespace {

std::string killed_mark(std::string_view name) {
  return "# " + std::string(name) + ": from here on it may be killed: ";
}

}  // namespace

std::string reason_to_be_killed(std::string_view name, std::string_view text) {
  const std::string mark = killed_mark(name);
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + mark.size());
  return std::string(text.substr(0, text.find('\n')));
}

bool Run::look(std::string_view what, std::string_view observed, std::string_view wanted) {
  std::fprintf(out_, "# %s %s %.*s %.*s\n", may_be_killed_ ? "seen" : "observed", name_.c_str(),
               static_cast<int>(what.size()), what.data(), static_cast<int>(observed.size()),
               observed.data());
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

void Run::may_be_killed(std::string_view why) {
  may_be_killed_ = true;
  std::fprintf(out_, "%s%.*s\n", killed_mark(name_).c_str(), static_cast<int>(why.size()), why.data());
}

bool Run::prepared(std::string_view what, int observed) {
  if (observed >= 0) return true;
  failed_ = true;
  std::fprintf(out_, "# %s: preparing the case: %.*s: %s\n", name_.c_str(), static_cast<int>(what.size()),
               what.data(), result_name(observed).c_str());
  return false;
}

}  // namespace qaic::conformance
