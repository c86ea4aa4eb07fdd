// Buffers that programs hold by descriptor (PRIME).
#include <fcntl.h>
#include <linux/dma-buf.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "os/owned_files.hpp"
#include "os/redirected_mapping.hpp"
#include "os/sealed_memory.hpp"
#include "sim/syscall/open_node.hpp"

namespace qaic::sim::syscall {

namespace {

using std::chrono::milliseconds;
using CloseOnExec = os::SeccompListener::CloseOnExec;

// A dma-buf of another device on this host, as the CPU maps it.
class HostDmaBuf : public driver::DmaBuf {
 public:
  HostDmaBuf(os::Fd file, os::Mapping mapping) : file_(std::move(file)), mapping_(std::move(mapping)) {}
  base::MutableBytes memory() override { return mapping_.writable_bytes(); }

 private:
  os::Fd file_;
  os::Mapping mapping_;
};

}  // namespace

int Supervisor::Memory::give(const std::shared_ptr<driver::DmaBuf>& buffer, OnExec on_exec) {
  auto& given = supervisor_.given_;
  auto at =
      std::find_if(given.begin(), given.end(), [&](const auto& entry) { return entry.buffer == buffer; });
  if (at == given.end()) {
    auto file = os::hollow_memory_file("dmabuf", buffer->memory().size());
    if (!file) return -ENOMEM;
    const auto identity = os::identity_of_fd(file->get());
    const auto watch = supervisor_.closes_.add(file->get());
    if (!identity || !watch) return -ENFILE;
    given.push_back({std::move(*file), *identity, buffer, *watch});
    at = given.end() - 1;
  }
  const auto own = os::reopen(at->file.get(), O_WRONLY | O_CLOEXEC);
  if (!own) return -ENFILE;
  return listener_->give_fd(id_, own->get(), on_exec == OnExec::close ? CloseOnExec::yes : CloseOnExec::no);
}

int Supervisor::Memory::take(int fd, std::shared_ptr<driver::DmaBuf>& buffer) {
  const auto identity = os::identity_of_foreign_fd(thread_, fd);
  if (!identity || !listener_->valid(id_)) return -EBADF;
  for (const auto& entry : supervisor_.given_) {
    if (entry.identity != *identity) continue;
    buffer = entry.buffer;
    return 0;
  }
  for (const auto& known : supervisor_.host_buffers_) {
    const auto alive = known.second.lock();
    if (known.first != *identity || !alive) continue;
    buffer = alive;
    return 0;
  }
  if (!os::is_dma_buf(thread_, fd)) return -EINVAL;
  auto copy = os::copy_foreign_fd(thread_, fd);
  if (!copy || !listener_->valid(id_)) return -EBADF;
  const auto size = os::file_end(copy->get());
  auto mapping =
      os::Mapping::shared(copy->get(), 0, static_cast<std::size_t>(size), os::Mapping::Access::read_write);
  if (!mapping) return mapping.error().code > 0 ? -mapping.error().code : -EINVAL;
  buffer = std::make_shared<HostDmaBuf>(std::move(*copy), std::move(*mapping));
  std::erase_if(supervisor_.host_buffers_, [](const auto& known) { return known.second.expired(); });
  supervisor_.host_buffers_.emplace_back(*identity, buffer);
  return 0;
}

Supervisor::GivenBuffer* Supervisor::given_behind(const os::Notification& call, std::uint64_t fd) {
  if (given_.empty()) return nullptr;
  const auto identity = os::identity_of_foreign_fd(call.thread, static_cast<std::int32_t>(fd));
  const auto at = std::find_if(given_.begin(), given_.end(),
                               [&](const auto& entry) { return identity && entry.identity == *identity; });
  return at == given_.end() ? nullptr : &*at;
}

// What the client holds has no pages of its own: those of the BO are mapped, where
// they lie in the node's file. Without the means to do so the kernel says EACCES.
bool Supervisor::map_buffer(Run& run, const os::Notification& call) {
  GivenBuffer* const given = given_behind(call, call.arguments[4]);
  if (given == nullptr) return false;
  const auto place = given->buffer->place();
  auto* const node = static_cast<NodeFile*>(place.node);  // all nodes here are
  const std::uint64_t size = given->buffer->memory().size();
  const std::uint64_t length = call.arguments[1];
  const std::uint64_t offset = call.arguments[5];
  if (node == nullptr || length == 0 || offset % wire::uapi::kPageSize != 0) return false;
  if (offset > size || length > size - offset) {
    (void)run.listener->respond(call.id, -EINVAL);
    return true;
  }
  const auto file = node->open_again(O_RDWR);
  if (!file) return false;
  node->note_mapped(place.offset);
  return os::redirect_mmap(*run.listener, call, file->get(), place.offset + offset);
}

// DMA_BUF_IOCTL_SYNC. The CPU's view and the card's are the same memory.
bool Supervisor::sync_buffer(Run& run, const os::Notification& call) {
  if (static_cast<std::uint32_t>(call.arguments[1]) != DMA_BUF_IOCTL_SYNC) return false;
  if (given_behind(call, call.arguments[0]) == nullptr) return false;
  dma_buf_sync argument{};
  Memory memory(*this, run, call);
  int result = 0;
  if (!memory.read(call.arguments[2], std::as_writable_bytes(std::span(&argument, 1)))) {
    result = -EFAULT;
  } else if ((argument.flags & ~std::uint64_t{DMA_BUF_SYNC_VALID_FLAGS_MASK}) != 0 ||
             (argument.flags & DMA_BUF_SYNC_RW) == 0) {
    result = -EINVAL;
  }
  (void)run.listener->respond(call.id, result);
  return true;
}

// Lets go of buffers that no client holds by descriptor any more.
void Supervisor::forget_buffers() {
  for (auto at = given_.begin(); at != given_.end();) {
    if (!os::open_only_here(at->file.get())) {
      ++at;
      continue;
    }
    closes_.remove(at->watch);
    at = given_.erase(at);
  }
  // The kernel tells of a close a moment before it is done.
  look_at_given_ = given_.empty() ? std::chrono::nanoseconds{0} : options_.now() + milliseconds(20);
}

}  // namespace qaic::sim::syscall
