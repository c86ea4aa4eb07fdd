#include "conformance/node.hpp"

#include "os/file.hpp"

namespace qaic::conformance {

std::optional<Node> Node::open(Run& run) {
  auto fd = os::open_file(run.settings().node, os::OpenMode::read_write);
  if (!fd.has_value()) {
    (void)run.prepared("open the node", -fd.error().code);
    return std::nullopt;
  }
  return Node(std::move(*fd));
}

int Node::create_bo(std::uint64_t size, std::uint32_t& handle) const {
  uapi::CreateBo create{};
  create.size = size;
  const int result = call(uapi::kIoctlCreateBo, create);
  handle = create.handle;
  return result;
}

int Node::mmap_bo(std::uint32_t handle, std::uint64_t& offset) const {
  uapi::MmapBo mmap{};
  mmap.handle = handle;
  const int result = call(uapi::kIoctlMmapBo, mmap);
  offset = mmap.offset;
  return result;
}

int Node::gem_close(std::uint32_t handle) const {
  uapi::DrmGemClose close{};
  close.handle = handle;
  return call(uapi::kIoctlDrmGemClose, close);
}

int Node::attach(std::uint32_t dbc, std::uint32_t handle, uapi::Direction direction,
                 std::span<const uapi::AttachSliceEntry> slices) const {
  uapi::AttachSlice attach{};
  attach.count = static_cast<std::uint32_t>(slices.size());
  attach.dbc_id = dbc;
  attach.handle = handle;
  attach.dir = static_cast<std::uint32_t>(direction);
  attach.data = reinterpret_cast<std::uintptr_t>(slices.data());
  return call(uapi::kIoctlAttachSliceBo, attach);
}

int Node::detach(std::uint32_t handle) const {
  uapi::DetachSlice detach{};
  detach.handle = handle;
  return call(uapi::kIoctlDetachSliceBo, detach);
}

int Node::execute(std::uint32_t dbc, std::initializer_list<std::uint32_t> handles) const {
  return execute(dbc, std::span<const std::uint32_t>(handles.begin(), handles.size()));
}

int Node::execute(std::uint32_t dbc, std::span<const std::uint32_t> handles) const {
  std::vector<uapi::ExecuteEntry> entries;
  for (const std::uint32_t handle : handles) entries.push_back({handle, 0});
  uapi::Execute execute{};
  execute.count = static_cast<std::uint32_t>(entries.size());
  execute.dbc_id = dbc;
  execute.data = reinterpret_cast<std::uintptr_t>(entries.data());
  return call(uapi::kIoctlExecuteBo, execute);
}

int Node::partial_execute(std::uint32_t dbc, std::uint32_t handle, std::uint64_t resize) const {
  uapi::PartialExecuteEntry entry{};
  entry.handle = handle;
  entry.resize = resize;
  uapi::Execute execute{};
  execute.count = 1;
  execute.dbc_id = dbc;
  execute.data = reinterpret_cast<std::uintptr_t>(&entry);
  return call(uapi::kIoctlPartialExecuteBo, execute);
}

int Node::wait(std::uint32_t dbc, std::uint32_t handle, std::uint32_t timeout_ms) const {
  uapi::Wait wait{};
  wait.handle = handle;
  wait.timeout = timeout_ms;
  wait.dbc_id = dbc;
  return call(uapi::kIoctlWaitBo, wait);
}

Message& Message::add_bytes(base::Bytes bytes) {
  const std::size_t room = data_.size() - len_;
  const std::size_t size = bytes.size() < room ? bytes.size() : room;
  std::memcpy(data_.data() + len_, bytes.data(), size);
  len_ += static_cast<std::uint32_t>(size);
  ++count_;
  return *this;
}

Message& Message::add_header(uapi::TransactionType type, std::uint32_t len, std::size_t present) {
  std::vector<std::byte> bytes(present);
  const uapi::TransactionHeader header{static_cast<std::uint32_t>(type), len};
  std::memcpy(bytes.data(), &header, present < sizeof(header) ? present : sizeof(header));
  return add_bytes(bytes);
}

Message& Message::add_passthrough(base::Bytes payload) {
  std::vector<std::byte> bytes(sizeof(uapi::TransactionHeader) + payload.size());
  const uapi::TransactionHeader header{
      static_cast<std::uint32_t>(uapi::TransactionType::passthrough_from_user),
      static_cast<std::uint32_t>(bytes.size())};
  std::memcpy(bytes.data(), &header, sizeof(header));
  std::memcpy(bytes.data() + sizeof(header), payload.data(), payload.size());
  return add_bytes(bytes);
}

Message& Message::add_activate(std::uint32_t queue_size, std::uint32_t options, std::uint32_t pad) {
  uapi::ActivateToDev activate{};
  activate.header = {static_cast<std::uint32_t>(uapi::TransactionType::activate_from_user), sizeof(activate)};
  activate.queue_size = queue_size;
  activate.options = options;
  activate.pad = pad;
  return add(activate);
}

Message& Message::add_deactivate(std::uint32_t dbc, std::uint32_t pad) {
  uapi::Deactivate deactivate{};
  deactivate.header = {static_cast<std::uint32_t>(uapi::TransactionType::deactivate_from_user),
                       sizeof(deactivate)};
  deactivate.dbc_id = dbc;
  deactivate.pad = pad;
  return add(deactivate);
}

Message& Message::add_dma(std::uint32_t tag, std::uint64_t addr, std::uint64_t size) {
  uapi::DmaXfer dma{};
  dma.header = {static_cast<std::uint32_t>(uapi::TransactionType::dma_xfer_from_user), sizeof(dma)};
  dma.tag = tag;
  dma.addr = addr;
  dma.size = size;
  return add(dma);
}

int Message::send(const Node& node) {
  return send(node, len_, count_);
}

int Message::send(const Node& node, std::uint32_t len, std::uint32_t count) {
  message_.len = len;
  message_.count = count;
  message_.data = reinterpret_cast<std::uintptr_t>(data_.data());
  return node.call(uapi::kIoctlManage, message_);
}

template <class Wanted>
base::Bytes Message::walk(Wanted wanted) const {
  const std::size_t end = message_.len < data_.size() ? message_.len : data_.size();
  std::size_t at = 0;
  while (at + sizeof(uapi::TransactionHeader) <= end) {
    uapi::TransactionHeader header{};
    std::memcpy(&header, data_.data() + at, sizeof(header));
    if (header.len < sizeof(header) || header.len > end - at) break;
    if (wanted(header)) return {data_.data() + at, header.len};
    at += header.len;
  }
  return {};
}

base::Bytes Message::reply(uapi::TransactionType type) const {
  return walk([&](const auto& header) { return header.type == static_cast<std::uint32_t>(type); });
}

std::uint32_t Message::transactions() const {
  std::uint32_t count = 0;
  (void)walk([&](const auto&) {
    ++count;
    return false;
  });
  return count;
}

std::optional<Bo> Bo::make(Run& run, const Node& node, std::uint64_t size) {
  Bo bo;
  bo.size = size;
  if (!run.prepared("CREATE_BO", node.create_bo(size, bo.handle))) return std::nullopt;
  std::uint64_t offset = 0;
  if (!run.prepared("MMAP_BO", node.mmap_bo(bo.handle, offset))) return std::nullopt;
  auto memory = os::Mapping::shared(node.fd(), offset, size, os::Mapping::Access::read_write);
  if (!memory.has_value()) {
    (void)run.prepared("mmap", -memory.error().code);
    return std::nullopt;
  }
  bo.memory = std::move(*memory);
  return bo;
}

void Bo::fill(unsigned seed) const {
  std::uint32_t state = seed * 2654435761U + 1;
  for (std::byte& b : bytes()) {
    state = state * 1664525U + 1013904223U;
    b = static_cast<std::byte>(state >> 24);
  }
}

uapi::AttachSliceEntry slice(std::uint64_t size, std::uint64_t device_address, std::uint64_t offset) {
  uapi::AttachSliceEntry entry{};
  entry.size = size;
  entry.dev_addr = device_address;
  entry.offset = offset;
  return entry;
}

uapi::Semaphore semaphore(Sync sync, uapi::SemaphoreCommand command, std::uint8_t index,
                          std::uint16_t value) {
  uapi::Semaphore sem{};
  sem.val = value;
  sem.index = index;
  sem.presync = sync == Sync::pre ? 1 : 0;
  sem.cmd = static_cast<std::uint8_t>(command);
  return sem;
}

}  // namespace qaic::conformance
