// What the checker finds, and the rules it finds it by. The rules are described
// in docs/checker.md. Values; safe to use from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace qaic::program {

// note: worth knowing, often what cannot be known. warning: odd, or wrong on
// some card; the program is loaded all the same. error: never loaded.
enum class Severity : std::uint8_t { note, warning, error };

[[nodiscard]] std::string_view severity_name(Severity severity);

struct Rule {
  std::string_view id;  // kebab-case, stable
  Severity severity = Severity::error;
  std::string_view error_id;  // of the base::Error that loading ends with; "" for other severities
  std::string_view meaning;   // what a program has to satisfy, one sentence
};

// All rules, by subject.
[[nodiscard]] std::span<const Rule> rules();

struct Finding {
  Severity severity = Severity::error;
  std::string_view rule;  // Rule::id
  std::string place;      // such as "metadata.dmaRequests[3].semaphoreOps[1]"
  std::string reason;     // one line
};

// Collects findings in the order in which they are made; the first kMost are
// kept (a hostile file can break one rule a million times), all are counted.
class Findings {
 public:
  static constexpr std::size_t kMost = 1000;

  // `rule` must be one of rules().
  void add(std::string_view rule, std::string place, std::string reason);
  void add(std::string_view rule, Severity severity, std::string place, std::string reason);

  [[nodiscard]] const std::vector<Finding>& list() const { return list_; }
  [[nodiscard]] std::size_t count(Severity severity) const {
    return counts_[static_cast<std::size_t>(severity)];
  }
  [[nodiscard]] std::size_t left_out() const;  // counted, but not in the list

  // The first finding of severity error, as loading reports it.
  [[nodiscard]] std::optional<base::Error> first_error() const;

 private:
  std::vector<Finding> list_;
  std::optional<Finding> first_error_;
  std::array<std::size_t, 3> counts_{};
};

// "name[index]".
[[nodiscard]] std::string indexed(std::string_view name, std::size_t index);

}  // namespace qaic::program
