#include "sim/vfio/connection.hpp"

#include <chrono>

namespace qaic::sim::vfio {

using base::MutableBytes;
using wire::vfio_user::Header;

bool Connection::advance(unsigned most) {
  if (!flush()) return false;
  const std::uint64_t before = memory_.copied();
  for (unsigned i = 0; i < most && !must_write(); ++i) {
    const Progress progress = receive();
    if (progress != Progress::message) return progress == Progress::nothing;
    if (!handle()) return false;
    if (memory_.copied() - before >= kCopiedAtOnce) break;
  }
  return true;
}

// The header alone first: descriptors come with the bytes of their message, and
// nobody could tell whose they are if two messages were taken in one go.
Connection::Progress Connection::receive() {
  while (true) {
    MutableBytes into = received_ < sizeof(Header)
                            ? MutableBytes(header_).subspan(received_)
                            : MutableBytes(payload_).subspan(received_ - sizeof(Header));
    if (!into.empty()) {
      const auto got = stream_.receive(into, fds_);
      received_ += got.bytes;
      if (got.state == os::LocalStream::State::nothing_yet) return Progress::nothing;
      if (got.state != os::LocalStream::State::open) return Progress::over;
      if (fds_.size() > wire::vfio_user::kMaxMessageFds) return Progress::over;
    }
    if (received_ == sizeof(Header) && expected_ == sizeof(Header)) {
      const auto header = base::read_struct<Header>(header_);
      // Past such a size nobody knows where the next message begins.
      if (header->size < sizeof(Header) || header->size > wire::vfio_user::kMaxMessage) return Progress::over;
      expected_ = header->size;
      payload_.resize(expected_ - sizeof(Header));
    }
    if (received_ >= sizeof(Header) && received_ == expected_) return Progress::message;
  }
}

bool Connection::handle() {
  using wire::vfio_user::Command;
  const auto started = std::chrono::steady_clock::now();
  const std::uint64_t copied = memory_.copied();
  const auto header = base::read_struct<Header>(header_);
  Message message{*header, payload_, std::move(fds_)};
  fds_.clear();
  received_ = 0;
  expected_ = sizeof(Header);
  const auto outcome = session_.handle(std::move(message), replies_);
  const bool sent = flush();
  if (header->command == static_cast<std::uint16_t>(Command::region_read)) {
    statistics_.add_read(std::chrono::steady_clock::now() - started);
  } else if (header->command == static_cast<std::uint16_t>(Command::region_write)) {
    statistics_.add_write(std::chrono::steady_clock::now() - started, memory_.copied() - copied);
  }
  return sent && outcome == Session::Outcome::go_on;
}

bool Connection::flush() {
  while (must_write()) {
    const auto count = stream_.send(base::Bytes(replies_).subspan(sent_));
    if (!count) return false;
    if (*count == 0) return true;
    sent_ += *count;
  }
  replies_.clear();
  sent_ = 0;
  return true;
}

}  // namespace qaic::sim::vfio
