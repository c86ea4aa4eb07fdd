// What the supervisor keeps about one open node and one sleeping call. Private
// to this folder.
#pragma once

#include "sim/syscall/supervisor.hpp"

namespace qaic::sim::syscall {

// How soon a sleeping call is first looked at for signals.
inline constexpr std::chrono::milliseconds kFirstSignalPoll{2};

struct Supervisor::OpenNode {
  const Node* node = nullptr;
  driver::OpenFile file{};
  std::unique_ptr<NodeFile> memory;
  int watch = -1;
  std::uint64_t tag = 0;  // position of read-only descriptions that belong to it
  // An open file description went, but others seemed to be left: ask again.
  bool ask_again = false;
  std::chrono::nanoseconds ask_at{};
  std::chrono::nanoseconds ask_after{};
};

struct Supervisor::Sleeper {
  const Node* node = nullptr;
  pid_t thread = 0;
  unsigned seen_shared = 0;  // polls in a row that saw a signal for its process
};

// Memory of a caller that waits for its answer.
class Supervisor::Memory : public driver::ClientMemory {
 public:
  Memory(const Supervisor& supervisor, const os::Notification& call)
      : supervisor_(supervisor), listener_(supervisor.listener_), id_(call.id), thread_(call.thread) {}
  bool read(std::uint64_t address, base::MutableBytes out) override {
    // What was read counts only if it was read from the caller.
    return os::read_memory(thread_, address, out) && listener_.valid(id_);
  }
  bool write(std::uint64_t address, base::Bytes in) override {
    return listener_.valid(id_) && os::write_memory(thread_, address, in);
  }

  // Pages that the kernel could pin: readable, and not those of a BO, whose
  // mappings have no pages of their own (kernel-interface §1.7).
  bool readable(std::uint64_t address, std::uint64_t size) override;

 private:
  const Supervisor& supervisor_;
  const os::SeccompListener& listener_;
  std::uint64_t id_;
  pid_t thread_;
};

}  // namespace qaic::sim::syscall
