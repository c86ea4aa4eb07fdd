// The guest's memory as its client lets the card have it: ranges of bus
// addresses, each a part of a file, or nothing that can be reached (ROM, a
// range without a file). Whatever the client does to its files, an access
// ends in data or an error: see os/guarded_copy.hpp.
// Thread rule: the thread that owns the card.
#pragma once

#include <cstdint>
#include <list>
#include <map>

#include "os/fd.hpp"
#include "os/mapping.hpp"
#include "sim/device/ports.hpp"

namespace qaic::sim::vfio {

class GuestMemory : public device::HostMemory {
 public:
  struct Range {
    std::uint64_t address = 0;
    std::uint64_t size = 0;    // bytes
    std::uint64_t offset = 0;  // in the file
    bool readable = false;
    bool writable = false;
  };

  // 0 or an errno: EINVAL (empty, wraps, not inside the file, no regular file),
  // EEXIST (touches another range), ENOSPC (too many), or what mmap says.
  // Without a file the range is known but not accessible.
  [[nodiscard]] int map(const Range& range, os::Fd file);
  // All ranges inside of this; that there are none is no error, as with the
  // kernel's own VFIO. 0, or EINVAL (empty, wraps, would cut a range).
  // One unmap for many maps is usual: a guest behind an IOMMU maps scattered
  // pages one by one, and gives a whole table of them back at once.
  [[nodiscard]] int unmap(std::uint64_t address, std::uint64_t size);
  void clear();

  // Accesses may span ranges that touch; all is checked before any is copied.
  base::Result<void> read(base::BusAddr from, base::MutableBytes out) override;
  base::Result<void> write(base::BusAddr to, base::Bytes in) override;

  // Bytes that went either way so far.
  [[nodiscard]] std::uint64_t copied() const { return copied_; }
  [[nodiscard]] std::size_t ranges() const { return ranges_.size(); }
  [[nodiscard]] std::size_t files() const { return files_.size(); }

 private:
  // A whole file, mapped once however many ranges lie in it: a guest with an
  // IOMMU maps and unmaps single pages of the same file all the time.
  struct File {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    bool writable = false;
    os::Mapping mapping;
    unsigned users = 0;
  };
  using Files = std::list<File>;
  struct Placed {
    Range range;
    Files::iterator file;  // files_.end(): none
  };
  using Ranges = std::map<std::uint64_t, Placed>;  // by address

  // The range that holds the address; ranges_.end() if none does.
  Ranges::iterator at(std::uint64_t address);
  template <class Piece>
  bool walk(std::uint64_t address, std::uint64_t size, Piece piece);
  template <class Span, class Copy>
  base::Result<void> transfer(std::uint64_t address, Span bytes, bool Range::*allowed, Copy copy);
  void release(Files::iterator file);

  Files files_;
  Ranges ranges_;
  std::uint64_t copied_ = 0;
};

}  // namespace qaic::sim::vfio
