// What the supervisor keeps about one program, one open node, one open
// attribute and one sleeping call. Private to this folder.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "sim/syscall/supervisor.hpp"

namespace qaic::sim::syscall {

// How soon a sleeping call is first looked at for signals.
inline constexpr std::chrono::milliseconds kFirstSignalPoll{2};

// A program with all its descendants.
struct Supervisor::Run {
  std::string name;
  // Shared with what the driver may still read of a caller's memory.
  std::shared_ptr<os::SeccompListener> listener;
  bool deserted = false;  // nobody is under its filter any more
  os::Fd sys;
  os::Fd accel;
  std::set<std::uint64_t> file_systems;
  View shown;
  std::map<os::FileIdentity, std::size_t> nodes;       // slot by node, as the program finds it
  std::map<os::FileIdentity, std::size_t> attributes;  // index into attributes_, likewise
  std::function<void()> when_ended;                    // set: it is ending
  std::chrono::nanoseconds give_up{};                  // files that are open then are taken away
};

struct Supervisor::OpenNode {
  Run* run = nullptr;  // of who opened it; null once that ended
  std::size_t slot = 0;
  pid_t process = 0;
  driver::OpenFile file{};
  std::unique_ptr<NodeFile> memory;
  int watch = -1;
  std::uint64_t tag = 0;  // position of read-only descriptions that belong to it
  // An open file description went, but others seemed to be left: ask again.
  bool ask_again = false;
  std::chrono::nanoseconds ask_at{};
  std::chrono::nanoseconds ask_after{};
};

struct Supervisor::OpenAttribute {
  os::Fd file;
  os::FileIdentity identity;
  WritableAttribute attribute;
};

// A buffer that clients hold by descriptor. What they hold is a file of its
// size that can be neither read nor mapped; map_buffer() maps the BO instead.
struct Supervisor::GivenBuffer {
  os::Fd file;
  os::FileIdentity identity;
  std::shared_ptr<driver::DmaBuf> buffer;
  int watch = -1;
};

struct Supervisor::Sleeper {
  std::size_t slot = 0;
  std::shared_ptr<os::SeccompListener> listener;
  std::uint64_t notification = 0;
  pid_t thread = 0;
  unsigned seen_shared = 0;  // polls in a row that saw a signal for its process
};

// Memory of a caller that waits for its answer.
class Supervisor::Memory : public driver::ClientMemory {
 public:
  Memory(Supervisor& supervisor, const Run& run, const os::Notification& call)
      : supervisor_(supervisor), listener_(run.listener), id_(call.id), thread_(call.thread) {}
  bool read(std::uint64_t address, base::MutableBytes out) override {
    // What was read counts only if it was read from the caller.
    return os::read_memory(thread_, address, out) && listener_->valid(id_);
  }
  bool write(std::uint64_t address, base::Bytes in) override {
    return listener_->valid(id_) && os::write_memory(thread_, address, in);
  }

  // Pages that the kernel could pin: readable, and not those of a BO, whose
  // mappings have no pages of their own (kernel-interface §1.7).
  bool readable(std::uint64_t address, std::uint64_t size) override;
  int give(const std::shared_ptr<driver::DmaBuf>& buffer, OnExec on_exec) override;
  int take(int fd, std::shared_ptr<driver::DmaBuf>& buffer) override;

 private:
  Supervisor& supervisor_;
  std::shared_ptr<os::SeccompListener> listener_;
  std::uint64_t id_;
  pid_t thread_;
};

}  // namespace qaic::sim::syscall
