// Whether a card has what a program needs, without loading it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <qaic/qaic.hpp>
#include <string>
#include <vector>

#include "os/file_holders.hpp"
#include "tools/common/failure.hpp"

namespace qaic::tools::run {

struct Need {
  std::string resource;  // "nsps", "memory_mb"
  std::string unit;      // for people: "NSPs", "MB of card memory"
  std::uint64_t needed = 0;
  std::uint64_t free = 0;
  std::uint64_t total = 0;
};

struct Fit {
  std::vector<Need> needs;
  std::uint32_t networks_active = 0;  // on the card now; whose they are it does not tell
  os::FileHolders holders;            // of the card's node, whoever they are

  [[nodiscard]] bool fits() const;
  // "1 network is active", for people.
  [[nodiscard]] std::string activity() const;
  // The first resource that is short, as the library says it when a card
  // refuses: kind unavailable, or bad_input when the whole card has less.
  [[nodiscard]] std::optional<Failure> shortage(const std::string& program) const;
};

// `inspection` is the document of Program::inspect(). The card's own share of
// its memory is not known: what is needed is at least this.
[[nodiscard]] Fit fit_of(const nlohmann::json& inspection, const qaic_status& status);

// Why a program was not loaded; where something was short, with who has the card open.
[[nodiscard]] Failure load_failure(const qaic::Error& error, const qaic_card_info& card);

}  // namespace qaic::tools::run
