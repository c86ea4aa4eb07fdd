// Answers the system calls of a program that runs on simulated cards: opens of
// their nodes, ioctls on them, mappings of them, sockets for uevents.
// Everything else the kernel does itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "os/close_watch.hpp"
#include "os/file_tree.hpp"
#include "os/foreign_process.hpp"
#include "os/kernel_events.hpp"
#include "os/process_tree.hpp"
#include "os/seccomp.hpp"
#include "os/signal_inbox.hpp"
#include "sim/driver/driver.hpp"
#include "sim/syscall/node_file.hpp"
#include "sim/syscall/topology.hpp"

namespace qaic::sim::syscall {

// One node and what is behind it.
struct Node {
  Slot slot;
  driver::Driver* driver = nullptr;
  // Readable while events of the cores wait; -1: there are none.
  int cores_fd = -1;
  std::function<std::vector<device::CoreEvent>()> take_core_events;
};

// Runs on one thread and sleeps when nothing happens.
class Supervisor {
 public:
  struct Options {
    std::vector<Node> nodes;  // at least one
    std::function<std::chrono::nanoseconds()> now;
    os::SignalInbox signals;
    // Told what goes wrong without ending the program's run.
    std::function<void(const base::Error&)> warn;
  };

  // Starts the program, under its filter and with its view of /sys and /dev,
  // but does not let it run yet. Error ids: those of os::.
  struct View;
  static base::Result<std::unique_ptr<Supervisor>> start(Options options, std::vector<std::string> command,
                                                         View view);
  ~Supervisor();

  // Lets the program run and serves it until it and all its descendants ended.
  [[nodiscard]] base::Result<os::ProcessTree::Outcome> serve();

 private:
  struct OpenNode;
  struct Sleeper;
  class Memory;

  Supervisor(Options options, os::ProcessTree tree, os::SeccompListener listener, os::CloseWatch closes);

  void step();
  [[nodiscard]] std::optional<std::chrono::nanoseconds> next_deadline() const;
  void forward_signals();
  void handle(const os::Notification& call);
  void handle_open(const os::Notification& call);
  void handle_ioctl(const os::Notification& call);
  void handle_mmap(const os::Notification& call);
  void handle_socket(const os::Notification& call);
  void handle_fstatfs(const os::Notification& call);

  // ---- open nodes
  OpenNode* find(os::FileIdentity identity);
  [[nodiscard]] const Node* node_at(os::FileIdentity identity) const;
  // The open node behind a client's descriptor; null when it is none. May end
  // the call with an error, then `ended` is set.
  OpenNode* resolve(const os::Notification& call, int fd, bool& ended);
  void let_kernel(const os::Notification& call) const { (void)listener_.pass(call.id); }
  int create_open_node(const Node& node, OpenNode*& out);
  int adopt_read_only(const os::Notification& call, int fd, const Node& node, OpenNode*& out);
  void after_closes();
  void try_close(OpenNode& file);
  void bury();

  // ---- sleeping calls
  void check_sleepers();
  void poll_signals();
  void end_sleeper(std::uint64_t id, int result);

  // ---- the card's side
  void collect_core_events(int cores_fd);
  void run_cards();
  void publish(const Node& node);

  Options options_;
  os::ProcessTree tree_;
  os::SeccompListener listener_;
  os::CloseWatch closes_;
  std::vector<os::FileIdentity> placeholders_;  // of options_.nodes
  std::set<std::uint64_t> sys_devices_;         // file systems laid over /sys
  os::Fd devices_;                              // their folder, writable
  std::string devices_path_;                    // below /sys
  std::optional<os::KernelEvents> uevents_;
  std::map<os::FileIdentity, std::unique_ptr<OpenNode>> open_;
  std::unordered_map<int, OpenNode*> by_watch_;
  std::vector<std::unique_ptr<OpenNode>> closed_;  // until the driver let go of their memory
  std::map<std::uint64_t, Sleeper> sleepers_;      // by notification
  std::chrono::nanoseconds next_signal_poll_{};
  std::uint64_t next_tag_ = 0;
  bool ended_ = false;
};

// What the program sees of /sys and /dev.
struct Supervisor::View {
  os::FileTree sys;
  os::FileTree dev;
  std::string root;  // folder of the cards' root bus, below /sys
};

}  // namespace qaic::sim::syscall
