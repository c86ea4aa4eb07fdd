#include "lib/program/finding.hpp"

#include <algorithm>
#include <utility>

namespace qaic::program {
namespace {

const Rule& rule_of(std::string_view id) {
  static constexpr Rule kUnknown{"unknown-rule", Severity::error, "qpc-mismatch", ""};
  const auto all = rules();
  const auto it = std::ranges::find(all, id, &Rule::id);
  return it == all.end() ? kUnknown : *it;
}

// What stands before a reason, for each error id.
std::string_view opening(std::string_view error_id) {
  if (error_id == "qpc-descriptor") return "networkdesc.bin is not a valid network descriptor: ";
  if (error_id == "qpc-metadata") return "the device metadata in network.elf is not valid: ";
  if (error_id == "qpc-elf") return "network.elf is not a valid program for the NSP cores: ";
  if (error_id == "qpc-constants") return "the constants are not valid: ";
  if (error_id == "qpc-mismatch") return "parts of the program contradict each other: ";
  return "";
}

}  // namespace

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "";
}

std::string indexed(std::string_view name, std::size_t index) {
  std::string out(name);
  out += '[';
  out += std::to_string(index);
  out += ']';
  return out;
}

void Findings::add(std::string_view rule, std::string place, std::string reason) {
  add(rule, rule_of(rule).severity, std::move(place), std::move(reason));
}

void Findings::add(std::string_view rule, Severity severity, std::string place, std::string reason) {
  ++counts_[static_cast<std::size_t>(severity)];
  const bool first = severity == Severity::error && !first_error_;
  if (!first && list_.size() >= kMost) return;
  Finding finding{severity, rule_of(rule).id, std::move(place), std::move(reason)};
  if (first) first_error_ = finding;
  if (list_.size() < kMost) list_.push_back(std::move(finding));
}

std::size_t Findings::left_out() const {
  std::size_t all = 0;
  for (const std::size_t count : counts_) all += count;
  return all - list_.size();
}

std::optional<base::Error> Findings::first_error() const {
  if (!first_error_) return std::nullopt;
  const std::string_view id = rule_of(first_error_->rule).error_id;
  // The kernel driver or this library cannot do it, though a card might.
  const bool beyond_stack = id == "qpc-presync" || id == "qpc-queue";
  std::string what(opening(id));
  what += first_error_->reason;
  what += " [" + std::string(first_error_->rule) + "]";
  const std::size_t more = count(Severity::error) - 1;
  if (more > 0) what += " (and " + std::to_string(more) + (more == 1 ? " more error)" : " more errors)");
  return base::make_error(beyond_stack ? base::ErrorKind::unsupported : base::ErrorKind::bad_input, id,
                          std::move(what),
                          id == "qpc-presync" ? "compile the program with one semaphore per request"
                          : id == "qpc-queue" ? "compile the program with fewer DMA requests"
                                              : "qaic-qpc check lists all that is wrong with a program");
}

}  // namespace qaic::program
