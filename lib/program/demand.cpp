#include "lib/program/demand.hpp"

#include <algorithm>

#include "base/checked.hpp"

namespace qaic::program {
namespace {

std::uint64_t memory_bytes(const Program& program) {
  const Metadata& m = program.metadata;
  std::uint64_t sum = program.elf_bytes.size();
  for (const std::uint64_t part :
       {m.static_shared_ddr_size, m.dynamic_shared_ddr_size, m.static_constants_size,
        m.dynamic_constants_size, std::uint64_t{m.l2_cached_ddr_size}, m.heap_size}) {
    const auto next = base::checked_add(sum, part);
    if (!next) return UINT64_MAX;
    sum = *next;
  }
  return sum;
}

}  // namespace

Demand demand_of(const Program& program) {
  const Metadata& m = program.metadata;
  std::size_t multicast_ids = m.host_multicast.size();
  for (const auto& table : m.nsp_multicast) multicast_ids = std::max(multicast_ids, table.size());
  return {m.num_nsps, m.semaphore_init.size(), multicast_ids, memory_bytes(program)};
}

}  // namespace qaic::program
