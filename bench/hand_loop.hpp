// What the library's inferences are measured against: the same ioctls, written
// out for one network, with nothing around them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "lib/core/buffer.hpp"
#include "lib/core/network.hpp"
#include "wire/uapi.hpp"

namespace qaic::bench {

class HandLoop {
 public:
  // Loads the program at `path` on `node`.
  static base::Result<HandLoop> load(const std::string& node, const std::string& path);
  // `count` inferences, one after the other: EXECUTE, then WAIT for each buffer
  // that the card writes. False when one fails.
  [[nodiscard]] bool run(unsigned count) const;

 private:
  std::unique_ptr<core::Network> network_;
  std::vector<core::Buffer> buffers_;
  std::vector<wire::uapi::ExecuteEntry> entries_;
  std::vector<wire::uapi::Wait> waits_;
};

}  // namespace qaic::bench
