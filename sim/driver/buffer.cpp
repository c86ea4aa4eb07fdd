// Buffer objects: creation, mmap offsets, handles. Source: kernel-interface
// §1.6, §1.7, §1.10.
#include <algorithm>

#include "base/checked.hpp"
#include "sim/driver/state.hpp"

namespace qaic::sim::driver {

int Driver::State::create_bo(File& file, wire::uapi::CreateBo& args) {
  if (args.pad != 0) return -EINVAL;
  const auto size = base::checked_align_up(args.size, wire::uapi::kPageSize);
  if (!size || *size == 0) return -EINVAL;
  if (phase != Phase::online) return -ENODEV;
  if (*size > MmapOffsets::kSize) return -ENOMEM;  // no host has that much

  auto bo = std::make_unique<Bo>();
  bo->file = &file;
  bo->node = file.memory;
  bo->size = *size;
  std::vector<std::uint64_t> passed_over;
  auto offset = offsets.allocate(*size, *bo);
  while (offset && file.memory->still_mapped(*offset, *size)) {
    passed_over.push_back(*offset);
    offset = offsets.allocate(*size, *bo);
  }
  for (const std::uint64_t other : passed_over) offsets.release(other);
  if (!offset) return -ENOSPC;
  bo->offset = *offset;
  const auto memory = file.memory->allocate(*offset, *size);
  if (!memory) {
    offsets.release(*offset);
    return -ENOMEM;
  }
  bo->memory = *memory;

  args.handle = add_handle(file, std::move(bo));
  return 0;
}

std::uint32_t Driver::State::add_handle(File& file, std::unique_ptr<Bo> bo) {
  auto& table = file.handles;
  const auto free =
      std::find(table.begin() + static_cast<std::ptrdiff_t>(file.first_free), table.end(), nullptr);
  const auto slot = static_cast<std::size_t>(free - table.begin());
  if (free == table.end()) table.emplace_back();
  bo->handle = static_cast<std::uint32_t>(slot + 1);
  table[slot] = std::move(bo);
  file.first_free = slot + 1;
  return static_cast<std::uint32_t>(slot + 1);
}

int Driver::State::mmap_bo(File& file, wire::uapi::MmapBo& args) {
  if (phase != Phase::online) return -ENODEV;
  const Bo* bo = find_bo(file, args.handle);
  if (bo == nullptr) return -ENOENT;
  args.offset = bo->offset;
  return 0;
}

int Driver::State::gem_close(File& file, std::uint32_t handle) {
  Bo* bo = find_bo(file, handle);
  if (bo == nullptr) return -EINVAL;
  const std::size_t slot = handle - 1;
  file.orphans.push_back(std::move(file.handles[slot]));
  file.first_free = std::min(file.first_free, slot);
  bo->handle = 0;
  release_if_unused(*bo);
  return 0;
}

Bo* Driver::State::find_bo(File& file, std::uint32_t handle) const {
  if (handle == 0 || handle > file.handles.size()) return nullptr;
  return file.handles[handle - 1].get();
}

void Driver::State::release_if_unused(Bo& bo) {
  if (bo.handle == 0 && !bo.sliced() && !bo.queued && bo.sleepers == 0 && !bo.is_shared()) destroy(bo);
}

void Driver::State::destroy(Bo& bo) {
  if (bo.node != nullptr) {
    bo.node->release(bo.offset, bo.size);
    offsets.release(bo.offset);
  }
  std::erase_if(bo.file != nullptr ? bo.file->orphans : shared_bos,
                [&](const auto& other) { return other.get() == &bo; });
}

}  // namespace qaic::sim::driver
