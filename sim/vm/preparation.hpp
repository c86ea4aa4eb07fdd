// QEMU, kernels and drivers, prepared once and kept in a cache folder.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/signal_inbox.hpp"

namespace qaic::sim::vm {

// A kernel to boot with its modules and the driver.
struct Bundle {
  std::string kernel;                // file
  std::string release;               // "6.12.95+deb12-amd64"
  std::vector<std::string> modules;  // files, in loading order
  std::string driver;                // file of qaic.ko; "" when it is built in
};

class Preparation {
 public:
  // `cache` is created when it is missing. A signal ends what is under way.
  Preparation(std::string cache, os::SignalInbox& signals) : cache_(std::move(cache)), signals_(&signals) {}
  // ${XDG_CACHE_HOME:-~/.cache}/qaic-sim/vm; usage error when neither is known.
  [[nodiscard]] static base::Result<std::string> default_cache();

  // The signal that ended it, SIGPIPE when nobody reads standard error; 0 if none did.
  [[nodiscard]] int interrupted_by() const { return interrupted_by_; }

  // All of these: error id vm-prepare, kind unsupported with the reason when
  // something cannot be had here. Progress goes to standard error.
  [[nodiscard]] base::Result<std::string> qemu();  // its folder
  // `series`: "6.12", or "7.x" for the newest 7.
  [[nodiscard]] base::Result<Bundle> packaged_kernel(const std::string& series);
  // Out of a built kernel tree; `scratch` is a folder for what is made of it.
  [[nodiscard]] base::Result<Bundle> built_kernel(const std::string& tree, const std::string& scratch);
  // qaic.ko out of a folder with driver source, for a packaged kernel.
  [[nodiscard]] base::Result<std::string> built_driver(const std::string& series, const std::string& source,
                                                       const std::string& scratch);

 private:
  base::Result<void> run(const std::vector<std::string>& arguments);

  std::string cache_;
  os::SignalInbox* signals_;
  int interrupted_by_ = 0;
};

// Reads what vm-prepare left. Error id: vm-bundle.
[[nodiscard]] base::Result<Bundle> read_bundle(const std::string& folder);

}  // namespace qaic::sim::vm
