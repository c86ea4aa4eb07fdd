#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <set>

#include "lib/program/metadata.hpp"
#include "wire/metadata_generated.h"

namespace qaic::program {
namespace {

namespace fb = wire::metadata;
using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

template <class E>
constexpr std::uint8_t byte(E value) {
  return static_cast<std::uint8_t>(value);
}

constexpr std::uint8_t flag(bool value) {
  return value ? 1 : 0;
}

Offset<fb::DmaRequest> build_request(FlatBufferBuilder& out, const DmaRequest& request) {
  std::vector<Offset<fb::SemaphoreOp>> semaphores;
  for (const auto& op : request.semaphores) {
    semaphores.push_back(fb::CreateSemaphoreOp(out, op.number, op.value, byte(op.command), byte(op.when),
                                               flag(op.in_sync_fence), flag(op.out_sync_fence)));
  }
  std::vector<Offset<fb::DoorbellOp>> doorbells;
  for (const auto& op : request.doorbells) {
    doorbells.push_back(fb::CreateDoorbellOp(out, op.offset, op.data, op.mcid, byte(op.size)));
  }
  const auto semaphore_vector = out.CreateVector(semaphores);
  const auto doorbell_vector = out.CreateVector(doorbells);
  return fb::CreateDmaRequest(out, semaphore_vector, doorbell_vector, request.host_offset, request.dev_offset,
                              request.size, request.buffer, request.mcid, byte(request.space),
                              byte(request.transfer), request.port, request.transaction);
}

void build(FlatBufferBuilder& out, const Metadata& m, std::uint64_t raw_length) {
  out.ForceDefaults(true);  // readers exist that take an absent scalar for a broken file
  std::vector<Offset<fb::DmaRequest>> requests;
  for (const auto& request : m.requests) requests.push_back(build_request(out, request));
  std::vector<Offset<fb::NspMulticastTable>> nsp_tables;
  for (const auto& table : m.nsp_multicast) {
    std::vector<Offset<fb::NspMulticastEntry>> entries;
    for (const auto& e : table) {
      entries.push_back(
          fb::CreateNspMulticastEntry(out, e.base_offset, e.mask, e.size, byte(e.memory), flag(e.dynamic)));
    }
    nsp_tables.push_back(fb::CreateNspMulticastTable(out, out.CreateVector(entries)));
  }
  std::vector<Offset<fb::HostMulticastEntry>> host_entries;
  for (const auto& e : m.host_multicast) {
    host_entries.push_back(fb::CreateHostMulticastEntry(out, e.mask, e.size));
  }
  const auto host_table = fb::CreateHostMulticastTable(out, out.CreateVector(host_entries));
  std::vector<Offset<fb::ThreadDescriptor>> threads;
  for (const auto& t : m.threads) {
    const auto mask =
        static_cast<std::uint8_t>((t.hmx ? wire::qpc::kThreadHmx : 0) | (t.hvx ? wire::qpc::kThreadHvx : 0));
    threads.push_back(fb::CreateThreadDescriptor(out, t.entry_point, mask));
  }
  std::vector<Offset<fb::ConstantMapping>> mappings;
  for (const auto& c : m.constant_mappings) {
    mappings.push_back(fb::CreateConstantMapping(out, c.base_offset, c.core_mask, c.size));
  }
  std::vector<fb::PortEntry> ports;
  for (const auto& port : m.ports) ports.emplace_back(port.id, port.type);
  std::vector<Offset<fb::NonZeroRegion>> regions;
  for (const auto& r : m.l2tcm_nonzero_regions) {
    regions.push_back(fb::CreateNonZeroRegion(out, r.start, r.end, r.size));
  }
  Offset<fb::QnnConfig> qnn;
  if (m.qnn_constants) qnn = fb::CreateQnnConfig(out, *m.qnn_constants);
  Offset<fb::HeapBehavior> heap;
  if (m.heap_on_deactivate) heap = fb::CreateHeapBehavior(out, *m.heap_on_deactivate);
  const auto name = out.CreateString(m.network_name);
  const auto required = out.CreateVectorOfStrings(m.required_fields.value_or(usual_required_fields(m)));
  const auto semaphores = out.CreateVector(m.semaphore_init);
  const auto l2tcm =
      out.CreateVector(reinterpret_cast<const std::uint8_t*>(m.l2tcm_init.data()), m.l2tcm_init.size());
  Offset<flatbuffers::Vector<std::uint8_t>> context;
  if (!m.exec_context.empty()) {
    out.ForceVectorAlignment(m.exec_context.size(), 1, 8);  // it is a flatbuffer itself
    context =
        out.CreateVector(reinterpret_cast<const std::uint8_t*>(m.exec_context.data()), m.exec_context.size());
  }
  const auto request_vector = out.CreateVector(requests);
  const auto nsp_vector = out.CreateVector(nsp_tables);
  const auto thread_vector = out.CreateVector(threads);
  const auto mapping_vector = out.CreateVector(mappings);
  Offset<flatbuffers::Vector<const fb::PortEntry*>> port_vector;
  if (!ports.empty()) port_vector = out.CreateVectorOfStructs(ports);
  Offset<flatbuffers::Vector<Offset<fb::NonZeroRegion>>> region_vector;
  if (!regions.empty()) region_vector = out.CreateVector(regions);

  fb::MetadataBuilder root(out);
  root.add_version_major(m.version_major);
  root.add_version_minor(m.version_minor);
  root.add_network_name(name);
  root.add_required_fields(required);
  root.add_semaphore_init(semaphores);
  root.add_l2tcm_init(l2tcm);
  root.add_dma_requests(request_vector);
  root.add_nsp_multicast_tables(nsp_vector);
  root.add_host_multicast_table(host_table);
  root.add_thread_descriptors(thread_vector);
  root.add_constant_mappings(mapping_vector);
  root.add_static_shared_ddr_size(m.static_shared_ddr_size);
  root.add_dynamic_shared_ddr_size(m.dynamic_shared_ddr_size);
  root.add_static_constants_size(m.static_constants_size);
  root.add_dynamic_constants_size(m.dynamic_constants_size);
  root.add_exit_doorbell_offset(m.exit_doorbell_offset);
  root.add_l2_cached_ddr_size(m.l2_cached_ddr_size);
  root.add_l2tcm_init_size(static_cast<std::uint32_t>(m.l2tcm_init.size()));
  root.add_exec_context_major(m.exec_context_major);
  root.add_num_nsps(m.num_nsps);
  root.add_num_semaphores(static_cast<std::uint16_t>(m.semaphore_init.size()));
  root.add_hw_version_major(m.hw_version_major);
  root.add_hw_version_minor(m.hw_version_minor);
  root.add_static_shared_ddr_ecc(flag(m.static_shared_ddr_ecc));
  root.add_dynamic_shared_ddr_ecc(flag(m.dynamic_shared_ddr_ecc));
  root.add_static_constants_ecc(flag(m.static_constants_ecc));
  root.add_dynamic_constants_ecc(flag(m.dynamic_constants_ecc));
  root.add_single_vtcm_page(flag(m.single_vtcm_page));
  root.add_has_hvx_fp(flag(m.has_hvx_fp));
  root.add_has_hmx_fp(flag(m.has_hmx_fp));
  root.add_vtcm_size(m.vtcm_size);
  root.add_l2tcm_size(m.l2tcm_size);
  root.add_heap_size(m.heap_size);
  root.add_raw_struct_version_length(m.raw_struct_version_length.value_or(raw_length));
  if (!qnn.IsNull()) root.add_qnn_config(qnn);
  if (!port_vector.IsNull()) root.add_port_table(port_vector);
  if (!context.IsNull()) root.add_exec_context(context);
  if (!region_vector.IsNull()) root.add_l2tcm_nonzero_regions(region_vector);
  root.add_dynamic_shared_ddr_supported(flag(m.dynamic_shared_ddr_supported));
  if (!heap.IsNull()) root.add_heap_behavior(heap);
  out.Finish(root.Finish());
}

}  // namespace

// Not in it: portTable and dynamicSharedDDRSupported, which say nothing that a
// reader that does not know them would do wrong.
std::vector<std::string> usual_required_fields(const Metadata& m) {
  std::set<std::string> names = {"versionMajor",   "versionMinor",       "networkName",
                                 "requiredFields", "exitDoorbellOffset", "execContextMajorVersion",
                                 "numNSPs",        "numSemaphores",      "hwVersionMajor",
                                 "hwVersionMinor", "VTCMSize",           "L2TCMSize"};
  const auto add = [&names](bool used, std::initializer_list<const char*> list) {
    if (used) names.insert(list.begin(), list.end());
  };
  add(!m.semaphore_init.empty(), {"semaphoreInitState"});
  add(!m.l2tcm_init.empty(), {"L2TCMInitState", "L2TCMInitSize"});
  add(!m.requests.empty(),
      {"dmaRequests", "dmaRequests->hostOffset", "dmaRequests->devOffset", "dmaRequests->size",
       "dmaRequests->num", "dmaRequests->mcId", "dmaRequests->devAddrSpace", "dmaRequests->inOut"});
  add(std::ranges::any_of(m.requests, [](const auto& r) { return !r.semaphores.empty(); }),
      {"dmaRequests->semaphoreOps", "dmaRequests->semaphoreOps->semNum",
       "dmaRequests->semaphoreOps->semValue", "dmaRequests->semaphoreOps->semOp",
       "dmaRequests->semaphoreOps->preOrPost", "dmaRequests->semaphoreOps->inSyncFence",
       "dmaRequests->semaphoreOps->outSyncFence"});
  add(std::ranges::any_of(m.requests, [](const auto& r) { return !r.doorbells.empty(); }),
      {"dmaRequests->doorbellOps", "dmaRequests->doorbellOps->offset", "dmaRequests->doorbellOps->data",
       "dmaRequests->doorbellOps->mcId", "dmaRequests->doorbellOps->size"});
  add(!m.nsp_multicast.empty(),
      {"nspMulticastTables", "nspMulticastTables->multicastEntries",
       "nspMulticastTables->multicastEntries->baseAddrOffset", "nspMulticastTables->multicastEntries->mask",
       "nspMulticastTables->multicastEntries->size", "nspMulticastTables->multicastEntries->addrSpace"});
  add(!m.host_multicast.empty(),
      {"hostMulticastTable", "hostMulticastTable->multicastEntries",
       "hostMulticastTable->multicastEntries->mask", "hostMulticastTable->multicastEntries->size"});
  add(!m.threads.empty(),
      {"threadDescriptors", "threadDescriptors->entryPoint", "threadDescriptors->typeMask"});
  add(!m.constant_mappings.empty(), {"constantMappings", "constantMappings->constantDataBaseOffset",
                                     "constantMappings->coreMask", "constantMappings->size"});
  add(m.static_shared_ddr_size != 0, {"staticSharedDDRSize"});
  add(m.dynamic_shared_ddr_size != 0, {"dynamicSharedDDRSize"});
  add(m.static_constants_size != 0, {"staticConstantsSize"});
  add(m.dynamic_constants_size != 0, {"dynamicConstantsSize"});
  add(m.l2_cached_ddr_size != 0, {"l2CachedDDRSize"});
  add(m.single_vtcm_page, {"singleVTCMPage"});
  add(m.has_hvx_fp, {"hasHvxFP"});
  add(m.has_hmx_fp, {"hasHmxFP"});
  add(m.heap_size != 0, {"networkHeapSize"});
  add(m.static_shared_ddr_ecc, {"staticSharedDDRECCEnabled"});
  add(m.dynamic_shared_ddr_ecc, {"dynamicSharedDDRECCEnabled"});
  add(m.static_constants_ecc, {"staticConstantsECCEnabled"});
  add(m.dynamic_constants_ecc, {"dynamicConstantsECCEnabled"});
  add(m.qnn_constants.has_value(), {"QNNConfig", "QNNConfig->Constants"});
  add(!m.exec_context.empty(), {"execContext"});
  add(!m.l2tcm_nonzero_regions.empty(),
      {"L2TCMInitStateNonZeroRegions", "L2TCMInitStateNonZeroRegions->start",
       "L2TCMInitStateNonZeroRegions->end", "L2TCMInitStateNonZeroRegions->size"});
  add(m.heap_on_deactivate.has_value(), {"networkHeapBehavior", "networkHeapBehavior->onNetworkDeactivate"});

  std::vector<std::string> out;
  for (const auto& name : names) out.push_back(std::string(kFieldPrefix) + name);
  return out;
}

base::ByteVector write_metadata(const Metadata& metadata) {
  // A field of the buffer states twice the buffer's length, so the length is
  // measured first; a scalar's value does not change it.
  FlatBufferBuilder measured;
  build(measured, metadata, 0);
  FlatBufferBuilder out;
  build(out, metadata, 2 * std::uint64_t{measured.GetSize()});

  base::ByteVector section;
  base::append_struct(section,
                      wire::qpc::MetadataPrefix{wire::qpc::kMetadataMajor, wire::qpc::kMetadataMinor, 0});
  const auto* first = reinterpret_cast<const std::byte*>(out.GetBufferPointer());
  section.insert(section.end(), first, first + out.GetSize());
  return section;
}

}  // namespace qaic::program
