#include "lib/program/checker.hpp"

#include <algorithm>

#include "lib/program/checks.hpp"

namespace qaic::program {

std::string request_place(std::size_t index) {
  return indexed("metadata.dmaRequests", index);
}

Findings check_program(const Program& program) {
  Findings out;
  check_container(program.container, out);
  check_descriptor(program.descriptor, out);
  check_metadata(program.metadata, out);
  check_elf(program.elf, program.metadata, out);
  check_multicast(program.metadata, out);
  check_agreement(program, out);
  check_submission(program.metadata, program.descriptor, out);
  check_requests(program.metadata, program.descriptor, out);
  check_doorbells(program.metadata, out);
  check_tensors(program, out);
  check_partial_inputs(program, out);
  check_constants(program, out);
  check_order(program.metadata, out);
  return out;
}

std::uint64_t memory_demand(const Program& program) {
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

void check_fit(const Program& program, const CardLimits& card, Findings& out) {
  const Metadata& m = program.metadata;
  const auto need = [&](std::string_view rule, std::string place, std::uint64_t needed, std::uint64_t has,
                        std::string_view unit) {
    if (needed <= has) return;
    out.add(rule, card.severity, std::move(place),
            "the program needs " + number(needed) + " " + std::string(unit) + ", a card has " + number(has));
  };
  std::size_t multicast_ids = m.host_multicast.size();
  for (const auto& table : m.nsp_multicast) multicast_ids = std::max(multicast_ids, table.size());
  need("fit-nsps", "metadata.numNSPs", m.num_nsps, card.nsps, "NSPs");
  need("fit-semaphores", "metadata.numSemaphores", m.semaphore_init.size(), card.semaphores, "semaphores");
  need("fit-multicast-ids", "metadata.hostMulticastTable", multicast_ids, card.multicast_ids,
       "multicast ids");
  need("fit-memory", "metadata", memory_demand(program), card.memory_bytes, "bytes of card memory");
}

}  // namespace qaic::program
