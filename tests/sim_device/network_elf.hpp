// A network.elf put together by hand around metadata written with the
// generated builder: the "double" network of runtime-protocols §2.6.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "wire/metadata_generated.h"

namespace qaic::tests {

// What a test may change before the file is made.
struct NetworkSpec {
  std::string name = "double";
  std::vector<std::string> required_fields{
      "AicMetadataFlat_Metadata->networkName",
      "AicMetadataFlat_Metadata->dmaRequests->semaphoreOps->semNum",
  };
  std::vector<std::uint32_t> semaphore_init{0, 1};
  std::vector<std::uint8_t> l2tcm_init{0, 0, 0, 0, 1};  // doorbell word 1: output buffer free
  struct Window {
    std::uint64_t base_offset;
    std::uint32_t mask;
    std::uint32_t size;
    std::uint8_t memory;
  };
  std::vector<std::vector<Window>> nsp_windows{{{0, 1, 1124, 0}, {4096, 1, 128, 0}}};
  struct HostWindow {
    std::uint32_t mask;
    std::uint32_t size;
  };
  std::vector<HostWindow> host_windows{{1, 1124}, {1, 128}};
  struct Request {
    std::uint8_t transfer;
    std::uint8_t address_space;
    std::uint16_t mcid;
    std::uint64_t offset;
  };
  std::vector<Request> requests{{0, 0, 1, 0}, {1, 1, 0, 64}};  // as far as the card reads them
  std::vector<std::pair<std::uint64_t, std::uint8_t>> threads{{0x2000040, 2}};
  std::vector<std::array<std::uint64_t, 3>> constant_mappings;  // base offset, core mask, size
  std::uint16_t version_major = 1;
  std::uint64_t static_shared = 192;
  std::uint64_t dynamic_shared = 0;
  std::uint64_t static_constants = 0;
  std::uint64_t dynamic_constants = 0;
  std::uint64_t exit_doorbell = 0x460;
  std::uint32_t l2tcm_init_size = 5;
  std::uint16_t exec_context_major = 5;
  std::uint16_t num_nsps = 1;
  std::uint16_t num_semaphores = 2;
  std::uint8_t hw_major = 2;
  std::uint32_t vtcm_size = 4096;
  std::uint32_t l2tcm_size = 8192;
  std::uint64_t heap_size = 0;
  // Of the ELF around it.
  std::uint32_t address = 0x2000000;
  std::uint16_t machine = 164;
  std::uint32_t flags = 0x68;
  std::string section = "metadata";
  struct Code {  // one more section
    std::uint32_t address;
    std::uint32_t size;
    std::uint32_t flags = 6;  // allocated, executable
    std::uint32_t type = 1;
  };
  std::vector<Code> code{};
  bool prefixed = true;
};

inline base::ByteVector metadata_of(const NetworkSpec& spec) {
  namespace fb = wire::metadata;
  flatbuffers::FlatBufferBuilder b;
  b.ForceDefaults(true);
  std::vector<flatbuffers::Offset<fb::NspMulticastTable>> tables;
  for (const auto& windows : spec.nsp_windows) {
    std::vector<flatbuffers::Offset<fb::NspMulticastEntry>> entries;
    for (const auto& w : windows) {
      entries.push_back(fb::CreateNspMulticastEntry(b, w.base_offset, w.mask, w.size, w.memory, 0));
    }
    tables.push_back(fb::CreateNspMulticastTableDirect(b, &entries));
  }
  std::vector<flatbuffers::Offset<fb::HostMulticastEntry>> host;
  for (const auto& w : spec.host_windows) host.push_back(fb::CreateHostMulticastEntry(b, w.mask, w.size));
  const auto host_table = fb::CreateHostMulticastTableDirect(b, &host);
  std::vector<flatbuffers::Offset<fb::ThreadDescriptor>> threads;
  for (const auto& [entry, mask] : spec.threads)
    threads.push_back(fb::CreateThreadDescriptor(b, entry, mask));
  std::vector<flatbuffers::Offset<fb::ConstantMapping>> mappings;
  for (const auto& m : spec.constant_mappings) {
    mappings.push_back(fb::CreateConstantMapping(b, m[0], static_cast<std::uint32_t>(m[1]),
                                                 static_cast<std::uint32_t>(m[2])));
  }
  std::vector<flatbuffers::Offset<fb::DmaRequest>> request_tables;
  for (const auto& r : spec.requests) {
    request_tables.push_back(
        fb::CreateDmaRequest(b, 0, 0, 0, r.offset, 128, 0, r.mcid, r.address_space, r.transfer));
  }
  const auto requests = b.CreateVector(request_tables);
  const auto name = b.CreateString(spec.name);
  const auto required = b.CreateVectorOfStrings(spec.required_fields);
  const auto init = b.CreateVector(spec.semaphore_init);
  const auto image = b.CreateVector(spec.l2tcm_init);
  const auto nsp_tables = b.CreateVector(tables);
  const auto thread_vector = b.CreateVector(threads);
  const auto mapping_vector = b.CreateVector(mappings);
  fb::MetadataBuilder m(b);
  m.add_version_major(spec.version_major);
  m.add_network_name(name);
  m.add_required_fields(required);
  m.add_semaphore_init(init);
  m.add_l2tcm_init(image);
  m.add_dma_requests(requests);
  m.add_nsp_multicast_tables(nsp_tables);
  m.add_host_multicast_table(host_table);
  m.add_thread_descriptors(thread_vector);
  m.add_constant_mappings(mapping_vector);
  m.add_static_shared_ddr_size(spec.static_shared);
  m.add_dynamic_shared_ddr_size(spec.dynamic_shared);
  m.add_static_constants_size(spec.static_constants);
  m.add_dynamic_constants_size(spec.dynamic_constants);
  m.add_exit_doorbell_offset(spec.exit_doorbell);
  m.add_l2tcm_init_size(spec.l2tcm_init_size);
  m.add_exec_context_major(spec.exec_context_major);
  m.add_num_nsps(spec.num_nsps);
  m.add_num_semaphores(spec.num_semaphores);
  m.add_hw_version_major(spec.hw_major);
  m.add_hw_version_minor(0);
  m.add_vtcm_size(spec.vtcm_size);
  m.add_l2tcm_size(spec.l2tcm_size);
  m.add_heap_size(spec.heap_size);
  b.Finish(m.Finish());
  const auto bytes = std::as_bytes(std::span(b.GetBufferPointer(), b.GetSize()));
  return {bytes.begin(), bytes.end()};
}

// Little-endian numbers one after the other.
class Layout {
 public:
  Layout& u16(std::uint16_t v) { return put(base::le16(v)); }
  Layout& u32(std::uint32_t v) { return put(base::le32(v)); }
  Layout& text(std::string_view v) {
    const auto more = base::as_bytes(v);
    bytes.insert(bytes.end(), more.begin(), more.end());
    return *this;
  }
  Layout& raw(base::Bytes more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return *this;
  }
  base::ByteVector bytes;

 private:
  template <class T>
  Layout& put(T v) {
    base::append_struct(bytes, v);
    return *this;
  }
};

// ELF header, one R+E segment of 256 bytes at file offset 0x100 with 64 bytes
// more of zeros, metadata, section names, three section headers.
inline base::ByteVector network_elf(const NetworkSpec& spec = {}) {
  base::ByteVector metadata;
  if (spec.prefixed) metadata = Layout().u16(1).u16(0).u32(0).bytes;
  const base::ByteVector buffer = metadata_of(spec);
  metadata.insert(metadata.end(), buffer.begin(), buffer.end());
  const std::string names = std::string(1, '\0') + ".shstrtab" + '\0' + spec.section + '\0';
  const auto metadata_at = std::uint32_t{0x200};
  const auto names_at = static_cast<std::uint32_t>(metadata_at + metadata.size());
  const auto sections_at = static_cast<std::uint32_t>(names_at + names.size());

  Layout out;
  out.text(
      std::string_view("\x7f"
                       "ELF\1\1\1\0\0\0\0\0\0\0\0\0",
                       16));
  out.u16(2).u16(spec.machine).u32(1).u32(spec.address);
  out.u32(52)
      .u32(sections_at)
      .u32(spec.flags)
      .u16(52)
      .u16(32)
      .u16(1)
      .u16(40)
      .u16(static_cast<std::uint16_t>(3 + spec.code.size()))
      .u16(1);
  out.u32(1).u32(0x100).u32(spec.address).u32(spec.address).u32(0x100).u32(0x140).u32(5).u32(4096);
  out.bytes.resize(0x100);
  for (unsigned i = 0; i < 64; ++i) out.u32(0x7f00c000);  // nop
  out.raw(metadata).text(names);
  out.bytes.resize(out.bytes.size() + 40);
  out.u32(1).u32(3).u32(0).u32(0).u32(names_at).u32(static_cast<std::uint32_t>(names.size()));
  out.u32(0).u32(0).u32(1).u32(0);
  out.u32(11).u32(1).u32(0).u32(0).u32(metadata_at).u32(static_cast<std::uint32_t>(metadata.size()));
  out.u32(0).u32(0).u32(1).u32(0);
  for (const auto& code : spec.code) {
    out.u32(0).u32(code.type).u32(code.flags).u32(code.address).u32(0x100).u32(code.size);
    out.u32(0).u32(0).u32(4).u32(0);
  }
  return out.bytes;
}

}  // namespace qaic::tests
