// A PCI function behind a UNIX socket, for one client (a virtual machine) after
// the other. Everything happens on the thread that calls serve().
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "os/local_stream.hpp"
#include "os/signal_inbox.hpp"
#include "sim/vfio/connection.hpp"

namespace qaic::sim::vfio {

class Server {
 public:
  // What else wants to be done on this thread.
  struct Work {
    int events_fd = -1;  // readable: call on_event
    std::function<void()> on_event;
    std::function<std::optional<std::chrono::nanoseconds>()> next_deadline;
    std::function<std::chrono::nanoseconds()> now;  // the deadlines' clock
    std::function<void()> tick;                     // a deadline has come
    std::function<void()> after;                    // after anything was done
    std::function<int()> orders_fd;                 // may be none; readable: call on_order
    std::function<void()> on_order;
  };
  enum class Lifetime { until_stopped, one_client };

  // All must outlive the server.
  Server(os::LocalListener listener, pci::Endpoint& endpoint, GuestMemory& memory, InterruptLines& interrupts)
      : listener_(std::move(listener)), endpoint_(endpoint), memory_(memory), interrupts_(interrupts) {}

  // Until a signal arrives, or with one_client until a client that had agreed
  // on a version is gone. A lost client leaves a function as after power-on.
  void serve(os::SignalInbox& signals, const Work& work, Lifetime lifetime);

  [[nodiscard]] const Statistics& statistics() const { return statistics_; }

 private:
  // False once there is nothing more to do.
  bool step(os::SignalInbox& signals, const Work& work, Lifetime lifetime);
  void welcome();

  os::LocalListener listener_;
  pci::Endpoint& endpoint_;
  GuestMemory& memory_;
  InterruptLines& interrupts_;
  Statistics statistics_;
  std::optional<Connection> client_;
};

}  // namespace qaic::sim::vfio
