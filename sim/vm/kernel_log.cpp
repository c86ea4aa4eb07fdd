#include "sim/vm/kernel_log.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>

namespace qaic::sim::vm {
namespace {

constexpr std::array<std::string_view, 13> kBeginnings{"WARNING: ",
                                                       "BUG: ",
                                                       "Kernel panic",
                                                       "general protection fault",
                                                       "Oops: ",
                                                       "Call Trace:",
                                                       "INFO: task ",
                                                       "rcu: INFO: ",
                                                       "Unable to handle",
                                                       "UBSAN: ",
                                                       "DMA-API: ",
                                                       "DMAR: DRHD: handling fault",
                                                       "unchecked MSR access"};
constexpr unsigned kLongestComplaint = 60;  // lines
constexpr std::size_t kMostLines = 400;

std::string_view message(std::string_view line) {
  const auto bracket = line.starts_with("[") ? line.find("] ") : std::string_view::npos;
  return bracket == std::string_view::npos ? line : line.substr(bracket + 2);
}

bool begins(std::string_view text) {
  return std::any_of(kBeginnings.begin(), kBeginnings.end(), [&](std::string_view beginning) {
    return text.find(beginning) != std::string_view::npos;
  });
}

}  // namespace

std::string log_line(std::string_view record) {
  const auto text = record.find(';');
  if (text == std::string_view::npos) return std::string(record.substr(0, record.find('\n')));
  std::uint64_t microseconds = 0;
  std::string_view head = record.substr(0, text);
  for (int field = 0; field < 2 && !head.empty(); ++field) {
    const auto comma = head.find(',');
    head = comma == std::string_view::npos ? std::string_view() : head.substr(comma + 1);
  }
  (void)std::from_chars(head.data(), head.data() + head.size(), microseconds);
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "[%5llu.%06llu] ",
                static_cast<unsigned long long>(microseconds / 1000000),
                static_cast<unsigned long long>(microseconds % 1000000));
  std::string_view body = record.substr(text + 1);
  return time.data() + std::string(body.substr(0, body.find('\n')));
}

unsigned log_priority(std::string_view record) {
  unsigned number = 0;  // priority and facility
  (void)std::from_chars(record.data(), record.data() + record.size(), number);
  return number & 7;
}

void KernelComplaints::take(const std::string& line) {
  const std::string_view text = message(line);
  const bool trace = text.find("Call Trace:") != std::string_view::npos;
  if (begins(text) && !(trace && follows_ > 0)) {
    if (follows_ == 0 || !trace) ++count_;
    follows_ = kLongestComplaint;
  }
  if (follows_ == 0) return;
  --follows_;
  if (text.find("---[ end trace") != std::string_view::npos ||
      text.find("</TASK>") != std::string_view::npos) {
    follows_ = std::min(follows_, text.starts_with("---[ end") ? 0U : 1U);
  }
  if (lines_.size() < kMostLines) lines_.push_back(line);
}

}  // namespace qaic::sim::vm
