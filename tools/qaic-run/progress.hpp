// What the worker of qaic-run tells the process that watches it, over a pipe:
// by when it must be heard of again, and how it ends.
#pragma once

#include <chrono>
#include <cstdint>

namespace qaic::tools::run {

struct ProgressRecord {
  static constexpr std::uint32_t kNoCard = ~0U;
  enum Kind : std::uint32_t {
    at_ease = 1,  // nothing of the card is waited for
    waiting = 2,  // `value` milliseconds from now it is late
    ended = 3,    // `value` is the exit code; everything was written
  };
  std::uint32_t kind = 0;
  std::uint32_t card = kNoCard;  // its number, once one is used
  std::uint64_t value = 0;
};
static_assert(sizeof(ProgressRecord) == 16);

// The worker's side.
class Progress {
 public:
  // What follows is about this card.
  void uses(std::uint32_t qid) { card_ = qid; }
  // Between steps of the card: reads files, writes results, for as long as it takes.
  void at_ease();
  // A step of the card begins that may take `limit`; a little more is granted.
  void waiting(std::chrono::milliseconds limit);
  // Like waiting(), for steps that follow each other fast: told once a second.
  void still_waiting(std::chrono::milliseconds limit, std::chrono::steady_clock::time_point now);
  // The last word.
  void ended(int exit_code);

 private:
  void tell(ProgressRecord::Kind kind, std::uint64_t value);
  std::uint32_t card_ = ProgressRecord::kNoCard;
  std::chrono::steady_clock::time_point told_{};
};

}  // namespace qaic::tools::run
