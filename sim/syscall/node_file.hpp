// The memory file that a client holds as its open device node, and the BOs in
// it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/foreign_process.hpp"
#include "os/mapping.hpp"
#include "sim/driver/driver.hpp"

namespace qaic::sim::syscall {

// Sparse: only pages that were written to take memory. Sealed against changes
// of size, so that no client can take pages away under the card.
class NodeFile : public driver::NodeMemory {
 public:
  static base::Result<std::unique_ptr<NodeFile>> create();

  [[nodiscard]] int fd() const { return file_.get(); }
  [[nodiscard]] os::FileIdentity identity() const { return identity_; }
  // A new open file description for a client; `flags` as in open(2).
  [[nodiscard]] base::Result<os::Fd> open_again(int flags) const;

  // From now on a client may have mapped pages from this offset on.
  void note_mapped(std::uint64_t offset);
  // No BO is in it any more.
  [[nodiscard]] bool empty() const { return buffers_.empty(); }

  std::optional<base::MutableBytes> allocate(std::uint64_t offset, std::uint64_t size) override;
  void release(std::uint64_t offset, std::uint64_t size) override;
  bool still_mapped(std::uint64_t offset, std::uint64_t size) override;

 private:
  explicit NodeFile(os::Fd file, os::FileIdentity identity) : file_(std::move(file)), identity_(identity) {}

  struct Buffer {
    os::Mapping mapping;
    bool was_mapped = false;
  };
  // Gives back pages of released BOs that no client maps any more.
  void collect();

  os::Fd file_;
  os::FileIdentity identity_;
  // Clients live in a mount namespace of their own; nobody of this one maps the file.
  std::string outside_ = os::own_mount_namespace();
  std::map<std::uint64_t, Buffer> buffers_;           // by offset
  std::map<std::uint64_t, std::uint64_t> lingering_;  // offset -> size: released, maybe still mapped
};

}  // namespace qaic::sim::syscall
