// The fake offsets at which BOs are mapped through the node: one space per
// card, shared by its open files (drm_vma_manager.c).
#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace qaic::sim::driver {

struct Bo;

class MmapOffsets {
 public:
  // Bytes; sizes are multiples of the page size. Smallest hole that fits.
  std::optional<std::uint64_t> allocate(std::uint64_t size, Bo& bo);
  void release(std::uint64_t offset);
  // The BO that starts exactly there, or null.
  [[nodiscard]] Bo* find(std::uint64_t offset) const;
  [[nodiscard]] std::size_t count() const { return used_.size(); }

  static constexpr std::uint64_t kStart = 0x1'0000'0000;           // page 0x100000
  static constexpr std::uint64_t kSize = 0xFFFFFull * 256 * 4096;  // DRM_FILE_PAGE_OFFSET_SIZE

 private:
  struct Used {
    std::uint64_t size;
    Bo* bo;
  };
  std::map<std::uint64_t, Used> used_;
  std::map<std::uint64_t, std::uint64_t> holes_{{kStart, kSize}};  // offset -> size
};

}  // namespace qaic::sim::driver
