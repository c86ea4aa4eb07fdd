#include "sim/vfio/session.hpp"

#include <bit>
#include <cerrno>
#include <string_view>

namespace qaic::sim::vfio {

using base::Bytes;
using base::ByteVector;
using base::MutableBytes;
using namespace wire::vfio_user;

// The reply that is being written, at the end of others.
class Session::Reply {
 public:
  explicit Reply(ByteVector& out) : out_(out), start_(out.size()) { out_.resize(start_ + sizeof(Header)); }

  template <base::WireStruct T>
  void add(const T& value) {
    base::append_struct(out_, value);
  }
  void add(Bytes bytes) {
    const auto place = room(bytes.size());
    if (!bytes.empty()) std::memcpy(place.data(), bytes.data(), bytes.size());
  }
  // So many more bytes, zero; valid until the next addition.
  MutableBytes room(std::size_t size) {
    const std::size_t at = out_.size();
    out_.resize(at + size);
    return MutableBytes(out_).subspan(at);
  }
  void withdraw() { out_.resize(start_); }
  void finish(const Header& request, int error) {
    if (error != 0) out_.resize(start_ + sizeof(Header));  // a refusal is its header alone
    Header header = request;
    header.size = static_cast<std::uint32_t>(out_.size() - start_);
    header.flags = kFlagReply | (error != 0 ? kFlagError : 0);
    header.error = static_cast<std::uint32_t>(error);
    (void)base::write_struct(out_, header, start_);
  }

 private:
  ByteVector& out_;
  std::size_t start_;
};

Session::~Session() {
  if (!established_) return;
  interrupts_.clear();
  memory_.clear();
  endpoint_.reset();
}

Session::Outcome Session::handle(Message message, ByteVector& replies) {
  const Header header = message.header;
  if ((header.flags & kFlagTypeMask) != kFlagCommand) return Outcome::hang_up;  // nothing was asked
  const auto command = static_cast<Command>(header.command.get());
  if (!established_ && command != Command::version) return Outcome::hang_up;

  Reply reply(replies);
  int error = EOPNOTSUPP;
  switch (command) {
    case Command::version:
      error = version(message, reply);
      break;
    case Command::dma_map:
      error = dma_map(message);
      break;
    case Command::dma_unmap:
      error = dma_unmap(message, reply);
      break;
    case Command::get_info:
      error = device_info(message, reply);
      break;
    case Command::get_region_info:
      error = region_info(message, reply);
      break;
    case Command::get_irq_info:
      error = irq_info(message, reply);
      break;
    case Command::set_irqs:
      error = set_irqs(message);
      break;
    case Command::region_read:
      error = region_read(message, reply);
      break;
    case Command::region_write:
      error = region_write(message, reply);
      break;
    case Command::reset:
      endpoint_.reset();
      error = 0;
      break;
    case Command::get_region_io_fds:
    case Command::dma_read:
    case Command::dma_write:
      break;
  }
  if ((header.flags & kFlagNoReply) != 0) {
    reply.withdraw();
  } else {
    reply.finish(header, error);
  }
  return established_ ? Outcome::go_on : Outcome::hang_up;
}

int Session::version(const Message& message, Reply& reply) {
  const auto wanted = base::read_struct<Version>(message.payload);
  if (!wanted || established_) return EINVAL;
  if (wanted->major != kMajor) return EOPNOTSUPP;
  // What the client says of itself (descriptors per message, sizes) limits only
  // who sends it such messages.
  established_ = true;
  constexpr std::string_view kCapabilities =
      R"({"capabilities":{"max_msg_fds":16,"max_data_xfer_size":1048576,"max_dma_maps":65535,"pgsizes":4096}})";
  static_assert(kMaxMessageFds == 16 && kMaxTransfer == 1048576 && kMaxDmaMaps == 65535);
  reply.add(Version{kMajor, kMinor});
  reply.add(base::as_bytes({kCapabilities.data(), kCapabilities.size() + 1}));  // with its NUL
  return 0;
}

int Session::dma_map(Message& message) {
  const auto wanted = base::read_struct<DmaMap>(message.payload);
  if (!wanted || message.fds.size() > 1 || (wanted->flags & ~(kDmaReadable | kDmaWritable)) != 0)
    return EINVAL;
  return memory_.map({wanted->address, wanted->size, wanted->offset, (wanted->flags & kDmaReadable) != 0,
                      (wanted->flags & kDmaWritable) != 0},
                     message.fds.empty() ? os::Fd() : std::move(message.fds[0]));
}

int Session::dma_unmap(const Message& message, Reply& reply) {
  const auto wanted = base::read_struct<DmaUnmap>(message.payload);
  if (!wanted || (wanted->flags & ~kUnmapAll) != 0) return EINVAL;
  if ((wanted->flags & kUnmapAll) != 0) {
    if (wanted->address != 0 || wanted->size != 0) return EINVAL;
    memory_.clear();
  } else if (const int error = memory_.unmap(wanted->address, wanted->size); error != 0) {
    return error;
  }
  reply.add(*wanted);
  return 0;
}

int Session::device_info(const Message& message, Reply& reply) {
  const auto wanted = base::read_struct<DeviceInfo>(message.payload);
  if (!wanted || wanted->argsz < sizeof(DeviceInfo)) return EINVAL;
  reply.add(DeviceInfo{sizeof(DeviceInfo), kDeviceReset | kDevicePci, kRegions, kIrqs});
  return 0;
}

int Session::region_info(const Message& message, Reply& reply) {
  const auto wanted = base::read_struct<RegionInfo>(message.payload);
  if (!wanted || wanted->argsz < sizeof(RegionInfo) || wanted->index >= kRegions) return EINVAL;
  const std::uint64_t size = endpoint_.region_size(static_cast<pci::Region>(wanted->index.get()));
  reply.add(
      RegionInfo{sizeof(RegionInfo), size != 0 ? kRegionRead | kRegionWrite : 0, wanted->index, 0, size, 0});
  return 0;
}

int Session::irq_info(const Message& message, Reply& reply) {
  const auto wanted = base::read_struct<IrqInfo>(message.payload);
  if (!wanted || wanted->argsz < sizeof(IrqInfo) || wanted->index >= kIrqs) return EINVAL;
  const unsigned count = endpoint_.interrupt_count(static_cast<pci::InterruptKind>(wanted->index.get()));
  // Lines come and go one by one (no NORESIZE); none is maskable here, as MSI
  // without per-vector masks is not and the client masks MSI-X itself.
  reply.add(IrqInfo{sizeof(IrqInfo), count != 0 ? kIrqEventFd : 0, wanted->index, count});
  return 0;
}

int Session::set_irqs(Message& message) {
  const auto wanted = base::read_struct<IrqSet>(message.payload);
  constexpr std::uint32_t kData = kIrqDataNone | kIrqDataBool | kIrqDataEventFd;
  constexpr std::uint32_t kAction = kIrqActionMask | kIrqActionUnmask | kIrqActionTrigger;
  if (!wanted || wanted->index >= kIrqs || (wanted->flags & ~(kData | kAction)) != 0) return EINVAL;
  const std::uint32_t data = wanted->flags & kData;
  if (!std::has_single_bit(data) || !std::has_single_bit(wanted->flags & kAction)) return EINVAL;
  const auto kind = static_cast<pci::InterruptKind>(wanted->index.get());
  const unsigned lines = endpoint_.interrupt_count(kind);
  const unsigned start = wanted->start;
  const unsigned count = wanted->count;
  if (start > lines || count > lines - start) return EINVAL;
  if ((wanted->flags & kAction) != kIrqActionTrigger) return ENOTTY;  // as the kernel's VFIO for MSI

  if (count == 0) {
    if (data != kIrqDataNone || start != 0) return EINVAL;
    interrupts_.release(kind);
    return 0;
  }
  if (data == kIrqDataEventFd) {
    if (message.fds.empty()) {
      interrupts_.release(kind, start, count);
      return 0;
    }
    if (message.fds.size() != count) return EINVAL;
    return interrupts_.assign(kind, start, std::move(message.fds)) ? 0 : EINVAL;
  }
  const Bytes chosen = message.payload.subspan(sizeof(IrqSet));
  if (data == kIrqDataBool && chosen.size() < count) return EINVAL;
  for (unsigned i = 0; i < count; ++i) {
    if (data == kIrqDataNone || chosen[i] != std::byte{0}) interrupts_.trigger(kind, start + i);
  }
  return 0;
}

int Session::check_access(const RegionAccess& access) const {
  if (access.region >= kRegions || access.count > kMaxTransfer) return EINVAL;
  const std::uint64_t size = endpoint_.region_size(static_cast<pci::Region>(access.region.get()));
  return access.offset <= size && access.count <= size - access.offset ? 0 : EINVAL;
}

int Session::region_read(const Message& message, Reply& reply) {
  const auto wanted = base::read_struct<RegionAccess>(message.payload);
  if (!wanted) return EINVAL;
  if (const int error = check_access(*wanted); error != 0) return error;
  reply.add(*wanted);
  endpoint_.read(static_cast<pci::Region>(wanted->region.get()), wanted->offset, reply.room(wanted->count));
  return 0;
}

int Session::region_write(const Message& message, Reply& reply) {
  const auto wanted = base::read_struct<RegionAccess>(message.payload);
  if (!wanted || message.payload.size() - sizeof(RegionAccess) != wanted->count) return EINVAL;
  if (const int error = check_access(*wanted); error != 0) return error;
  reply.add(*wanted);
  endpoint_.write(static_cast<pci::Region>(wanted->region.get()), wanted->offset,
                  message.payload.subspan(sizeof(RegionAccess)));
  return 0;
}

}  // namespace qaic::sim::vfio
