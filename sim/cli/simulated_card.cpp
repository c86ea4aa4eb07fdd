#include "sim/cli/simulated_card.hpp"

#include <chrono>
#include <utility>

#include "os/file.hpp"

namespace qaic::sim::cli {

using base::Result;

std::chrono::nanoseconds SystemClock::monotonic() const {
  return std::chrono::steady_clock::now().time_since_epoch();
}

std::chrono::microseconds SystemClock::utc() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

Result<base::ByteVector> FolderStorage::image(std::string_view name) {
  constexpr std::size_t kLargest = std::size_t{256} << 20;  // bytes
  if (folder_.empty()) {
    return base::fail(base::make_error(base::ErrorKind::unavailable, "sim-no-firmware",
                                       "no firmware folder was given", "name one with --firmware DIR"));
  }
  return os::read_file(folder_ + "/" + std::string(name), kLargest);
}

Result<SimulatedCard> SimulatedCard::create(const device::CardConfig& config, device::Clock& clock,
                                            device::Storage& storage, driver::UserHandles& users,
                                            driver::Parameters parameters) {
  SimulatedCard card;
  nsp::QemuCores::Options options;
  options.ddr_bytes = config.dram_bytes;
  QAIC_TRY(card.cores, nsp::QemuCores::create(std::move(options)));
  card.driver = std::make_unique<driver::Driver>(config, driver::Driver::World{clock, storage, *card.cores},
                                                 users, parameters);
  card.driver->probe();
  if (!card.driver->online()) {
    return base::fail(base::make_error(base::ErrorKind::device, "sim-boot", "the simulated card did not boot",
                                       "check the images of --firmware"));
  }
  return card;
}

}  // namespace qaic::sim::cli
