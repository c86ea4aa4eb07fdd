// One client: takes its messages off the socket, one at a time and whole, and
// sends the replies. Never blocks; a client that does not read its replies is
// not listened to until it does.
// Thread rule: the thread that owns the card.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "base/bytes.hpp"
#include "os/local_stream.hpp"
#include "sim/vfio/session.hpp"
#include "sim/vfio/statistics.hpp"
#include "wire/vfio_user.hpp"

namespace qaic::sim::vfio {

class Connection {
 public:
  // See Session; `statistics` must outlive the connection too.
  Connection(os::LocalStream stream, pci::Endpoint& endpoint, GuestMemory& memory, InterruptLines& interrupts,
             Statistics& statistics)
      : stream_(std::move(stream)),
        session_(endpoint, memory, interrupts),
        memory_(memory),
        statistics_(statistics) {}

  // Handles up to `most` messages that are there, fewer when they made the card
  // copy kCopiedAtOnce bytes. False: the client is gone, or sent what no message
  // is, and this object has no more use.
  [[nodiscard]] bool advance(unsigned most);
  static constexpr std::uint64_t kCopiedAtOnce = 16U << 20;

  [[nodiscard]] int fd() const { return stream_.fd(); }
  // Replies wait for room in the socket.
  [[nodiscard]] bool must_write() const { return sent_ < replies_.size(); }
  [[nodiscard]] bool established() const { return session_.established(); }

 private:
  enum class Progress { message, nothing, over };
  Progress receive();
  bool handle();
  bool flush();

  os::LocalStream stream_;
  Session session_;
  const GuestMemory& memory_;
  Statistics& statistics_;
  // The message that is arriving.
  std::array<std::byte, sizeof(wire::vfio_user::Header)> header_{};
  base::ByteVector payload_;
  std::size_t received_ = 0;  // bytes of header and payload
  std::size_t expected_ = sizeof(wire::vfio_user::Header);
  std::vector<os::Fd> fds_;
  // Replies, the first `sent_` bytes of which are out.
  base::ByteVector replies_;
  std::size_t sent_ = 0;
};

}  // namespace qaic::sim::vfio
