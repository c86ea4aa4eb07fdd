#include "tools/common/selection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "tools/common/exit_code.hpp"
#include "tools/common/probe_client.hpp"

namespace qaic::tools {

namespace {

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 9 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "0000:01:00.0" and "01:00.0": two or three groups of hex digits.
bool is_pci_address(std::string_view text) {
  return text.find('.') != std::string_view::npos && text.find(':') != std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return c == ':' || c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
                  (c >= 'A' && c <= 'F');
         });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool matches_without_asking(const qaic_card_info& card, std::string_view selector) {
  if (is_number(selector)) {
    unsigned number = 0;
    std::from_chars(selector.data(), selector.data() + selector.size(), number);
    return card.qid == number;
  }
  if (is_pci_address(selector)) {
    const std::string wanted = lower(selector);
    return card.pci_address == wanted || card.pci_address == "0000:" + wanted;
  }
  const std::string_view node(card.node);
  if (node.empty()) return false;
  return node == selector || node.substr(node.rfind('/') + 1) == selector;
}

bool could_be_serial(std::string_view selector) {
  return !is_number(selector) && !is_pci_address(selector) && selector.find('/') == std::string_view::npos &&
         !(selector.starts_with("accel") && is_number(selector.substr(5)));
}

Failure nothing_here(bool driver_present, bool some_hidden) {
  if (some_hidden) {
    return {kNoCard, "no-visible-card", "QAIC_VISIBLE_DEVICES leaves no card visible",
            "unset QAIC_VISIBLE_DEVICES", std::nullopt};
  }
  if (!driver_present) {
    return {kNoCard, "no-driver", "no Cloud AI card found, and the qaic driver is not loaded",
            "modprobe qaic; to try without hardware: qaic-sim run -- COMMAND", std::nullopt};
  }
  return {kNoCard, "no-card", "the qaic driver is loaded, but no Cloud AI card is in this host",
          "lspci -d 17cb: ; to try without hardware: qaic-sim run -- COMMAND", std::nullopt};
}

}  // namespace

Selection select_cards(const std::vector<std::string>& selectors, std::chrono::milliseconds deadline) {
  Selection selection;
  auto inventory = Inventory::read();
  if (!inventory) {
    selection.failures.push_back(Failure::from(inventory.error()));
    return selection;
  }
  selection.driver_present = inventory->driver_present();
  std::vector<qaic_card_info> visible;
  for (const auto& card : inventory->cards()) {
    if (card.visible != 0) visible.push_back(card);
  }
  if (visible.empty()) {
    selection.failures.push_back(nothing_here(selection.driver_present, !inventory->cards().empty()));
    return selection;
  }
  if (selectors.empty()) {
    selection.cards = std::move(visible);
    return selection;
  }

  std::vector<bool> chosen(visible.size(), false);
  std::vector<ProbeAnswer> answers;
  for (const std::string& selector : selectors) {
    bool matched = false;
    for (std::size_t i = 0; i < visible.size(); ++i) {
      if (!matches_without_asking(visible[i], selector)) continue;
      chosen[i] = true;
      matched = true;
    }
    if (!matched && could_be_serial(selector)) {
      if (answers.empty()) answers = probe(visible, deadline);
      for (std::size_t i = 0; i < visible.size(); ++i) {
        if (!answers[i].status) continue;
        const auto& status = *answers[i].status;
        if (selector != status.hw_serial && selector != status.board_serial) continue;
        chosen[i] = true;
        matched = true;
      }
    }
    if (!matched) {
      selection.failures.push_back({kNoCard, "no-matching-card",
                                    fmt::format("no card matches '{}'", selector),
                                    "qaic-util list shows what can be selected", std::nullopt});
    }
  }
  for (std::size_t i = 0; i < visible.size(); ++i) {
    if (chosen[i]) selection.cards.push_back(visible[i]);
  }
  return selection;
}

}  // namespace qaic::tools
