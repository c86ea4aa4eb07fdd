#include "sim/cli/cards.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "os/file.hpp"
#include "sim/cli/card_settings.hpp"
#include "sim/cli/failure.hpp"
#include "sim/cli/host.hpp"
#include "sim/cli/latency_setting.hpp"
#include "sim/cli/skus.hpp"
#include "sim/syscall/sys_tree.hpp"

namespace qaic::sim::cli {

using base::ErrorKind;
using base::Result;

namespace {

constexpr std::array kNames{"--cards",           "--sku",          "--firmware",  "--qsm-version", "--set",
                            "--control-timeout", "--wait-timeout", "--boot-time", "--log",         "--fault",
                            "--latency",         "--node-mode"};

unsigned mode_of(const std::string& text) {
  unsigned mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc{} || end != text.data() + text.size() || mode > 0777) {
    throw CLI::ValidationError("--node-mode", text + " is no mode of a file, such as 0660");
  }
  return mode;
}

// "2:data-bit" is "2:fault=data-bit".
std::string fault_setting(const std::string& names) {
  const auto [card, rest] = split_setting(names);
  return (card ? std::to_string(*card) + ":" : "") + "fault=" + std::string(rest);
}

}  // namespace

void CardOptions::add_to(CLI::App& app) {
  app.add_option("--cards", cards, "How many boards (default 1)");
  app.add_option("--sku", sku, "Kind of board: " + sku_names() + " (default pro)");
  app.add_option("--firmware", firmware, "Folder with the images to boot from, for their versions")
      ->type_name("DIR");
  app.add_option("--qsm-version", qsm_version, "Version that the card's system manager reports")
      ->type_name("TEXT");
  app.add_option("--set", settings,
                 "Sets KEY=VALUE of every card, or of card N, repeatable: " + setting_names())
      ->type_name("[N:]KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option_function<std::string>(
         "--fault", [this](const std::string& names) { settings.push_back(fault_setting(names)); },
         "Breaks every card, or card N, on purpose, repeatable: " + fault_names())
      ->type_name("[N:]NAME[,NAME]...")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->trigger_on_parse();
  app.add_option_function<std::string>(
         "--latency", [this](const std::string& model) { settings.push_back("latency=" + model); },
         "Device time of an inference: " + std::string(kLatencyForm))
      ->type_name("MODEL");
  app.add_option("--control-timeout", control_timeout_seconds,
                 "The driver's control_resp_timeout_s (default 60)")
      ->type_name("SECONDS");
  app.add_option("--wait-timeout", wait_timeout_milliseconds,
                 "The driver's wait_exec_default_timeout_ms (default 5000)")
      ->type_name("MS");
  app.add_option("--boot-time", boot_milliseconds,
                 "How long a card takes to boot after a reset (default 200)")
      ->type_name("MS");
  app.add_option_function<std::string>(
         "--node-mode", [this](const std::string& text) { node_mode = mode_of(text); },
         "Permissions of the device nodes, octal (default 0666)")
      ->type_name("MODE");
  app.add_option("--log", log, "Keeps what the cards have to say")->type_name("FILE");
}

bool CardOptions::given(const CLI::App& app) {
  for (const char* name : kNames) {
    if (app.count(name) != 0) return true;
  }
  return false;
}

Result<std::unique_ptr<Cards>> Cards::boot(const CardOptions& options) {
  const auto sku = sku_by_name(options.sku);
  if (!sku) {
    return base::fail(base::make_error(ErrorKind::usage, "usage", "no SKU is called " + options.sku,
                                       "choose one of " + sku_names()));
  }
  std::unique_ptr<Cards> out(new Cards);
  out->storage_ = std::make_unique<FolderStorage>(options.firmware);
  out->parameters_.control_resp_timeout = std::chrono::seconds(options.control_timeout_seconds);
  out->parameters_.wait_exec_default_timeout = std::chrono::milliseconds(options.wait_timeout_milliseconds);
  out->node_mode_ = options.node_mode;
  out->parameters_.boot_time = std::chrono::milliseconds(options.boot_milliseconds);
  QAIC_TRY(out->topology_,
           syscall::place_boards(options.cards, device::socs_per_board(*sku), taken_on_host()));
  for (const std::string& text : options.settings) {
    const std::size_t count = out->topology_.slots.size();
    if (const auto card = split_setting(text).card; card && *card >= count) {
      return base::fail(base::make_error(ErrorKind::usage, "sim-setting",
                                         "there is no card " + std::to_string(*card) + " for " + text,
                                         "cards are numbered from 0 to " + std::to_string(count - 1)));
    }
  }
  for (const syscall::Slot& slot : out->topology_.slots) {
    device::CardConfig config = device::stock_config(*sku, slot.board, slot.soc);
    if (!options.qsm_version.empty()) config.qsm_version = options.qsm_version;
    for (const std::string& text : options.settings) {
      const auto [card, setting] = split_setting(text);
      if (!card || *card == out->cards_.size()) {
        QAIC_CHECK(apply_setting(config, setting));
      }
    }
    QAIC_TRY(auto card,
             SimulatedCard::create(config, out->clock_, *out->storage_, out->users_, out->parameters_));
    out->configs_.push_back(std::move(config));
    out->cards_.push_back(std::move(card));
  }
  return out;
}

Result<std::unique_ptr<syscall::Supervisor>> Cards::supervise(Config config, Log* log) {
  syscall::Supervisor::Options options;
  options.sys.topology = topology_;
  options.sys.cards = configs_;
  options.sys.parameters = parameters_;
  options.sys.config = config;
  // debugfs lets nobody but root in.
  if (config == Config::whole && os::file_kind("/sys/kernel/debug") == os::FileKind::folder) {
    options.sys.debug = syscall::SysTreeOptions::Debug::shown;
  }
  options.sys.node_mode = node_mode_;
  options.sys.local_cpus = online_cpus();
  options.now = [this] { return clock_.monotonic(); };
  options.warn = [log](const base::Error& error) {
    if (log != nullptr) log->add("qaic-sim", error.what);
    (void)print_failure(error);
  };
  if (log != nullptr) {
    options.tell = [this, log](std::size_t slot, const std::string& line) { log->add(name(slot), line); };
  }
  for (SimulatedCard& card : cards_) {
    nsp::QemuCores* cores = card.cores.get();
    options.nodes.push_back({card.driver.get(), cores->event_fd(), [cores] { return cores->take_events(); }});
  }
  options.sys.states.resize(options.nodes.size());
  return syscall::Supervisor::create(std::move(options));
}

std::string Cards::name(std::size_t slot) const {
  return "accel" + std::to_string(topology_.slots[slot].minor);
}

std::vector<std::string> Cards::held() const {
  std::vector<std::string> out;
  for (std::size_t slot = 0; slot < cards_.size(); ++slot) {
    for (const std::string& line : driver(slot).card().held()) out.push_back(name(slot) + ": " + line);
  }
  return out;
}

}  // namespace qaic::sim::cli
