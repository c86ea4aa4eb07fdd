#include "lib/program/checker.hpp"

#include "lib/program/checks.hpp"
#include "lib/program/demand.hpp"

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

void check_fit(const Program& program, const CardLimits& card, Findings& out) {
  const auto need = [&](std::string_view rule, std::string place, std::uint64_t needed, std::uint64_t has,
                        std::string_view unit) {
    if (needed <= has) return;
    out.add(rule, card.severity, std::move(place),
            "the program needs " + number(needed) + " " + std::string(unit) + ", a card has " + number(has));
  };
  const Demand demand = demand_of(program);
  need("fit-nsps", "metadata.numNSPs", demand.nsps, card.nsps, "NSPs");
  need("fit-semaphores", "metadata.numSemaphores", demand.semaphores, card.semaphores, "semaphores");
  need("fit-multicast-ids", "metadata.hostMulticastTable", demand.multicast_ids, card.multicast_ids,
       "multicast ids");
  need("fit-memory", "metadata", demand.memory_bytes, card.memory_bytes, "bytes of card memory");
}

}  // namespace qaic::program
