// The device metadata by itself: the numbers of a card, semaphores, memories.
#include <algorithm>

#include "lib/program/checks.hpp"
#include "lib/program/exec_context.hpp"
#include "wire/qpc.hpp"

namespace qaic::program {
namespace {

namespace qpc = wire::qpc;
namespace uapi = wire::uapi;

bool names_foreign_nsp(std::uint32_t mask, const Metadata& m) {
  return m.num_nsps < 32 && (mask >> m.num_nsps) != 0;
}

void check_card_numbers(const Metadata& m, Findings& out) {
  if (m.network_name.empty()) out.add("metadata-name", "metadata.networkName", "networkName is empty");
  if (m.num_nsps < 1 || m.num_nsps > qpc::kMaxNsps) {
    out.add("nsp-count", "metadata.numNSPs", "numNSPs is " + number(m.num_nsps) + ", not 1 to 16");
  }
  if (m.exec_context_major != qpc::kExecContextMajor) {
    out.add("exec-context", "metadata.execContextMajorVersion",
            "execContextMajorVersion is " + number(m.exec_context_major) +
                ", known is 5: a card with another one refuses the program");
  }
  if (!m.exec_context.empty() && !read_exec_context(m.exec_context)) {
    out.add("exec-context-fields", "metadata.execContext", "execContext is no flatbuffer of its schema");
  }
  if (m.hw_version_major != 2 || m.hw_version_minor != 0) {
    out.add("hw-version", "metadata.hwVersionMajor",
            "made for hardware " + number(m.hw_version_major) + "." + number(m.hw_version_minor) +
                ", cards of this kind are 2.0");
  }
  if (m.threads.empty()) {
    out.add("thread-none", "metadata.threadDescriptors", "threadDescriptors is empty: nothing would run");
  }
}

void check_memories(const Metadata& m, Findings& out) {
  if (m.l2tcm_size == 0 || m.l2tcm_size > qpc::kMaxL2Tcm) {
    out.add("l2tcm-size", "metadata.L2TCMSize",
            "L2TCMSize is " + number(m.l2tcm_size) + ", not 1 byte to 1 MiB");
  }
  if (m.vtcm_size == 0 || m.vtcm_size > qpc::kMaxVtcm) {
    out.add("vtcm-size", "metadata.VTCMSize", "VTCMSize is " + number(m.vtcm_size) + ", not 1 byte to 8 MiB");
  }
  if (m.l2tcm_init.size() > m.l2tcm_size) {
    out.add("l2tcm-init-size", "metadata.L2TCMInitSize",
            "L2TCMInitSize is more than L2TCMSize: " + number(m.l2tcm_init.size()) + " of " +
                number(m.l2tcm_size) + " bytes");
  }
  if (m.exit_doorbell_offset % 4 != 0 || !fits(m.exit_doorbell_offset, 4, m.l2tcm_size)) {
    out.add("exit-doorbell-range", "metadata.exitDoorbellOffset",
            "exitDoorbellOffset is " + number(m.exit_doorbell_offset) + ", no aligned word of " +
                number(m.l2tcm_size) + " bytes of L2TCM");
  } else if (m.exit_doorbell_offset != qpc::kExitDoorbellOffset) {
    out.add("exit-doorbell-place", "metadata.exitDoorbellOffset",
            "exitDoorbellOffset is " + number(m.exit_doorbell_offset) + ", firmware rings at " +
                number(qpc::kExitDoorbellOffset) + ": the program may not end when it is told to");
  }
}

void check_semaphores(const Metadata& m, Findings& out) {
  if (m.semaphore_init.size() > qpc::kMaxSemaphores) {
    out.add("semaphore-count", "metadata.numSemaphores",
            "numSemaphores is " + number(m.semaphore_init.size()) + ", a channel has 32");
  }
  for (std::size_t i = 0; i < m.semaphore_init.size(); ++i) {
    if (m.semaphore_init[i] <= uapi::kSemaphoreValueMask) continue;
    out.add("semaphore-init-value", indexed("metadata.semaphoreInitState", i),
            "semaphoreInitState has a value of more than 12 bits: " + number(m.semaphore_init[i]));
  }
  for (std::size_t r = 0; r < m.requests.size(); ++r) {
    const auto& ops = m.requests[r].semaphores;
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].command == uapi::SemaphoreCommand::nop) continue;  // nobody looks at its numbers
      if (ops[i].number >= m.semaphore_init.size()) {
        out.add("semaphore-number", indexed(request_place(r) + ".semaphoreOps", i),
                "dmaRequests->semaphoreOps->semNum is " + number(ops[i].number) + ", there are " +
                    number(m.semaphore_init.size()));
      }
      if (ops[i].value > uapi::kSemaphoreValueMask) {
        out.add("semaphore-value", indexed(request_place(r) + ".semaphoreOps", i),
                "dmaRequests->semaphoreOps->semValue is " + number(ops[i].value) + ", it has 12 bits");
      }
    }
  }
}

void check_multicast_entries(const Metadata& m, Findings& out) {
  if (!m.nsp_multicast.empty() && m.nsp_multicast.size() != m.num_nsps) {
    out.add("multicast-tables", "metadata.nspMulticastTables",
            "nspMulticastTables has " + number(m.nsp_multicast.size()) + " tables for " + number(m.num_nsps) +
                " NSPs");
  }
  for (std::size_t nsp = 0; nsp < m.nsp_multicast.size(); ++nsp) {
    for (std::size_t id = 0; id < m.nsp_multicast[nsp].size(); ++id) {
      const NspMulticastEntry& entry = m.nsp_multicast[nsp][id];
      const auto place = [&] { return indexed(indexed("metadata.nspMulticastTables", nsp), id); };
      if (names_foreign_nsp(entry.mask, m)) {
        out.add("multicast-nsp", place(),
                "nspMulticastTables->multicastEntries->mask names an NSP that the program does not have");
      }
      const std::uint32_t memory = entry.memory == qpc::NspMemory::l2tcm ? m.l2tcm_size : m.vtcm_size;
      // A dynamic entry is placed by the program while it runs.
      if (!entry.dynamic && !fits(entry.base_offset, entry.size, memory)) {
        out.add("multicast-range", place(),
                "nspMulticastTables->multicastEntries->size reaches past the end of its memory");
      }
    }
  }
  for (std::size_t id = 0; id < m.host_multicast.size(); ++id) {
    const auto place = [&] { return indexed("metadata.hostMulticastTable", id); };
    if (names_foreign_nsp(m.host_multicast[id].mask, m)) {
      out.add("multicast-nsp", place(),
              "hostMulticastTable->multicastEntries->mask names an NSP that the program does not have");
    }
    if (m.host_multicast[id].size > qpc::kMulticastWindow) {
      out.add("multicast-window", place(), "hostMulticastTable->multicastEntries->size is more than 8 MiB");
    }
  }
}

void check_mappings(const Metadata& m, Findings& out) {
  const auto all = base::checked_add(m.static_constants_size, m.dynamic_constants_size);
  for (std::size_t i = 0; i < m.constant_mappings.size(); ++i) {
    const ConstantMapping& mapping = m.constant_mappings[i];
    if (names_foreign_nsp(mapping.core_mask, m)) {
      out.add("constants-mapping-nsp", indexed("metadata.constantMappings", i),
              "constantMappings->coreMask names an NSP that the program does not have");
    }
    if (!all || !fits(mapping.base_offset, mapping.size, *all)) {
      out.add("constants-mapping-range", indexed("metadata.constantMappings", i),
              "constantMappings reaches past the end of the constants");
    }
  }
}

}  // namespace

void check_metadata(const Metadata& metadata, Findings& out) {
  check_card_numbers(metadata, out);
  check_memories(metadata, out);
  check_semaphores(metadata, out);
  check_multicast_entries(metadata, out);
  check_mappings(metadata, out);
}

}  // namespace qaic::program
