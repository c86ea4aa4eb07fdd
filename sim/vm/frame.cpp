#include "sim/vm/frame.hpp"

namespace qaic::sim::vm {
namespace {

struct Header {
  base::le32 kind;
  base::le32 length;
};
static_assert(sizeof(Header) == 8);

bool known(std::uint32_t kind) {
  return (kind >= 1 && kind <= 8) || kind == 64 || kind == 65;
}

}  // namespace

std::string encode_frame(FrameKind kind, std::string_view payload) {
  const Header header{static_cast<std::uint32_t>(kind), static_cast<std::uint32_t>(payload.size())};
  std::string out(base::as_text(base::bytes_of(header)));
  out.append(payload);
  return out;
}

base::Result<std::optional<Frame>> FrameReader::next() {
  const std::string_view rest = std::string_view(pending_).substr(used_);
  const auto header = base::read_struct<Header>(base::as_bytes(rest));
  if (!header) return std::optional<Frame>();
  if (!known(header->kind) || header->length > kLongestPayload) {
    return base::fail(base::make_error(base::ErrorKind::device, "vm-frame",
                                       "the guest sent something that is no message (kind " +
                                           std::to_string(header->kind.get()) + ", " +
                                           std::to_string(header->length.get()) + " bytes)"));
  }
  if (rest.size() - sizeof(Header) < header->length) return std::optional<Frame>();
  Frame frame{static_cast<FrameKind>(header->kind.get()),
              std::string(rest.substr(sizeof(Header), header->length))};
  used_ += sizeof(Header) + frame.payload.size();
  if (used_ == pending_.size() || used_ > kLongestPayload) {
    pending_.erase(0, used_);
    used_ = 0;
  }
  return std::optional<Frame>(std::move(frame));
}

}  // namespace qaic::sim::vm
