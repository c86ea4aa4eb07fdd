#include "sim/vm/preparation.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "os/child.hpp"
#include "os/file.hpp"
#include "sim/vm/process.hpp"

namespace qaic::sim::vm {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;

namespace {

constexpr int kSignalAgain = 100;  // milliseconds

std::string series_of(const std::string& kernel) {
  return kernel.ends_with(".x") ? kernel.substr(0, kernel.size() - 2) : kernel;
}

std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

Result<std::string> Preparation::default_cache() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return std::string(cache) + "/qaic-sim/vm";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::string(home) + "/.cache/qaic-sim/vm";
  return fail(make_error(ErrorKind::usage, "vm-prepare",
                         "no place for the cache: neither XDG_CACHE_HOME nor HOME is set",
                         "set XDG_CACHE_HOME to a folder with 1 GB of space"));
}

Result<void> Preparation::run(const std::vector<std::string>& arguments) {
  os::Child::Options options;
  options.path = os::beside_executable(QAIC_LIBEXEC_FROM_BIN "/vm-prepare");
  options.arguments = {"vm-prepare", cache_};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  options.environment = own_environment();
  QAIC_TRY(auto pipe, os::make_pipe());
  options.standard_output = pipe.write_end.get();
  options.standard_error = STDERR_FILENO;
  options.own_group = true;  // a shell sees a signal only when what it waits for has ended
  QAIC_TRY(auto child, os::Child::spawn(options));
  pipe.write_end.reset();
  std::string said;
  for (;;) {
    std::array<pollfd, 2> watched{pollfd{pipe.read_end.get(), POLLIN, 0}, pollfd{signals_->fd(), POLLIN, 0}};
    (void)::poll(watched.data(), watched.size(), interrupted_by_ == 0 ? -1 : kSignalAgain);
    for (const auto& signal : signals_->take()) interrupted_by_ = signal.number;
    // More than once: it may just have been about to start another program.
    if (interrupted_by_ != 0) child.signal_group(SIGTERM);
    if (os::read_available(pipe.read_end.get(), said)) break;
  }
  const os::ExitStatus status = child.wait();
  if (status.signal == 0 && status.code == 0) return {};
  if (status.signal == SIGPIPE) interrupted_by_ = SIGPIPE;  // nobody reads our standard error
  if (interrupted_by_ != 0) {
    return fail(
        make_error(ErrorKind::unavailable, "vm-prepare", "the preparation of the guest was interrupted"));
  }
  if (status.signal == 0 && status.code == 9) {
    return fail(make_error(ErrorKind::bad_input, "vm-given", last_line(said)));
  }
  if (status.signal != 0 || status.code != 10) {
    return fail(make_error(
        ErrorKind::internal, "vm-prepare",
        "the preparation of the guest ended unexpectedly (" +
            (status.signal != 0 ? os::signal_text(status.signal) : std::to_string(status.code)) + ")"));
  }
  return fail(
      make_error(ErrorKind::unsupported, "vm-prepare", last_line(said),
                 "what is in " + cache_ + " is used without the network; see qaic-sim(1), VM PREPARATION"));
}

Result<std::string> Preparation::qemu() {
  const std::string folder = cache_ + "/qemu";
  if (os::file_kind(folder + "/packages") != os::FileKind::regular) {
    QAIC_CHECK(run({"qemu"}));
  }
  return folder;
}

Result<Bundle> Preparation::packaged_kernel(const std::string& kernel) {
  const std::string series = series_of(kernel);
  const std::string folder = cache_ + "/kernel-" + series;
  if (os::file_kind(folder + "/packages") != os::FileKind::regular) {
    QAIC_CHECK(run({"kernel", series}));
  }
  return read_bundle(folder);
}

Result<Bundle> Preparation::built_kernel(const std::string& tree, const std::string& scratch) {
  const std::string folder = scratch + "/bundle";
  QAIC_CHECK(run({"tree", tree, folder}));
  return read_bundle(folder);
}

Result<std::string> Preparation::built_driver(const std::string& kernel, const std::string& source,
                                              const std::string& scratch) {
  const std::string file = scratch + "/qaic.ko";
  QAIC_CHECK(run({"module", series_of(kernel), source, file}));
  return file;
}

Result<Bundle> read_bundle(const std::string& folder) {
  Bundle bundle;
  bundle.kernel = folder + "/kernel";
  QAIC_TRY(bundle.release, os::read_text(folder + "/release"));
  QAIC_TRY(const auto names, os::list_folder(folder + "/modules"));
  for (const std::string& name : names) bundle.modules.push_back(folder + "/modules/" + name);
  if (os::file_kind(folder + "/qaic.ko") == os::FileKind::regular) bundle.driver = folder + "/qaic.ko";
  if (os::file_kind(bundle.kernel) != os::FileKind::regular) {
    return fail(make_error(ErrorKind::bad_input, "vm-bundle", folder + " holds no kernel",
                           "remove the folder; it is then made again"));
  }
  return bundle;
}

}  // namespace qaic::sim::vm
