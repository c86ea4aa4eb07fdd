// Multicast windows: what the host or another NSP writes to, an NSP must have.
#include "lib/program/checks.hpp"
#include "wire/qpc.hpp"

namespace qaic::program {
namespace {

namespace qpc = wire::qpc;

// Whether [begin, begin + size) of window `id` lands on the exit doorbell of an NSP.
bool rings_exit(const Metadata& m, std::uint16_t id, std::uint64_t begin, std::uint64_t size) {
  if (id >= m.host_multicast.size()) return false;
  for (std::size_t nsp = 0; nsp < m.nsp_multicast.size() && nsp < 32; ++nsp) {
    if ((m.host_multicast[id].mask >> nsp & 1) == 0 || id >= m.nsp_multicast[nsp].size()) continue;
    const NspMulticastEntry& entry = m.nsp_multicast[nsp][id];
    if (entry.dynamic || entry.memory != qpc::NspMemory::l2tcm) continue;
    const auto from = base::checked_add(entry.base_offset, begin);
    const auto to = from ? base::checked_add(*from, size) : std::nullopt;
    if (to && *from < m.exit_doorbell_offset + 4 && *to > m.exit_doorbell_offset) return true;
  }
  return false;
}

void check_exit_doorbell(const Metadata& m, Findings& out) {
  if (!fits(m.exit_doorbell_offset, 4, m.l2tcm_size)) return;
  for (std::size_t r = 0; r < m.requests.size(); ++r) {
    const DmaRequest& request = m.requests[r];
    const bool writes = request.size != 0 && request.transfer == qpc::Transfer::in &&
                        request.space == qpc::AddressSpace::multicast;
    bool rings = writes && rings_exit(m, request.mcid, request.dev_offset, request.size);
    for (const auto& bell : request.doorbells) {
      rings = rings || rings_exit(m, bell.mcid, bell.offset, 1U << static_cast<unsigned>(bell.size));
    }
    if (rings) {
      out.add("exit-doorbell-written", request_place(r),
              "DMA request " + number(r) + " writes the exit doorbell: the program would end");
    }
  }
}

void check_backing(const Metadata& m, std::size_t id, std::size_t nsp, Findings& out) {
  const std::string place = indexed("metadata.hostMulticastTable", id);
  if (nsp >= m.nsp_multicast.size() || id >= m.nsp_multicast[nsp].size()) {
    out.add("multicast-undeclared", place,
            "the host writes to NSP " + number(nsp) + " by multicast id " + number(id) +
                ", for which that NSP has no entry");
    return;
  }
  const NspMulticastEntry& entry = m.nsp_multicast[nsp][id];
  if (entry.dynamic || entry.size >= m.host_multicast[id].size) return;
  out.add("multicast-short", place,
          "multicast id " + number(id) + " has " + number(m.host_multicast[id].size) +
              " bytes for the host, " + number(entry.size) + " on NSP " + number(nsp));
}

// What an NSP writes through `id`, the others that its entry names must have.
// Dynamic entries change while the program runs, and are not looked at.
void check_peers(const Metadata& m, std::size_t nsp, std::size_t id, Findings& out) {
  const NspMulticastEntry& entry = m.nsp_multicast[nsp][id];
  if (entry.dynamic || entry.size == 0) return;
  for (std::size_t peer = 0; peer < m.nsp_multicast.size() && peer < 32; ++peer) {
    if (peer == nsp || (entry.mask >> peer & 1) == 0) continue;
    const auto& table = m.nsp_multicast[peer];
    if (id < table.size() && (table[id].dynamic || table[id].size >= entry.size)) continue;
    out.add("multicast-peer", indexed(indexed("metadata.nspMulticastTables", nsp), id),
            "NSP " + number(nsp) + " writes " + number(entry.size) + " bytes by multicast id " + number(id) +
                " to NSP " + number(peer) + ", which has " +
                (id < table.size() ? number(table[id].size) + " there" : std::string("no entry for it")));
  }
}

}  // namespace

void check_multicast(const Metadata& metadata, Findings& out) {
  const std::size_t nsps = metadata.num_nsps < 32 ? metadata.num_nsps : 32;
  for (std::size_t id = 0; id < metadata.host_multicast.size(); ++id) {
    for (std::size_t nsp = 0; nsp < nsps; ++nsp) {
      if ((metadata.host_multicast[id].mask >> nsp & 1) != 0) check_backing(metadata, id, nsp, out);
    }
  }
  for (std::size_t nsp = 0; nsp < metadata.nsp_multicast.size(); ++nsp) {
    for (std::size_t id = 0; id < metadata.nsp_multicast[nsp].size(); ++id) {
      check_peers(metadata, nsp, id, out);
    }
  }
  check_exit_doorbell(metadata, out);
}

}  // namespace qaic::program
