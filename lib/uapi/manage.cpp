#include "lib/uapi/manage.hpp"

#include <cerrno>
#include <cstring>

#include "os/fd.hpp"
#include "os/signals.hpp"

namespace qaic::uapi {

using wire::uapi::TransactionHeader;
using wire::uapi::TransactionType;

bool Message::append(TransactionType type, base::Bytes body) {
  const std::size_t room = buffer_.size() - length_;
  if (room < sizeof(TransactionHeader) || room - sizeof(TransactionHeader) < body.size()) return false;
  const TransactionHeader header{static_cast<std::uint32_t>(type),
                                 static_cast<std::uint32_t>(sizeof(TransactionHeader) + body.size())};
  std::memcpy(buffer_.data() + length_, &header, sizeof(header));
  if (!body.empty()) std::memcpy(buffer_.data() + length_ + sizeof(header), body.data(), body.size());
  length_ += header.len;
  ++count_;
  return true;
}

Outcome<void> Message::send(int fd) {
  wire::uapi::ManageMessage request{length_, count_, reinterpret_cast<std::uintptr_t>(buffer_.data())};
  length_ = 0;
  count_ = 0;
  int result = 0;
  {
    const os::SignalsHeld held;
    result = os::ioctl_once(fd, wire::uapi::kIoctlManage, &request);
  }
  if (result >= 0 || result == -ECANCELED) {
    // A reply longer than the buffer cannot be: the kernel bounds it. Were it
    // so, there would be nothing to trust in it.
    if (request.len <= buffer_.size()) {
      length_ = request.len;
      count_ = request.count;
    }
  }
  if (result < 0) return tl::unexpected(Errno{-result});
  return {};
}

Message::Reader::Step Message::Reader::next() {
  if (rest_.empty()) return Step::end;
  TransactionHeader header{};
  if (rest_.size() < sizeof(header)) return Step::malformed;
  std::memcpy(&header, rest_.data(), sizeof(header));
  if (header.len < sizeof(header) || header.len > rest_.size()) return Step::malformed;
  transaction_.type = static_cast<TransactionType>(header.type);
  transaction_.body = rest_.subspan(sizeof(header), header.len - sizeof(header));
  rest_ = rest_.subspan(header.len);
  return Step::transaction;
}

}  // namespace qaic::uapi
