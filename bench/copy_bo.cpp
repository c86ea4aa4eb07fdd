// copy_bo NODE COUNT: a BO of 1 MiB to the card's memory and back, COUNT times,
// over a DMA bridge channel without a network, which only simulated cards have.
// What came back is compared. How long the copies took the card's process
// measures (qaic-sim serve --statistics).
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "os/fd.hpp"
#include "os/file.hpp"
#include "os/mapping.hpp"
#include "wire/uapi.hpp"

namespace {

using namespace qaic;
namespace uapi = wire::uapi;

constexpr std::uint64_t kSize = 1U << 20;
constexpr std::uint64_t kScratch = 0x80'0000'0000;  // sim/device/address_map.hpp: 64 MiB for each channel
constexpr std::uint64_t kScratchSize = 64U << 20;

struct Node {
  os::Fd fd;

  template <class T>
  bool call(std::uint32_t request, T& argument, const char* what) const {
    if (os::ioctl_once(fd.get(), request, &argument) >= 0) return true;
    std::perror(what);
    return false;
  }
};

std::optional<std::uint32_t> activate(const Node& node) {
  alignas(8) std::byte data[uapi::kMaxManageBytes]{};
  uapi::ActivateToDev activate{};
  activate.header = {static_cast<std::uint32_t>(uapi::TransactionType::activate_from_user), sizeof activate};
  activate.queue_size = 64;
  std::memcpy(data, &activate, sizeof activate);
  uapi::ManageMessage message{};
  message.len = sizeof activate;
  message.count = 1;
  message.data = reinterpret_cast<std::uintptr_t>(data);
  uapi::ActivateFromDev answer{};
  if (!node.call(uapi::kIoctlManage, message, "activate") || message.len < sizeof answer) return std::nullopt;
  std::memcpy(&answer, data, sizeof answer);
  return answer.dbc_id;
}

struct Bo {
  std::uint32_t handle = 0;
  os::Mapping memory;
};

std::optional<Bo> attached(const Node& node, std::uint32_t dbc, uapi::Direction direction) {
  uapi::CreateBo create{kSize, 0, 0};
  if (!node.call(uapi::kIoctlCreateBo, create, "create")) return std::nullopt;
  uapi::MmapBo map{create.handle, 0, 0};
  if (!node.call(uapi::kIoctlMmapBo, map, "mmap offset")) return std::nullopt;
  auto memory = os::Mapping::shared(node.fd.get(), map.offset, kSize, os::Mapping::Access::read_write);
  if (!memory) return std::nullopt;
  uapi::AttachSliceEntry slice{};
  slice.size = kSize;
  slice.dev_addr = kScratch + dbc * kScratchSize;
  uapi::AttachSlice attach{};
  attach.count = 1;
  attach.dbc_id = dbc;
  attach.handle = create.handle;
  attach.dir = static_cast<std::uint32_t>(direction);
  attach.data = reinterpret_cast<std::uintptr_t>(&slice);
  if (!node.call(uapi::kIoctlAttachSliceBo, attach, "attach")) return std::nullopt;
  return Bo{create.handle, std::move(*memory)};
}

bool copy(const Node& node, std::uint32_t dbc, const Bo& bo) {
  uapi::ExecuteEntry entry{bo.handle, 0};
  uapi::Execute execute{};
  execute.count = 1;
  execute.dbc_id = dbc;
  execute.data = reinterpret_cast<std::uintptr_t>(&entry);
  uapi::Wait wait{};
  wait.handle = bo.handle;
  wait.timeout = 5000;
  wait.dbc_id = dbc;
  return node.call(uapi::kIoctlExecuteBo, execute, "execute") && node.call(uapi::kIoctlWaitBo, wait, "wait");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto opened = os::open_file(argv[1], os::OpenMode::read_write);
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().what.c_str());
    return 1;
  }
  const Node node{std::move(*opened)};
  const auto dbc = activate(node);
  if (!dbc) return 1;
  const auto out = attached(node, *dbc, uapi::Direction::to_device);
  const auto in = attached(node, *dbc, uapi::Direction::from_device);
  if (!out || !in) return 1;
  const auto from = out->memory.writable_bytes();
  for (int round = std::atoi(argv[2]); round > 0; --round) {
    for (std::size_t i = 0; i < kSize; i += 512)
      from[i] = static_cast<std::byte>(i / 512 + static_cast<unsigned>(round));
    if (!copy(node, *dbc, *out) || !copy(node, *dbc, *in)) return 1;
    if (std::memcmp(in->memory.bytes().data(), from.data(), kSize) != 0) {
      std::fprintf(stderr, "what came back is something else\n");
      return 1;
    }
  }
  return 0;
}
