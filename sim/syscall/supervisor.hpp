// Answers the system calls of programs that run on simulated cards: opens of
// their nodes, ioctls on them, mappings of them, writes to their attributes,
// sockets for uevents. Everything else the kernel does itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "os/close_watch.hpp"
#include "os/foreign_process.hpp"
#include "os/kernel_events.hpp"
#include "os/seccomp.hpp"
#include "sim/driver/driver.hpp"
#include "sim/syscall/node_file.hpp"
#include "sim/syscall/program.hpp"
#include "sim/syscall/sys_tree.hpp"
#include "sim/syscall/topology.hpp"

namespace qaic::sim::syscall {

// One node and what is behind it.
struct Node {
  driver::Driver* driver = nullptr;
  // Readable while events of the cores wait; -1: there are none.
  int cores_fd = -1;
  std::function<std::vector<device::CoreEvent>()> take_core_events;
};

// Lives on one thread and sleeps when nothing happens.
class Supervisor {
 public:
  struct Options {
    std::vector<Node> nodes;  // one per slot, at least one
    SysTreeOptions sys;
    std::function<std::chrono::nanoseconds()> now;
    // Told what goes wrong without ending a program's run.
    std::function<void(const base::Error&)> warn;
    // Told what the cards and their drivers say, one line each; may be empty.
    std::function<void(std::size_t slot, const std::string& line)> tell;
  };

  // Error ids: those of os::.
  static base::Result<std::unique_ptr<Supervisor>> create(Options options);
  ~Supervisor();

  // What a program that starts now is to see.
  [[nodiscard]] View view() const;

  // ---- programs
  enum class ProgramId : std::uint32_t {};
  // Serves the program from now on. `name` is for holders().
  ProgramId add(Entrance entrance, std::string name);
  // All its processes have ended: takes away what it left open. `done` is
  // called once nothing is left.
  void end(ProgramId program, std::function<void()> done);
  // Nobody is under its filter any more.
  [[nodiscard]] bool deserted(ProgramId program) const;

  // Waits for something to happen, and handles it.
  void step();
  // Calls back from step() whenever the descriptor is readable or hung up.
  void watch(int fd, std::function<void()> readable);
  void unwatch(int fd);

  // ---- the cards, from outside; uevents and attributes follow
  // Unbinds the driver; pulls the card out (a rescan finds it again).
  void unbind(std::size_t slot);
  void pull_out(std::size_t slot);
  void rescan();
  // Something befell the card: its driver, attributes and uevents follow.
  void follow(std::size_t slot);

  // An open node.
  struct Holder {
    std::size_t slot = 0;
    pid_t process = 0;  // that opened it
    ProgramId program{};
    std::string name;  // given to add()
  };
  [[nodiscard]] std::vector<Holder> holders() const;
  [[nodiscard]] const SlotState& state(std::size_t slot) const { return options_.sys.states[slot]; }

 private:
  struct Run;
  struct OpenNode;
  struct OpenAttribute;
  struct GivenBuffer;
  struct Sleeper;
  class Memory;

  Supervisor(Options options, os::CloseWatch closes);

  [[nodiscard]] std::optional<std::chrono::nanoseconds> next_deadline() const;
  void handle(Run& run, const os::Notification& call);
  void handle_open(Run& run, const os::Notification& call);
  void handle_ioctl(Run& run, const os::Notification& call);
  void handle_mmap(Run& run, const os::Notification& call);
  void handle_socket(Run& run, const os::Notification& call);
  void handle_fstatfs(Run& run, const os::Notification& call);
  void handle_write(Run& run, const os::Notification& call);
  void handle_readlink(Run& run, const os::Notification& call);
  int open_node(Run& run, const os::Notification& call, std::size_t slot, std::uint64_t flags);

  // ---- open nodes
  std::optional<std::string> link_of_node(const Run& run, pid_t thread, const std::string& path);
  OpenNode* find(os::FileIdentity identity);
  [[nodiscard]] std::optional<std::size_t> slot_at(const Run& run, os::FileIdentity identity) const;
  // The open node behind a client's descriptor; null when it is none. May end
  // the call with an error, then `ended` is set.
  OpenNode* resolve(Run& run, const os::Notification& call, int fd, bool& ended);
  int create_open_node(Run& run, const os::Notification& call, std::size_t slot, OpenNode*& out);
  int adopt_read_only(Run& run, const os::Notification& call, int fd, std::size_t slot, OpenNode*& out);
  void after_closes();
  void close_what_ended();
  void try_close(OpenNode& file);
  void force_close(OpenNode& file);
  void bury();
  void carry_on_ending();

  // ---- dma-bufs
  GivenBuffer* given_behind(const os::Notification& call, std::uint64_t fd);
  // Of the descriptors of dma-bufs; false: the call is for the kernel.
  bool map_buffer(Run& run, const os::Notification& call);
  bool sync_buffer(Run& run, const os::Notification& call);
  void forget_buffers();

  // ---- attributes
  int open_attribute(Run& run, const os::Notification& call, std::size_t attribute, std::uint64_t flags);
  int write_attribute(const WritableAttribute& attribute, std::string_view text);
  void locate(Run& run) const;
  void refresh();
  void show_attribute(const std::string& path, const std::string& text);

  // ---- sleeping calls
  void check_sleepers();
  void poll_signals();
  void end_sleeper(std::uint64_t id, int result);

  // ---- the card's side
  void collect_core_events(int cores_fd);
  void run_cards();
  void publish(std::size_t slot);
  void publish_debug(std::size_t slot);
  void follow_presence(std::size_t slot);
  void set_bound(std::size_t slot, bool bound);
  void drop_dump(std::size_t slot);
  using Variables = std::vector<std::pair<std::string, std::string>>;
  void announce(const std::string& action, const std::string& path, const std::string& subsystem,
                const Variables& variables);
  void announce_channels(std::size_t slot, bool come);
  void announce_accel(std::size_t slot, const std::string& action, const Variables& more);
  void announce_mhi(std::size_t slot, const std::string& action, const Variables& more);

  Options options_;
  os::CloseWatch closes_;
  std::optional<os::KernelEvents> uevents_;
  std::map<ProgramId, std::unique_ptr<Run>> runs_;
  std::uint32_t next_program_ = 0;
  std::map<int, std::function<void()>> watched_;
  std::vector<WritableAttribute> attributes_;
  std::vector<OpenAttribute> open_attributes_;
  std::map<os::FileIdentity, std::unique_ptr<OpenNode>> open_;
  std::unordered_map<int, OpenNode*> by_watch_;
  std::vector<std::unique_ptr<OpenNode>> closed_;  // until the driver let go of their memory
  std::vector<GivenBuffer> given_;
  // Of other devices, while a card uses them.
  std::vector<std::pair<os::FileIdentity, std::weak_ptr<driver::DmaBuf>>> host_buffers_;
  std::chrono::nanoseconds look_at_given_{};   // 0: when one was closed somewhere
  std::map<std::uint64_t, Sleeper> sleepers_;  // by CallId
  std::uint64_t next_call_ = 0;
  std::chrono::nanoseconds next_signal_poll_{};
  std::uint64_t next_tag_ = 0;
  std::map<std::size_t, std::chrono::nanoseconds> debug_shown_;  // by slot
  std::map<std::size_t, std::chrono::nanoseconds> debug_due_;    // likewise, if something may have changed
  unsigned dumps_ = 0;
  std::map<std::size_t, std::chrono::nanoseconds> dumps_end_;  // by slot
};

}  // namespace qaic::sim::syscall
