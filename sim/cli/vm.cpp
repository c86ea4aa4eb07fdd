#include "sim/cli/vm.hpp"

#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "os/child.hpp"
#include "os/file.hpp"
#include "os/host.hpp"
#include "os/signal_inbox.hpp"
#include "sim/cli/failure.hpp"
#include "sim/cli/vm_options.hpp"
#include "sim/device/card.hpp"
#include "sim/vm/card_server.hpp"
#include "sim/vm/guest_files.hpp"
#include "sim/vm/preparation.hpp"
#include "sim/vm/process.hpp"
#include "sim/vm/scratch_folder.hpp"
#include "sim/vm/session.hpp"

namespace qaic::sim::cli {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;

namespace {

constexpr std::chrono::seconds kServerStart{20};

Result<vm::Bundle> find_bundle(const VmOptions& options, vm::Preparation& preparation,
                               const std::string& scratch) {
  const bool packaged = options.kernel.find('/') == std::string::npos;
  std::string driver = options.module;
  if (os::file_kind(options.module) == os::FileKind::folder) {
    if (!packaged) {
      return fail(make_error(ErrorKind::usage, "usage", "driver source is built for packaged kernels only",
                             "build it in " + options.kernel + " and leave --module out"));
    }
    // Before the kernel is looked at: it may have to be made anew for that.
    QAIC_TRY(driver, preparation.built_driver(options.kernel, options.module, scratch));
  }
  QAIC_TRY(auto bundle, packaged ? preparation.packaged_kernel(options.kernel)
                                 : preparation.built_kernel(options.kernel, scratch));
  if (!driver.empty()) bundle.driver = std::move(driver);
  return bundle;
}

Result<std::vector<std::string>> writable_folders(const VmOptions& options, const std::string& here) {
  std::vector<std::string> folders{here, "/tmp"};
  const char* temporary = std::getenv("TMPDIR");
  if (temporary != nullptr && os::file_kind(temporary) == os::FileKind::folder) {
    QAIC_TRY(auto path, vm::real_path(temporary));
    folders.push_back(std::move(path));
  }
  for (const std::string& share : options.shares) {
    QAIC_TRY(auto path, vm::real_path(share));
    folders.push_back(std::move(path));
  }
  return folders;
}

Result<vm::GuestPlan> make_plan(const VmOptions& options, unsigned nodes, const std::string& release) {
  vm::GuestPlan plan;
  plan.nodes = nodes;
  plan.ready_timeout_ms = static_cast<std::uint64_t>(options.ready_timeout.count());
  for (const std::string& parameter : options.module_parameters) {
    plan.driver_parameters += (plan.driver_parameters.empty() ? "" : " ") + parameter;
  }
  if (!options.firmware.empty()) plan.firmware_tag = vm::kFirmwareTag;
  QAIC_TRY(plan.folder, vm::real_path("."));
  QAIC_TRY(auto folders, writable_folders(options, plan.folder));
  plan.writable = vm::writable_shares(std::move(folders));
  plan.umask = vm::own_umask();
  plan.command = options.command;
  plan.environment = vm::own_environment();
  plan.environment.push_back("QAIC_VM=" + release);
  return plan;
}

// One server per SoC; the sockets of each board.
Result<std::vector<vm::CardServer>> start_servers(const VmOptions& options, const std::string& scratch,
                                                  std::vector<vm::BoardSockets>& boards) {
  std::vector<vm::CardServer> servers;
  const std::string program = options.server.empty() ? os::own_executable() : options.server;
  const unsigned socs = device::socs_per_board(options.sku);
  for (unsigned board = 0; board < options.cards; ++board) {
    boards.emplace_back();
    for (unsigned soc = 0; soc < socs; ++soc) {
      const std::string socket = scratch + "/card" + std::to_string(board) + "." + std::to_string(soc);
      std::vector<std::string> arguments{program};
      if (options.server.empty()) arguments = {"qaic-sim", "serve"};
      arguments.insert(arguments.end(), {"--socket", socket, "--sku", options.sku_name, "--boot",
                                         options.boot, "--interrupts", options.interrupts, "--card",
                                         std::to_string(board), "--soc", std::to_string(soc), "--once"});
      if (!options.firmware.empty()) arguments.insert(arguments.end(), {"--firmware", options.firmware});
      for (const std::string& setting : options.settings)
        arguments.insert(arguments.end(), {"--set", setting});
      if (!options.name.empty()) {
        arguments.insert(arguments.end(), {"--name", options.name + "." + std::to_string(servers.size())});
      }
      std::string name = "card " + std::to_string(board);
      if (socs > 1) name += " SoC " + std::to_string(soc);
      QAIC_TRY(auto server, vm::CardServer::start(std::move(name), program, std::move(arguments)));
      servers.push_back(std::move(server));
      boards.back().push_back(socket);
    }
  }
  const auto deadline = std::chrono::steady_clock::now() + kServerStart;
  for (vm::CardServer& server : servers) {
    QAIC_CHECK(server.wait_until_ready(deadline));
  }
  return servers;
}

Result<int> run_in_guest(const VmOptions& options) {
  if (const auto host = os::this_host(); !host || host->machine != "x86_64") {
    return fail(
        make_error(ErrorKind::unsupported, "vm-host", "guests are made for hosts of the kind x86_64 only"));
  }
  // A reader that is gone ends the guest in order. Children get the default back.
  (void)::signal(SIGPIPE, SIG_IGN);
  QAIC_TRY(auto signals, os::SignalInbox::create({SIGHUP, SIGINT, SIGQUIT, SIGTERM}));
  std::string cache = options.cache;
  if (cache.empty()) {
    QAIC_TRY(cache, vm::Preparation::default_cache());
  }
  QAIC_TRY(const auto scratch, vm::ScratchFolder::create());
  vm::Preparation preparation(cache, signals);
  auto qemu = preparation.qemu();
  if (preparation.interrupted_by() != 0) return 128 + preparation.interrupted_by();
  if (!qemu) return fail(std::move(qemu).error());
  auto bundle = find_bundle(options, preparation, scratch.path());
  if (preparation.interrupted_by() != 0) return 128 + preparation.interrupted_by();
  if (!bundle) return fail(std::move(bundle).error());
  if (options.prepare_only) {
    std::printf("%s\n", bundle->release.c_str());
    return 0;
  }

  const unsigned nodes = options.cards * device::socs_per_board(options.sku);
  QAIC_TRY(auto plan, make_plan(options, nodes, bundle->release));
  vm::Session::Options session;
  session.scratch = scratch.path();
  session.limit = options.timeout;
  session.kernel_log = options.kernel_log;
  vm::Machine& machine = session.machine;
  machine.qemu = *qemu;
  machine.kernel = bundle->kernel;
  machine.initramfs = scratch.path() + "/initramfs";
  machine.kernel_arguments = options.kernel_arguments;
  machine.iommu = options.iommu;
  machine.memory_mib = options.memory_mib;
  machine.cpus = options.cpus;
  machine.firmware = options.firmware;
  machine.writable = plan.writable;
  machine.console = scratch.path() + "/console";
  QAIC_TRY(const auto initramfs,
           vm::guest_initramfs(*bundle, os::beside_executable(QAIC_LIBEXEC_FROM_BIN "/vm-guest"),
                               std::move(plan)));
  QAIC_CHECK(os::write_file(machine.initramfs, base::as_bytes(initramfs)));
  QAIC_TRY(auto servers, start_servers(options, scratch.path(), machine.boards));
  QAIC_TRY(auto guest, vm::Session::start(std::move(session), std::move(servers), std::move(signals)));
  QAIC_TRY(const auto outcome, guest.serve());
  if (outcome.code == 0 && outcome.complaints > 0 && options.fail_on_warning) {
    return static_cast<int>(ErrorKind::verdict);
  }
  return outcome.code;
}

}  // namespace

int vm(std::vector<std::string> arguments) {
  VmOptions options;
  if (const auto code = parse_vm_options(std::move(arguments), options)) return *code;
  const auto code = run_in_guest(options);
  return code ? *code : print_failure(code.error());
}

}  // namespace qaic::sim::cli
