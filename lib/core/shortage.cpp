#include "lib/core/shortage.hpp"

#include <string>
#include <string_view>

#include "lib/nnc/status.hpp"
#include "lib/program/demand.hpp"

namespace qaic::core {

namespace {

using base::ErrorKind;
using wire::nnc::Status;

struct Shortage {
  std::string_view unit;
  std::uint64_t needed = 0;
  std::uint64_t free = 0;
  std::uint64_t total = 0;
};

// Cards report their memory in whole megabytes.
std::uint64_t megabytes(std::uint64_t bytes) {
  constexpr std::uint64_t kMegabyte = 1ULL << 20;
  return bytes / kMegabyte + (bytes % kMegabyte != 0 ? 1 : 0);
}

std::optional<Shortage> shortage_of(std::int32_t status, const program::Program& program,
                                    const wire::nnc::ResourceInfo& resources) {
  const program::Demand demand = program::demand_of(program);
  switch (static_cast<Status>(status)) {
    case Status::nsp_exhausted:
      return Shortage{"NSPs", demand.nsps, resources.nsp_free, resources.nsp_total};
    case Status::semaphore_exhausted:
      return Shortage{"semaphores", demand.semaphores, resources.semaphore_free, resources.semaphore_total};
    case Status::mcid_exhausted:
      return Shortage{"multicast ids", demand.multicast_ids, resources.mcid_free, resources.mcid_total};
    case Status::virtual_channel_exhausted:
      return Shortage{"virtual channels", 1, resources.vc_free, resources.vc_total};
    case Status::memory_exhausted:
      return Shortage{"MB of card memory", megabytes(demand.memory_bytes), resources.dram_free,
                      resources.dram_total};
    default:  // the numbers that are not about a resource
      return std::nullopt;
  }
}

}  // namespace

base::Error refusal_error(std::int32_t status, const program::Program& program,
                          const std::optional<wire::nnc::ResourceInfo>& resources) {
  const std::string name = "the card refuses network " + program.descriptor.network_name;
  const auto shortage = resources ? shortage_of(status, program, *resources) : std::nullopt;
  if (!shortage) return nnc::card_error(status, "network-refused", name);
  base::Error error = nnc::card_error(
      status, "network-short",
      name + ": it needs " + std::to_string(shortage->needed) + " " + std::string(shortage->unit) + ", " +
          std::to_string(shortage->free) + " of " + std::to_string(shortage->total) + " are free");
  if (shortage->needed > shortage->total) {
    error.kind = ErrorKind::bad_input;
    error.hint = "compile the program for a card of this size";
  }
  return error;
}

}  // namespace qaic::core
