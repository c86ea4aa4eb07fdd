// BOs as dma-bufs, and dma-bufs as BOs. Source: kernel-interface §1.8.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "sim/driver/state.hpp"

namespace qaic::sim::driver {

namespace {

constexpr std::uint32_t kCloseOnExec = 02000000;
constexpr std::uint32_t kReadWrite = 02;

}  // namespace

int ClientMemory::give(const std::shared_ptr<DmaBuf>&, OnExec) {
  return -EOPNOTSUPP;
}

int ClientMemory::take(int fd, std::shared_ptr<DmaBuf>&) {
  return fd < 0 ? -EBADF : -EINVAL;
}

namespace {

// A BO that was given out: it lives as long as this does.
template <class State>
class SharedBo : public DmaBuf {
 public:
  SharedBo(State& owner, Bo& bo) : owner_(owner), alive_(owner.alive), bo_(bo) {}
  ~SharedBo() override {
    if (!alive_.expired()) owner_.release_if_unused(bo_);
  }
  SharedBo(const SharedBo&) = delete;
  SharedBo& operator=(const SharedBo&) = delete;
  base::MutableBytes memory() override { return alive_.expired() ? base::MutableBytes() : bo_.memory; }
  Place place() override { return alive_.expired() ? Place{} : Place{bo_.node, bo_.offset}; }

 private:
  State& owner_;
  std::weak_ptr<int> alive_;
  Bo& bo_;
};

}  // namespace

int Driver::State::handle_to_fd(File& file, wire::uapi::DrmPrimeHandle& args, ClientMemory& client) {
  if ((args.flags & ~(kCloseOnExec | kReadWrite)) != 0) return -EINVAL;
  Bo* bo = find_bo(file, args.handle);
  if (bo == nullptr) return -ENOENT;
  std::shared_ptr<DmaBuf> buffer = bo->imported ? bo->imported : bo->shared.lock();
  if (!buffer) {
    buffer = std::make_shared<SharedBo<State>>(*this, *bo);
    bo->shared = buffer;
  }
  const bool close = (args.flags & kCloseOnExec) != 0;
  const int fd = client.give(buffer, close ? ClientMemory::OnExec::close : ClientMemory::OnExec::keep);
  if (fd < 0) return fd;
  args.fd = fd;
  return 0;
}

int Driver::State::fd_to_handle(File& file, wire::uapi::DrmPrimeHandle& args, ClientMemory& client) {
  std::shared_ptr<DmaBuf> buffer;
  if (const int error = client.take(args.fd, buffer); error < 0) return error;
  for (const auto& bo : file.handles) {
    if (bo && (bo->imported == buffer || bo->shared.lock() == buffer)) {
      args.handle = bo->handle;
      return 0;
    }
  }
  const base::MutableBytes memory = buffer->memory();
  if (memory.empty()) return -EINVAL;
  auto bo = std::make_unique<Bo>();
  bo->file = &file;
  bo->size = memory.size();
  bo->memory = memory;  // not mappable through the node: offset 0, as in the driver
  bo->imported = std::move(buffer);
  args.handle = add_handle(file, std::move(bo));
  return 0;
}

}  // namespace qaic::sim::driver
