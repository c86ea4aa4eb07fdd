#include "lib/core/shortage.hpp"

#include <string>
#include <string_view>

#include "lib/nnc/status.hpp"

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

// At least this much: the firmware's own share is not known.
std::uint64_t needed_megabytes(const program::Program& program) {
  constexpr std::uint64_t kMegabyte = 1ULL << 20;
  const auto& metadata = program.metadata;
  const std::uint64_t bytes = program.static_constants_bytes.size() + program.dynamic_constants_bytes.size() +
                              program.elf_bytes.size() + metadata.static_shared_ddr_size +
                              metadata.dynamic_shared_ddr_size + metadata.l2_cached_ddr_size;
  return bytes / kMegabyte + (bytes % kMegabyte != 0 ? 1 : 0);
}

std::optional<Shortage> shortage_of(std::int32_t status, const program::Program& program,
                                    const wire::nnc::ResourceInfo& resources) {
  switch (static_cast<Status>(status)) {
    case Status::nsp_exhausted:
      return Shortage{"NSPs", program.metadata.num_nsps, resources.nsp_free, resources.nsp_total};
    case Status::semaphore_exhausted:
      return Shortage{"semaphores", program.metadata.semaphore_init.size(), resources.semaphore_free,
                      resources.semaphore_total};
    case Status::mcid_exhausted:
      return Shortage{"multicast ids", program.metadata.host_multicast.size(), resources.mcid_free,
                      resources.mcid_total};
    case Status::virtual_channel_exhausted:
      return Shortage{"virtual channels", 1, resources.vc_free, resources.vc_total};
    case Status::memory_exhausted:
      return Shortage{"MB of card memory", needed_megabytes(program), resources.dram_free,
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
