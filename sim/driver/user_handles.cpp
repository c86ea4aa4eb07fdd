#include <algorithm>

#include "sim/driver/driver.hpp"

namespace qaic::sim::driver {

base::UserHandle UserHandles::take() {
  const auto free = std::find(used_.begin(), used_.end(), false);
  const auto index = static_cast<std::uint32_t>(free - used_.begin());
  if (free == used_.end()) {
    used_.push_back(true);
  } else {
    *free = true;
  }
  return base::UserHandle{index};
}

void UserHandles::give_back(base::UserHandle handle) {
  if (handle.value < used_.size()) used_[handle.value] = false;
}

}  // namespace qaic::sim::driver
