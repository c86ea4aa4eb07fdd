#include "sim/device/unexecuted.hpp"

#include <algorithm>
#include <new>

namespace qaic::sim::device {

// Zeroed by calloc, so that what is never touched takes no memory.
UnexecutedGroup::UnexecutedGroup(std::uint32_t activation, const CoreProgram& program)
    : id_(kFirstId | activation), l2tcm_size_(program.l2tcm_size), vtcm_size_(program.vtcm_size) {
  for (unsigned nsp = 0; nsp < program.nsp_count; ++nsp) {
    Memory memory(static_cast<std::byte*>(std::calloc(l2tcm_size_ + vtcm_size_, 1)), &std::free);
    if (memory == nullptr) throw std::bad_alloc();
    std::copy(program.l2tcm_init.begin(), program.l2tcm_init.end(), memory.get());
    memories_.push_back(std::move(memory));
  }
}

}  // namespace qaic::sim::device
