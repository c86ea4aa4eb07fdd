// Buffers that programs hold by descriptor (PRIME).
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "os/owned_files.hpp"
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
