// Starting a program under the filter and with its view of /sys and /dev, so
// that a supervisor, of this process or another, can serve it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/file_tree.hpp"
#include "os/process_tree.hpp"
#include "os/signal_inbox.hpp"

namespace qaic::sim::syscall {

// What a program sees of the cards.
struct View {
  os::FileTree sys;
  os::FileTree dev;
};

// What a supervisor needs of a program to serve it.
struct Entrance {
  os::Fd listener;  // of its filter
  os::Fd sys;       // its /sys and /dev/accel, which can be changed through these
  os::Fd accel;
  std::set<std::uint64_t> file_systems;  // device numbers of those laid over /sys
  View shown;                            // what was laid out
};

struct Program {
  os::ProcessTree tree;
  Entrance entrance;

  // Up to the execution of the command, which waits for tree.release(). The
  // command gets `signals` as they were before. Error ids: those of os::.
  static base::Result<Program> start(std::vector<std::string> command, const os::SignalInbox& signals,
                                     View view);
};

}  // namespace qaic::sim::syscall
