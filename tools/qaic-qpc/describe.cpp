#include "tools/qaic-qpc/describe.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/qaic-qpc/describe_fields.hpp"
#include "tools/qaic-qpc/describe_tensors.hpp"
#include "wire/qpc.hpp"

namespace qaic::qpc {
namespace {

namespace wqpc = wire::qpc;
using Json = nlohmann::ordered_json;

std::string hex_digits(base::Bytes bytes) {
  std::string out;
  for (const std::byte b : bytes) out += fmt::format("{:02x}", static_cast<unsigned>(b));
  return out;
}

Json nsps_of(std::uint32_t mask) {
  Json out = Json::array();
  for (unsigned nsp = 0; nsp < 32; ++nsp) {
    if ((mask >> nsp & 1) != 0) out.push_back(nsp);
  }
  return out;
}

// What L2TCM begins with: stretches that are not zero, and its last byte, which
// says how long it is.
Json l2tcm_init(const base::ByteVector& bytes) {
  Json out = Json::array();
  constexpr std::size_t kGap = 64;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const auto is_set = [](std::byte b) { return b != std::byte{0}; };
    const auto first = std::find_if(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), is_set);
    std::size_t begin = static_cast<std::size_t>(first - bytes.begin());
    if (begin == bytes.size()) begin = bytes.size() - 1;
    std::size_t end = begin + 1;
    for (std::size_t i = end; i < bytes.size() && i < end + kGap; ++i) {
      if (is_set(bytes[i])) end = i + 1;
    }
    begin = begin / 4 * 4;
    end = std::min((end + 3) / 4 * 4, bytes.size());
    const auto piece = base::Bytes(bytes).subspan(begin, end - begin);
    if (piece.size() % 4 == 0) {
      Json words = Json::array();
      for (std::size_t i = 0; i < piece.size(); i += 4) {
        words.push_back(std::uint32_t{base::read_struct<base::le32>(piece, i).value_or(base::le32{})});
      }
      out.push_back({{"offset", begin}, {"words", std::move(words)}});
    } else {
      out.push_back({{"offset", begin}, {"bytes", hex_digits(piece)}});
    }
    at = end;
  }
  return out;
}

Json multicast_entry(const program::NspMulticastEntry& entry) {
  Json out = {{"memory", entry.memory == wqpc::NspMemory::l2tcm ? "l2tcm" : "vtcm"},
              {"base", entry.base_offset},
              {"size", entry.size},
              {"nsp_writes_to", nsps_of(entry.mask)}};
  if (entry.dynamic) out["dynamic"] = true;
  return out;
}

Json multicast(const program::Metadata& m) {
  Json out = Json::array();
  std::size_t ids = m.host_multicast.size();
  for (const auto& table : m.nsp_multicast) ids = std::max(ids, table.size());
  for (std::size_t id = 0; id < ids; ++id) {
    const auto host = id < m.host_multicast.size() ? m.host_multicast[id] : program::HostMulticastEntry{};
    std::vector<Json> entries;
    for (const auto& table : m.nsp_multicast) {
      entries.push_back(multicast_entry(id < table.size() ? table[id] : program::NspMulticastEntry{}));
    }
    Json row = entries.empty() ? multicast_entry({}) : entries.front();
    const bool same = std::ranges::all_of(entries, [&](const Json& e) { return e == entries.front(); });
    if (!same || row["size"] != host.size) {
      row["size"] = host.size;
      row["per_nsp"] = entries;
    }
    row["host_writes_to"] = nsps_of(host.mask);
    out.push_back(std::move(row));
  }
  return out;
}

Json request(const program::DmaRequest& r) {
  Json out = Json::object();
  if (r.buffer != wqpc::kNoBuffer) {
    out["buffer"] = r.buffer;
    out["size"] = r.size;
    if (r.host_offset != 0) out["host_offset"] = r.host_offset;
  }
  out["transfer"] = direction_name(r.transfer);
  if (r.space == wqpc::AddressSpace::multicast) {
    out["memory"] = {{"mcid", r.mcid}, {"offset", r.dev_offset}};
  } else {
    out["memory"] = {{"ddr", r.space == wqpc::AddressSpace::ddr ? "shared" : "dynamic_shared"},
                     {"offset", r.dev_offset}};
  }
  const bool in = r.transfer == wqpc::Transfer::in;
  if (r.port != (in ? wqpc::kHostInputPort : wqpc::kHostOutputPort)) out["port"] = r.port;
  if (r.transaction != wqpc::kNoTransaction) out["transaction"] = r.transaction;
  Json semaphores = Json::array();
  for (const auto& op : r.semaphores) {
    Json row = {{"op", program::semaphore_command_name(op.command)},
                {"number", op.number},
                {"value", op.value},
                {"when", op.when == wqpc::PreOrPost::pre ? "pre" : "post"}};
    if (op.in_sync_fence) row["in_fence"] = true;
    if (op.out_sync_fence) row["out_fence"] = true;
    semaphores.push_back(std::move(row));
  }
  out["semaphores"] = std::move(semaphores);
  Json doorbells = Json::array();
  for (const auto& bell : r.doorbells) {
    doorbells.push_back({{"mcid", bell.mcid},
                         {"offset", bell.offset},
                         {"data", bell.data},
                         {"bits", 8U << static_cast<unsigned>(bell.size)}});
  }
  out["doorbells"] = std::move(doorbells);
  return out;
}

Json constants(const program::Program& program) {
  const program::Metadata& m = program.metadata;
  Json mappings = Json::array();
  for (const auto& mapping : m.constant_mappings) {
    mappings.push_back(
        {{"offset", mapping.base_offset}, {"size", mapping.size}, {"nsps", nsps_of(mapping.core_mask)}});
  }
  Json out = {{"static_size", m.static_constants_size},
              {"dynamic_size", m.dynamic_constants_size},
              {"mappings", std::move(mappings)}};
  const auto& described = program.constants;
  if (described.static_ecc != m.static_constants_ecc) out["static_ecc"] = described.static_ecc;
  if (described.dynamic_ecc != m.dynamic_constants_ecc) out["dynamic_ecc"] = described.dynamic_ecc;
  return out;
}

Json threads(const program::Metadata& m) {
  Json out = Json::array();
  for (const auto& thread : m.threads) {
    Json row = {{"entry", fmt::format("{:#x}", thread.entry_point)}};
    if (thread.hvx) row["hvx"] = true;
    if (thread.hmx) row["hmx"] = true;
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace

Json describe(const program::Program& program) {
  const program::Metadata& m = program.metadata;
  const program::Descriptor& d = program.descriptor;
  Json out;
  out["name"] = m.network_name;
  out["nsps"] = m.num_nsps;
  out["hw_version"] = {m.hw_version_major, m.hw_version_minor};
  out["batch_size"] = d.batch_size;
  out["threads"] = threads(m);
  out["semaphores"] = m.semaphore_init;
  out["l2tcm_size"] = m.l2tcm_size;
  out["vtcm_size"] = m.vtcm_size;
  out["l2tcm_init"] = l2tcm_init(m.l2tcm_init);
  out["shared_ddr_size"] = m.static_shared_ddr_size;
  out["dynamic_shared_ddr_size"] = m.dynamic_shared_ddr_size;
  out["l2_cached_ddr_size"] = m.l2_cached_ddr_size;
  out["heap_size"] = m.heap_size;
  out["single_vtcm_page"] = m.single_vtcm_page;
  out["hvx_fp"] = m.has_hvx_fp;
  out["hmx_fp"] = m.has_hmx_fp;
  out["exit_doorbell_offset"] = m.exit_doorbell_offset;
  describe_metadata_fields(m, out);
  if (!m.exec_context.empty()) out["exec_context"] = hex_digits(m.exec_context);
  out["constants"] = constants(program);
  out["multicast"] = multicast(m);
  out["buffers"] = Json::array();
  for (const auto& buffer : d.dma_buffers) {
    out["buffers"].push_back({{"size", buffer.size}, {"direction", direction_name(buffer.direction)}});
  }
  describe_tensors(d, out);
  out["requests"] = Json::array();
  for (const auto& r : m.requests) out["requests"].push_back(request(r));
  out["descriptor"] = describe_descriptor(d);
  return out;
}

}  // namespace qaic::qpc
