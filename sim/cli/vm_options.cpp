#include "sim/cli/vm_options.hpp"

#include <utility>

#include "base/duration.hpp"
#include "os/file.hpp"
#include "sim/cli/card_settings.hpp"
#include "sim/cli/command_line.hpp"
#include "sim/cli/failure.hpp"
#include "sim/cli/latency_setting.hpp"
#include "sim/cli/skus.hpp"
#include "sim/vm/scratch_folder.hpp"

namespace qaic::sim::cli {

using base::ErrorKind;
using base::Result;

namespace {

base::Error usage(std::string what, std::string hint = "see qaic-sim vm --help") {
  return base::make_error(ErrorKind::usage, "usage", std::move(what), std::move(hint));
}

struct Texts {
  std::string iommu = "remap";
  std::string timeout;
  std::string ready_timeout;
};

void add_options(CLI::App& app, VmOptions& options, Texts& texts) {
  app.add_option(
         "--kernel", options.kernel,
         "Kernel of the guest: a series that Debian has, such as 6.12 (default) or 7.x for the newest 7, or "
         "the folder of a built kernel tree")
      ->type_name("SERIES|PATH");
  app.add_option("--module", options.module, "Another qaic.ko, or a folder with the driver's source to build")
      ->type_name("PATH");
  app.add_option("--module-parameter", options.module_parameters, "NAME=VALUE for the driver, repeatable")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option("--kernel-arguments", options.kernel_arguments, "Added to the guest kernel's command line")
      ->type_name("TEXT");
  app.add_option("--cards", options.cards, "How many boards (default 1)");
  app.add_option("--sku", options.sku_name, "Kind of board: " + sku_names() + " (default pro)");
  app.add_option("--set", options.settings,
                 "Sets KEY=VALUE of every card, repeatable; see qaic-sim run --help")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option_function<std::string>(
         "--fault", [&options](const std::string& names) { options.settings.push_back("fault=" + names); },
         "Breaks every card on purpose: " + fault_names())
      ->type_name("NAME[,NAME]...");
  app.add_option_function<std::string>(
         "--latency",
         [&options](const std::string& model) { options.settings.push_back("latency=" + model); },
         "Device time of an inference: " + std::string(kLatencyForm))
      ->type_name("MODEL");
  app.add_option("--firmware", options.firmware,
                 "Folder with the images that the guest's driver sends to the cards")
      ->type_name("DIR");
  app.add_option(
         "--boot", options.boot,
         "pbl: the driver sends all firmware (default with --firmware); amss: the cards are up already "
         "(default without)")
      ->type_name("pbl|amss");
  app.add_option("--interrupts", options.interrupts,
                 "What the cards offer: msi, as hardware (default), or msix")
      ->type_name("msi|msix");
  app.add_option(
         "--iommu", texts.iommu,
         "off: one shared interrupt; remap: a vector for each channel, as on servers (default); strict: DMA "
         "is translated too")
      ->type_name("off|remap|strict");
  app.add_option("--share", options.shares,
                 "A folder that the command may write in, besides the current one and /tmp; repeatable")
      ->type_name("DIR")
      ->allow_extra_args(false);
  app.add_option("--memory", options.memory_mib, "Memory of the guest (default 1024)")->type_name("MIB");
  app.add_option("--cpus", options.cpus, "Processors of the guest (default 2)")->type_name("N");
  app.add_option("--timeout", texts.timeout, "Stop the guest after DUR, exit code 6 (default: never)")
      ->type_name("DUR");
  app.add_option("--ready-timeout", texts.ready_timeout,
                 "Run the command after DUR also when cards have not come up (default 30s)")
      ->type_name("DUR");
  app.add_option("--kernel-log,--keep-log", options.kernel_log, "Keeps the log of the guest's kernel")
      ->type_name("FILE");
  app.add_flag("--fail-on-warning", options.fail_on_warning,
               "Exit code 1 if the guest's kernel warned of anything");
  app.add_flag("--prepare", options.prepare_only,
               "Only fetches and builds what is needed, prints the kernel's release");
  app.add_option("--cache", options.cache, "Where that is kept (default ~/.cache/qaic-sim/vm)")
      ->type_name("DIR");
  app.add_option("--name", options.name, "What qaic-sim inject --name calls the cards (default: nothing)")
      ->type_name("NAME");
  app.add_option("--server", options.server, "A program of yours to run in the place of qaic-sim serve")
      ->type_name("PROGRAM");
}

Result<std::chrono::milliseconds> duration_of(const std::string& text) {
  const auto duration = base::parse_duration(text);
  if (!duration || duration->count() == 0)
    return base::fail(usage("'" + text + "' is not a duration such as 500ms or 90s"));
  return *duration;
}

Result<void> check(VmOptions& options, const Texts& texts) {
  const auto sku = sku_by_name(options.sku_name);
  if (!sku) return base::fail(usage("no SKU is called " + options.sku_name, "choose one of " + sku_names()));
  options.sku = *sku;
  if (options.cards == 0 || options.cards > 16) return base::fail(usage("--cards is from 1 to 16"));
  if (options.memory_mib < 256) return base::fail(usage("a guest needs --memory of 256 or more"));
  if (options.cpus == 0 || options.cpus > 64) return base::fail(usage("--cpus is from 1 to 64"));
  if (options.boot.empty()) options.boot = options.firmware.empty() ? "amss" : "pbl";
  if (options.boot != "pbl" && options.boot != "amss") {
    return base::fail(usage("a card cannot boot from " + options.boot, "choose pbl or amss"));
  }
  if (options.interrupts != "msi" && options.interrupts != "msix") {
    return base::fail(usage("no interrupts are called " + options.interrupts, "choose msi or msix"));
  }
  if (texts.iommu == "off") {
    options.iommu = vm::Iommu::off;
  } else if (texts.iommu == "strict") {
    options.iommu = vm::Iommu::strict;
  } else if (texts.iommu != "remap") {
    return base::fail(usage("no IOMMU mode is called " + texts.iommu, "choose off, remap or strict"));
  }
  if (!texts.timeout.empty()) {
    QAIC_TRY(options.timeout, duration_of(texts.timeout));
  }
  if (!texts.ready_timeout.empty()) {
    QAIC_TRY(options.ready_timeout, duration_of(texts.ready_timeout));
  }
  for (std::string* path : {&options.firmware, &options.module}) {
    if (path->empty()) continue;
    QAIC_TRY(*path, vm::real_path(*path));
  }
  if (options.kernel.find('/') != std::string::npos ||
      os::file_kind(options.kernel) == os::FileKind::folder) {
    QAIC_TRY(options.kernel, vm::real_path(options.kernel));
  }
  if (options.command.empty() && !options.prepare_only)
    return base::fail(usage("there is no command to run"));
  return {};
}

}  // namespace

std::optional<int> parse_vm_options(std::vector<std::string> arguments, VmOptions& options) {
  CLI::App app("Runs a program in a virtual machine with the real driver and simulated Cloud AI 100 cards.",
               "qaic-sim vm");
  Texts texts;
  add_options(app, options, texts);
  if (const auto code = parse_command_line(app, std::move(arguments), options.command)) return code;
  if (const auto fine = check(options, texts); !fine) return print_failure(fine.error());
  return std::nullopt;
}

}  // namespace qaic::sim::cli
