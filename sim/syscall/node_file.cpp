#include "sim/syscall/node_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <string>
#include <utility>

#include "os/sealed_memory.hpp"

namespace qaic::sim::syscall {

namespace {

// Above every offset that the driver gives out (DRM_FILE_PAGE_OFFSET: 4 GiB
// to 1 TiB beyond).
constexpr std::uint64_t kFileSize = std::uint64_t{1} << 42;

// Below this a BO is not measured against the free memory of the host.
constexpr std::uint64_t kSmall = std::uint64_t{64} << 20;

}  // namespace

base::Result<std::unique_ptr<NodeFile>> NodeFile::create() {
  QAIC_TRY(os::Fd file, os::sealed_memory_file("accel", kFileSize));
  const auto identity = os::identity_of_fd(file.get());
  if (!identity) {
    return base::fail(base::make_error(base::ErrorKind::internal, "node-file", "a memory file has no inode"));
  }
  return std::unique_ptr<NodeFile>(new NodeFile(std::move(file), *identity));
}

base::Result<os::Fd> NodeFile::open_again(int flags) const {
  return os::reopen(file_.get(), (flags & (O_ACCMODE | O_NONBLOCK)) | O_CLOEXEC);
}

void NodeFile::note_mapped(std::uint64_t offset) {
  const auto at = buffers_.find(offset);
  if (at != buffers_.end()) at->second.was_mapped = true;
}

std::optional<base::MutableBytes> NodeFile::allocate(std::uint64_t offset, std::uint64_t size) {
  if (offset > kFileSize || size > kFileSize - offset) return std::nullopt;
  if (size >= kSmall && size > os::available_memory()) return std::nullopt;
  auto mapping = os::Mapping::shared(file_.get(), offset, static_cast<std::size_t>(size),
                                     os::Mapping::Access::read_write);
  if (!mapping) return std::nullopt;
  const auto bytes = mapping->writable_bytes();
  buffers_.insert_or_assign(offset, Buffer{std::move(*mapping), false});
  return bytes;
}

void NodeFile::release(std::uint64_t offset, std::uint64_t size) {
  const auto at = buffers_.find(offset);
  if (at == buffers_.end()) return;
  const bool was_mapped = at->second.was_mapped;
  buffers_.erase(at);
  if (was_mapped && os::mapped_by_others(identity_, offset, size, outside_)) {
    lingering_.emplace(offset, size);
  } else {
    (void)os::punch_hole(file_.get(), offset, size);
  }
}

bool NodeFile::still_mapped(std::uint64_t offset, std::uint64_t size) {
  if (!lingering_.empty()) collect();
  return std::any_of(lingering_.begin(), lingering_.end(), [&](const auto& range) {
    return range.first < offset + size && offset < range.first + range.second;
  });
}

void NodeFile::collect() {
  for (auto at = lingering_.begin(); at != lingering_.end();) {
    if (os::mapped_by_others(identity_, at->first, at->second, outside_)) {
      ++at;
    } else {
      (void)os::punch_hole(file_.get(), at->first, at->second);
      at = lingering_.erase(at);
    }
  }
}

}  // namespace qaic::sim::syscall
