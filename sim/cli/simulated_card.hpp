// A whole card with its driver, and the world it lives in.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sim/device/ports.hpp"
#include "sim/driver/driver.hpp"
#include "sim/nsp/cores.hpp"

namespace qaic::sim::cli {

class SystemClock : public device::Clock {
 public:
  [[nodiscard]] std::chrono::nanoseconds monotonic() const override;
  [[nodiscard]] std::chrono::microseconds utc() const override;
};

// Images in a folder; none when the folder is "".
class FolderStorage : public device::Storage {
 public:
  explicit FolderStorage(std::string folder) : folder_(std::move(folder)) {}
  base::Result<base::ByteVector> image(std::string_view name) override;

 private:
  std::string folder_;
};

struct SimulatedCard {
  std::unique_ptr<nsp::QemuCores> cores;
  std::unique_ptr<driver::Driver> driver;

  // Boots the card and does the driver's handshake.
  static base::Result<SimulatedCard> create(const device::CardConfig& config, device::Clock& clock,
                                            device::Storage& storage, driver::UserHandles& users,
                                            driver::Parameters parameters);
};

}  // namespace qaic::sim::cli
