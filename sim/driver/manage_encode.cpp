// User transactions into a wire message. Source: kernel-interface §2.4, §2.6.
#include <algorithm>

#include "base/checked.hpp"
#include "sim/driver/state.hpp"

namespace qaic::sim::driver {

namespace {

using wire::uapi::TransactionHeader;
using wire::uapi::TransactionType;

// What a coherent allocation gives at most: one piece of the page allocator.
constexpr std::uint64_t kLargestQueue = 4ull << 20;
constexpr std::uint64_t kPage = wire::uapi::kPageSize;
constexpr std::uint64_t kPairReserve = 1024;  // bytes of a message that pairs leave free
// Address pairs that fit the driver's first and further buffers of a transfer.
constexpr std::uint64_t kFirstPairs = 252;
constexpr std::uint64_t kNextPairs = 254;

wire::nnc::TransactionHeader wire_header(TransactionType type, std::uint64_t len) {
  wire::nnc::TransactionHeader header;
  header.type = static_cast<std::uint32_t>(type);
  header.len = static_cast<std::uint32_t>(len);
  return header;
}

}  // namespace

void Driver::State::encode(Manage& manage) {
  int error = 0;
  while (manage.index < manage.user.count) {
    TransactionHeader header{};
    if (manage.offset > manage.user.len - sizeof(header)) {
      error = EINVAL;
      break;
    }
    header = load<TransactionHeader>(base::Bytes(manage.data).subspan(manage.offset));
    if (header.len < sizeof(header) || manage.offset + header.len > manage.user.len) {
      error = EINVAL;
      break;
    }
    if (const auto encoded = encode_transaction(manage, header); !encoded) {
      error = encoded.error();
      break;
    }
    manage.offset += header.len;
    ++manage.index;
    if (manage.blocked_on != nullptr && manage.blocked_on->sleepers != 0) return;
    manage.blocked_on = nullptr;
  }
  if (error == 0 && manage.offset != manage.user.len) error = EINVAL;
  if (error != 0 && manage.chunk_id == 0) return finish(manage, -error);
  if (error != 0) encode_abort(manage);
  transmit(manage);
}

Answer<void> Driver::State::encode_transaction(Manage& manage, TransactionHeader header) {
  const base::Bytes from = base::Bytes(manage.data).subspan(manage.offset);
  ControlMessage& message = manage.message;
  switch (static_cast<TransactionType>(header.type)) {
    case TransactionType::passthrough_from_user: {
      if (header.len % 8 != 0) return refuse(EINVAL);
      if (!message.fits(header.len)) return refuse(ENOSPC);
      base::ByteVector out(from.begin(), from.begin() + header.len);
      (void)base::write_struct(base::MutableBytes(out),
                               wire_header(TransactionType::passthrough_to_dev, header.len));
      message.add(out, header.len);
      return {};
    }
    case TransactionType::dma_xfer_from_user:
      return encode_dma(manage, load<wire::uapi::DmaXfer>(from));
    case TransactionType::activate_from_user: {
      const auto in = load<wire::uapi::ActivateToDev>(from);
      if (!message.fits(sizeof(wire::nnc::ActivateToDev))) return refuse(ENOSPC);
      if (in.queue_size == 0 || in.pad != 0) return refuse(EINVAL);
      const auto bytes = RequestQueue::bytes_for(in.queue_size);
      if (!bytes) return refuse(EINVAL);
      if (*bytes > kLargestQueue) return refuse(ENOMEM);
      // A second one in the message takes the place of the first, which leaks.
      if (manage.queue) manage.caller.file->leaked.push_back(std::move(manage.queue));
      manage.queue = std::make_unique<RequestQueue>(in.queue_size, bus);
      wire::nnc::ActivateToDev out;
      out.header = wire_header(TransactionType::activate_to_dev, sizeof(out));
      out.req_q_addr = manage.queue->requests().value;
      out.rsp_q_addr = manage.queue->responses().value;
      out.req_q_size = in.queue_size;
      out.rsp_q_size = in.queue_size;
      out.buf_len = static_cast<std::uint32_t>(*bytes);
      out.options = in.options;
      message.add(base::bytes_of(out), sizeof(out));
      return {};
    }
    case TransactionType::deactivate_from_user: {
      const auto in = load<wire::uapi::Deactivate>(from);
      if (in.dbc_id >= dbcs.size() || in.pad != 0) return refuse(EINVAL);
      if (const auto given = give_up(*manage.caller.file, in.dbc_id); !given) return given;
      // Nothing for the card; but WAIT_BO calls on the channel go first.
      manage.blocked_on = &dbcs[in.dbc_id];
      return {};
    }
    case TransactionType::status_from_user: {
      if (!message.fits(header.len)) return refuse(ENOSPC);
      const auto out = wire_header(TransactionType::status_to_dev, header.len);
      message.add(base::bytes_of(out), header.len);
      return {};
    }
    case TransactionType::undefined:
    case TransactionType::passthrough_to_user:
    case TransactionType::passthrough_from_dev:
    case TransactionType::passthrough_to_dev:
    case TransactionType::dma_xfer_to_dev:
    case TransactionType::activate_from_dev:
    case TransactionType::activate_to_dev:
    case TransactionType::deactivate_from_dev:
    case TransactionType::status_to_user:
    case TransactionType::status_from_dev:
    case TransactionType::status_to_dev:
    case TransactionType::terminate_from_dev:
    case TransactionType::terminate_to_dev:
    case TransactionType::dma_xfer_cont:
    case TransactionType::validate_partition_from_dev:
    case TransactionType::validate_partition_to_dev:
      break;
  }
  return refuse(EINVAL);
}

// Lists the part of the transfer that comes next, `chunk_transferred` bytes in.
Answer<void> Driver::State::encode_dma(Manage& manage, const wire::uapi::DmaXfer& in) {
  ControlMessage& message = manage.message;
  if (!message.fits(sizeof(wire::nnc::DmaXferToDev) + sizeof(wire::nnc::DmaSegment))) return refuse(ENOMEM);
  // Two transfers in a message share their progress (kernel-interface §10, 13).
  const auto start = base::checked_add(in.addr, manage.chunk_transferred);
  if (!start || in.size <= manage.chunk_transferred) return refuse(EINVAL);
  const std::uint64_t remaining = in.size - manage.chunk_transferred;
  if (!base::checked_add(*start, remaining)) return refuse(EINVAL);

  const std::uint64_t in_page = *start % kPage;
  const std::uint64_t pinned = std::min(remaining, parameters.pinned_pages * kPage - in_page);
  if (!manage.caller.client->readable(*start, pinned)) return refuse(EFAULT);
  const std::uint64_t room = wire::nnc::kMaxToDevice - message.length() - sizeof(wire::nnc::DmaXferToDev);
  if (room < kPairReserve + sizeof(wire::nnc::DmaSegment)) return refuse(ENOMEM);
  const std::uint64_t most_pairs = (room - kPairReserve) / sizeof(wire::nnc::DmaSegment);

  const auto mapped = bus.map_client(manage.caller.client, *start, pinned);
  manage.mappings.push_back(mapped);
  base::ByteVector pairs;
  std::uint64_t listed = 0;
  std::uint64_t count = 0;
  while (listed < pinned && count < most_pairs) {
    const std::uint64_t into = (in_page + listed) % parameters.user_segment_bytes;
    wire::nnc::DmaSegment segment;
    segment.addr = mapped.value + listed;
    segment.size = std::min(pinned - listed, parameters.user_segment_bytes - into);
    listed += segment.size;
    ++count;
    base::append_struct(pairs, segment);
  }
  if (listed < remaining && manage.chunk_id == 0) {
    std::uint32_t& next = manage.caller.file->next_chunk_id;
    while (++next == 0) {
    }
    manage.chunk_id = next;
  }
  manage.chunk = in;
  manage.chunk_transferred += listed;

  wire::nnc::DmaXferToDev out;
  const std::uint64_t len = sizeof(out) + pairs.size();
  out.header = wire_header(TransactionType::dma_xfer_to_dev, len);
  out.tag = in.tag;
  out.count = static_cast<std::uint32_t>(count);
  out.dma_chunk_id = manage.chunk_id;
  base::ByteVector bytes;
  bytes.reserve(static_cast<std::size_t>(len));
  base::append_struct(bytes, out);
  bytes.insert(bytes.end(), pairs.begin(), pairs.end());
  const std::uint64_t more = count > kFirstPairs ? (count - kFirstPairs + kNextPairs - 1) / kNextPairs : 0;
  message.add(bytes, len, static_cast<std::uint32_t>(1 + more));
  return {};
}

// Tells the card to drop what it got of a transfer that cannot go on.
void Driver::State::encode_abort(Manage& manage) {
  drop_mappings(manage);
  wire::nnc::DmaXferToDev out;
  out.header = wire_header(TransactionType::dma_xfer_to_dev, sizeof(out));
  out.dma_chunk_id = manage.chunk_id;
  manage.message = {};
  manage.message.add(base::bytes_of(out), sizeof(out));
}

}  // namespace qaic::sim::driver
