#include "tools/qaic-run/bench/card_state.hpp"

#include <charconv>
#include <string_view>

#include "os/file.hpp"
#include "tools/common/status_json.hpp"

namespace qaic::tools::run::bench {

namespace {

using nlohmann::json;

std::optional<std::uint64_t> counter(const qaic_card_info& card, const char* name) {
  const auto text = os::read_text(std::string("/sys/bus/pci/devices/") + card.pci_address + "/" + name);
  if (!text) return std::nullopt;
  std::uint64_t value = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), value);
  if (read.ec != std::errc()) return std::nullopt;
  return value;
}

json or_null(const std::optional<std::uint64_t>& value) {
  return value ? json(*value) : json(nullptr);
}

}  // namespace

std::vector<CardState> states_of(const std::vector<qaic_card_info>& cards,
                                 std::chrono::milliseconds deadline) {
  std::vector<qaic_card_info> now = cards;
  if (const auto inventory = Inventory::read()) {
    for (auto& card : now) {
      for (const auto& found : inventory->cards()) {
        if (std::string_view(found.pci_address) == card.pci_address) card = found;
      }
    }
  }
  const auto answers = probe(now, deadline);
  std::vector<CardState> states;
  for (std::size_t i = 0; i < now.size(); ++i) {
    states.push_back({now[i], answers[i], counter(now[i], "ce_count"), counter(now[i], "ue_count"),
                      counter(now[i], "ue_nonfatal_count")});
  }
  return states;
}

json state_json(const CardState& state) {
  const auto& info = state.info;
  const auto known = [&](std::uint32_t bit, json value) {
    return (info.present & bit) != 0 ? std::move(value) : json(nullptr);
  };
  json row{{"state", state_name(state.answer)},
           {"correctable_errors", or_null(state.correctable)},
           {"uncorrectable_errors", or_null(state.uncorrectable)},
           {"uncorrectable_nonfatal_errors", or_null(state.uncorrectable_nonfatal)},
           {"link_current_transfers_per_second",
            known(QAIC_CARD_LINK_CURRENT, std::uint64_t{info.link_current_mtps} * 1'000'000)},
           {"link_current_lanes", known(QAIC_CARD_LINK_CURRENT, info.link_current_width)},
           {"soc_temperature_celsius",
            known(QAIC_CARD_SOC_TEMPERATURE, static_cast<double>(info.soc_temperature_millicelsius) / 1000)},
           {"board_power_watts",
            known(QAIC_CARD_BOARD_POWER, static_cast<double>(info.board_power_microwatts) / 1e6)},
           {"nsp_hz", nullptr},
           {"dram_free_bytes", nullptr},
           {"retired_pages", nullptr},
           {"reset_needed", nullptr}};
  if (const auto& status = state.answer.status) {
    row["nsp_hz"] = status->nsp_hz;
    row["dram_free_bytes"] = std::uint64_t{status->dram_free_mb} << 20;
    row["retired_pages"] = status->retired_pages;
    row["reset_needed"] = status->need_reset_to_retire_pages != 0;
  }
  return row;
}

json changes(const json& before, const json& after) {
  json found = json::object();
  for (const auto& [name, value] : before.items()) {
    if (value != after.at(name)) found[name] = {{"before", value}, {"after", after.at(name)}};
  }
  return found;
}

}  // namespace qaic::tools::run::bench
