// What a client's messages do to a PCI function, its memory and its
// interrupts: one vfio-user message in, at most one reply out. Knows nothing
// of sockets.
// Thread rule: the thread that owns the card.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "os/fd.hpp"
#include "sim/pci/endpoint.hpp"
#include "sim/vfio/guest_memory.hpp"
#include "sim/vfio/interrupt_lines.hpp"
#include "wire/vfio_user.hpp"

namespace qaic::sim::vfio {

struct Message {
  wire::vfio_user::Header header;
  base::Bytes payload;  // what followed the header
  std::vector<os::Fd> fds;
};

class Session {
 public:
  // All must outlive the session. Its end leaves nothing of the client: no
  // memory, no interrupts, and a function as after power-on.
  Session(pci::Endpoint& endpoint, GuestMemory& memory, InterruptLines& interrupts)
      : endpoint_(endpoint), memory_(memory), interrupts_(interrupts) {}
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  enum class Outcome {
    go_on,
    hang_up,  // nothing can be said to this client any more
  };
  // Does what the message asks for and puts the reply, if one is wanted, at the
  // end of `replies`. Refusals are replies with an errno.
  [[nodiscard]] Outcome handle(Message message, base::ByteVector& replies);

  // The client has agreed on a version.
  [[nodiscard]] bool established() const { return established_; }

 private:
  class Reply;
  // Each gives 0 or an errno; a reply's payload goes into `reply`.
  int version(const Message& message, Reply& reply);
  int dma_map(Message& message);
  int dma_unmap(const Message& message, Reply& reply);
  int device_info(const Message& message, Reply& reply);
  int region_info(const Message& message, Reply& reply);
  int irq_info(const Message& message, Reply& reply);
  int set_irqs(Message& message);
  int region_read(const Message& message, Reply& reply);
  int region_write(const Message& message, Reply& reply);
  // The range of an access, if the function has it.
  [[nodiscard]] int check_access(const wire::vfio_user::RegionAccess& access) const;

  pci::Endpoint& endpoint_;
  GuestMemory& memory_;
  InterruptLines& interrupts_;
  bool established_ = false;
};

}  // namespace qaic::sim::vfio
