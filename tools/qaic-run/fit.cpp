#include "tools/qaic-run/fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/common/exit_code.hpp"
#include "tools/common/holders.hpp"

namespace qaic::tools::run {

namespace {

bool is_short(const Need& need) {
  return need.needed > need.free;
}

// Cards report their memory in whole megabytes.
std::uint64_t megabytes(const nlohmann::json& bytes) {
  constexpr std::uint64_t kMegabyte = 1ULL << 20;
  const auto count = bytes.get<std::uint64_t>();
  return count / kMegabyte + (count % kMegabyte != 0 ? 1 : 0);
}

}  // namespace

Fit fit_of(const nlohmann::json& inspection, const qaic_status& status) {
  const auto& resources = inspection.at("program").at("resources");
  Fit fit;
  fit.networks_active = status.networks_active;
  fit.needs = {{"nsps", "NSPs", resources.at("nsps").get<std::uint64_t>(), status.nsp_free, status.nsp_total},
               {"memory_mb", "MB of card memory", megabytes(resources.at("memory_bytes")),
                status.dram_free_mb, status.dram_total_mb},
               {"virtual_channels", "virtual channels", 1, status.vc_free, status.vc_total},
               {"semaphores", "semaphores", resources.at("semaphores").get<std::uint64_t>(),
                status.semaphore_free, status.semaphore_total},
               {"multicast_ids", "multicast ids", resources.at("multicast_ids").get<std::uint64_t>(),
                status.mcid_free, status.mcid_total}};
  return fit;
}

bool Fit::fits() const {
  return std::none_of(needs.begin(), needs.end(), is_short);
}

std::optional<Failure> Fit::shortage(const std::string& program) const {
  // What no such card has comes first: waiting does not help there.
  auto found =
      std::find_if(needs.begin(), needs.end(), [](const Need& need) { return need.needed > need.total; });
  const bool never = found != needs.end();
  if (!never) found = std::find_if(needs.begin(), needs.end(), is_short);
  if (found == needs.end()) return std::nullopt;
  return Failure{never ? kBadInput : kUnavailable, "network-short",
                 fmt::format("{} does not fit: it needs {} {}, {} of {} are free", program, found->needed,
                             found->unit, found->free, found->total),
                 never ? "compile the program for a card of this size"
                       : fmt::format("{}; the card is open in: {}", activity(), holders_text(holders)),
                 std::nullopt};
}

std::string Fit::activity() const {
  return networks_active == 1 ? "1 network is active"
                              : fmt::format("{} networks are active", networks_active);
}

Failure load_failure(const qaic::Error& error, const qaic_card_info& card) {
  Failure failure = Failure::from(error);
  failure.qid = card.qid;
  if (failure.id == "network-short" && failure.exit_code == kUnavailable) {
    failure.hint =
        fmt::format("besides this run the card is open in: {}", holders_text(holders_of_card(card.node)));
  }
  return failure;
}

}  // namespace qaic::tools::run
