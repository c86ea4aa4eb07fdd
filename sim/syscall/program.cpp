#include "sim/syscall/program.hpp"

#include <utility>

#include "os/foreign_process.hpp"
#include "os/namespace.hpp"
#include "os/owned_files.hpp"
#include "os/seccomp.hpp"
#include "sim/syscall/watched_calls.hpp"

namespace qaic::sim::syscall {

using base::Result;

namespace {

// In the process that runs the program: its view of /sys and /dev. Gives /sys
// and the folder of the nodes, writable, and the roots of the memory file
// systems below /sys.
Result<std::vector<os::Fd>> lay_out(const View& view) {
  const auto folder = os::working_folder();
  QAIC_CHECK(os::enter_mount_namespace());
  QAIC_TRY(const auto sys_mounts, os::lay_over("/sys", view.sys));
  QAIC_TRY(const auto dev_mounts, os::lay_over("/dev", view.dev));
  std::vector<os::Fd> out;
  QAIC_TRY(os::Fd sys, os::detached_mounts("/sys"));
  out.push_back(std::move(sys));
  QAIC_TRY(os::Fd accel, os::detached_mount("/dev/accel"));
  out.push_back(std::move(accel));
  for (const std::string& mount : sys_mounts) {
    QAIC_TRY(os::Fd root, os::detached_mount(mount));
    out.push_back(std::move(root));
  }
  auto mounts = sys_mounts;
  mounts.insert(mounts.end(), dev_mounts.begin(), dev_mounts.end());
  for (const std::string& mount : mounts) {
    QAIC_CHECK(os::make_mount_read_only(mount));
  }
  // The working folder may lie in what was just covered.
  if (folder) os::change_folder(*folder);
  return out;
}

}  // namespace

Result<Program> Program::start(std::vector<std::string> command, const os::SignalInbox& signals, View view) {
  os::ProcessTree::Setup setup;
  setup.command = std::move(command);
  setup.signals = &signals;
  setup.prepare = [&view] { return lay_out(view); };
  setup.last_step = [] { return os::install_filter(watched_calls()); };
  QAIC_TRY(auto tree, os::ProcessTree::start(std::move(setup)));
  auto prepared = tree.take_prepared();
  if (prepared.size() < 2) {
    return base::fail(
        base::make_error(base::ErrorKind::internal, "sim-view", "the program's view was not handed over"));
  }
  Entrance entrance;
  entrance.listener = tree.take_last_step();
  entrance.sys = std::move(prepared[0]);
  entrance.accel = std::move(prepared[1]);
  for (std::size_t i = 2; i < prepared.size(); ++i) {
    if (const auto identity = os::identity_of_fd(prepared[i].get())) {
      entrance.file_systems.insert(identity->device);
    }
  }
  entrance.shown = std::move(view);
  return Program{std::move(tree), std::move(entrance)};
}

}  // namespace qaic::sim::syscall
