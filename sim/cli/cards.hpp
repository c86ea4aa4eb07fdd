// The cards of one simulated host: the options that describe them, and their
// making.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sim/cli/log.hpp"
#include "sim/cli/simulated_card.hpp"
#include "sim/syscall/supervisor.hpp"
#include "sim/syscall/topology.hpp"

namespace qaic::sim::cli {

struct CardOptions {
  unsigned cards = 1;
  std::string sku = "pro";
  std::string firmware;
  std::string qsm_version;
  std::vector<std::string> settings;  // KEY=VALUE
  unsigned control_timeout_seconds = 60;
  unsigned wait_timeout_milliseconds = 5000;
  unsigned boot_milliseconds = 200;
  unsigned node_mode = 0666;
  std::string log;

  void add_to(CLI::App& app);
  // Was any of them given on the command line that `app` parsed?
  [[nodiscard]] static bool given(const CLI::App& app);
};

// In the order of their addresses. Stays where it is made: what drives the
// cards refers to it.
class Cards {
 public:
  // Boots them. The caller has the right to make namespaces by now.
  // Error ids: sim-boot, sim-setting, sim-too-many-cards, usage.
  static base::Result<std::unique_ptr<Cards>> boot(const CardOptions& options);

  // What root finds in the configuration space, or an ordinary user.
  using Config = syscall::SysTreeOptions::Config;
  [[nodiscard]] base::Result<std::unique_ptr<syscall::Supervisor>> supervise(Config config, Log* log);
  [[nodiscard]] const syscall::Topology& topology() const { return topology_; }
  [[nodiscard]] std::size_t size() const { return cards_.size(); }
  [[nodiscard]] driver::Driver& driver(std::size_t slot) { return *cards_[slot].driver; }
  [[nodiscard]] const driver::Driver& driver(std::size_t slot) const { return *cards_[slot].driver; }
  [[nodiscard]] const device::CardConfig& config(std::size_t slot) const { return configs_[slot]; }
  // "accel3"
  [[nodiscard]] std::string name(std::size_t slot) const;
  // One line per thing that a card still holds.
  [[nodiscard]] std::vector<std::string> held() const;

 private:
  Cards() = default;

  SystemClock clock_;
  std::unique_ptr<FolderStorage> storage_;
  driver::UserHandles users_;
  driver::Parameters parameters_;
  unsigned node_mode_ = 0;
  syscall::Topology topology_;
  std::vector<device::CardConfig> configs_;
  std::vector<SimulatedCard> cards_;
};

}  // namespace qaic::sim::cli
