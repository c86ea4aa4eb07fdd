#include "sim/vfio/guest_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>

#include "base/checked.hpp"
#include "os/guarded_copy.hpp"
#include "os/received_fd.hpp"
#include "wire/vfio_user.hpp"

namespace qaic::sim::vfio {

using base::Result;

namespace {

tl::unexpected<base::Error> fault(const char* what, std::uint64_t address, std::uint64_t size) {
  char text[80];
  std::snprintf(text, sizeof text, "%s at bus address 0x%llx, %llu bytes", what,
                static_cast<unsigned long long>(address), static_cast<unsigned long long>(size));
  return base::fail(base::make_error(base::ErrorKind::device, "sim-dma-fault", text));
}

}  // namespace

int GuestMemory::map(const Range& range, os::Fd file) {
  const auto end = base::checked_add(range.address, range.size);
  if (range.size == 0 || !end) return EINVAL;
  if (ranges_.size() >= wire::vfio_user::kMaxDmaMaps) return ENOSPC;
  const auto next = ranges_.lower_bound(range.address);
  if (next != ranges_.end() && next->first < *end) return EEXIST;
  if (at(range.address) != ranges_.end()) return EEXIST;

  Files::iterator placed = files_.end();
  if (file.valid()) {
    const auto object = os::file_object(file.get());
    const auto file_end = base::checked_add(range.offset, range.size);
    if (!object || !file_end || *file_end > object->size) return EINVAL;
    if (range.writable && !object->writable) return EACCES;
    placed = std::find_if(files_.begin(), files_.end(), [&](const File& known) {
      return known.device == object->device && known.inode == object->inode &&
             known.writable == object->writable && known.mapping.bytes().size() >= *file_end;
    });
    if (placed == files_.end()) {
      const auto access = object->writable ? os::Mapping::Access::read_write : os::Mapping::Access::read;
      auto mapping = os::Mapping::shared(file.get(), 0, object->size, access);
      if (!mapping) return mapping.error().code;
      placed = files_.insert(files_.end(),
                             {object->device, object->inode, object->writable, std::move(*mapping), 0});
    }
    ++placed->users;
  }
  ranges_.emplace(range.address, Placed{range, placed});
  return 0;
}

int GuestMemory::unmap(std::uint64_t address, std::uint64_t size) {
  const std::uint64_t last = address + (size - 1);  // may be the last byte there is
  if (size == 0 || last < address) return EINVAL;
  if (const auto cut = at(address); cut != ranges_.end() && cut->first != address) return EINVAL;
  if (const auto cut = at(last); cut != ranges_.end() && cut->second.range.size - 1 > last - cut->first)
    return EINVAL;
  for (auto i = ranges_.lower_bound(address); i != ranges_.end() && i->first <= last; i = ranges_.erase(i)) {
    release(i->second.file);
  }
  return 0;
}

void GuestMemory::clear() {
  ranges_.clear();
  files_.clear();
}

void GuestMemory::release(Files::iterator file) {
  if (file != files_.end() && --file->users == 0) files_.erase(file);
}

GuestMemory::Ranges::iterator GuestMemory::at(std::uint64_t address) {
  auto found = ranges_.upper_bound(address);
  if (found == ranges_.begin()) return ranges_.end();
  --found;
  return address - found->first < found->second.range.size ? found : ranges_.end();
}

// Calls piece(range and file, start in the file, bytes) for each part of
// [address, address + size) in turn. False once a byte is in no range or a
// piece was refused.
template <class Piece>
bool GuestMemory::walk(std::uint64_t address, std::uint64_t size, Piece piece) {
  auto here = at(address);
  while (size != 0) {
    if (here == ranges_.end() || address < here->first) return false;
    const Placed& placed = here->second;
    const std::uint64_t inside = address - here->first;
    const std::uint64_t count = std::min(size, placed.range.size - inside);
    if (!piece(placed, static_cast<std::size_t>(placed.range.offset + inside),
               static_cast<std::size_t>(count)))
      return false;
    address += count;  // cannot wrap: the range ends below 2^64
    size -= count;
    ++here;
  }
  return true;
}

template <class Span, class Copy>
Result<void> GuestMemory::transfer(std::uint64_t address, Span bytes, bool Range::*allowed, Copy copy) {
  const auto may = [&](const Placed& placed, std::size_t, std::size_t) {
    return placed.file != files_.end() && placed.range.*allowed;
  };
  if (!walk(address, bytes.size(), may)) return fault("nothing to reach", address, bytes.size());
  Span rest = bytes;
  const auto take = [&](const Placed& placed, std::size_t start, std::size_t count) {
    const Span piece = rest.first(count);
    rest = rest.subspan(count);
    return copy(placed.file->mapping, start, piece);
  };
  if (!walk(address, bytes.size(), take)) return fault("the memory is gone", address, bytes.size());
  copied_ += bytes.size();
  return {};
}

Result<void> GuestMemory::read(base::BusAddr from, base::MutableBytes out) {
  return transfer(from.value, out, &Range::readable,
                  [](const os::Mapping& file, std::size_t start, base::MutableBytes piece) {
                    return os::guarded_copy(piece, file.bytes().subspan(start, piece.size()));
                  });
}

Result<void> GuestMemory::write(base::BusAddr to, base::Bytes in) {
  return transfer(to.value, in, &Range::writable,
                  [](const os::Mapping& file, std::size_t start, base::Bytes piece) {
                    return os::guarded_copy(file.writable_bytes().subspan(start, piece.size()), piece);
                  });
}

}  // namespace qaic::sim::vfio
