#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "lib/program/checks.hpp"
#include "lib/program/elf.hpp"
#include "lib/program/metadata.hpp"
#include "lib/program/metadata_unread.hpp"
#include "wire/metadata_generated.h"

namespace qaic::program {
namespace {

namespace fb = wire::metadata;
namespace qpc = wire::qpc;
using base::Bytes;
using base::fail;
using base::Result;

// L2TCM's image is the only large part, 1 MiB at most.
constexpr std::size_t kMaxSectionBytes = 64U << 20;
constexpr std::size_t kMaxRequests = 65536;
constexpr std::size_t kMaxMulticastIds = 65536;  // a request names one with 16 bits
constexpr std::size_t kMaxMulticastTables = 256;
constexpr std::size_t kMaxMulticastEntries = 1U << 20;
constexpr std::size_t kMaxThreads = 256;
constexpr std::size_t kMaxMappings = 65536;
constexpr std::size_t kMaxOps = 4096;  // semaphore or doorbell operations of one request
constexpr std::size_t kMaxNameBytes = 4096;
constexpr std::size_t kMaxRequiredFields = 4096;
constexpr std::size_t kMaxExecContextBytes = 1U << 20;
constexpr std::size_t kMaxPorts = 65536;  // named with 16 bits
constexpr std::size_t kMaxRegions = 1U << 20;

base::Error malformed(std::string why) {
  return base::make_error(base::ErrorKind::bad_input, "qpc-metadata",
                          "the device metadata in network.elf is not valid: " + std::move(why),
                          "pack the program again, or fetch the file again");
}

template <class T>
std::size_t length(const flatbuffers::Vector<T>* vector) {
  return vector == nullptr ? 0 : vector->size();
}

Result<void> check_length(std::size_t count, std::size_t limit, std::string_view field) {
  if (count <= limit) return {};
  return fail(malformed(std::string(field) + " has " + number(count) + " entries, at most " + number(limit) +
                        " are possible"));
}

// An enumerator of the file as ours, if it is at most `last`.
template <class E>
Result<E> enumerator(std::uint8_t value, E last, std::string_view field) {
  if (value > static_cast<std::uint8_t>(last)) {
    return fail(malformed(std::string(field) + " is " + number(value) + ", which has no meaning"));
  }
  return static_cast<E>(value);
}

Result<bool> boolean(std::uint8_t value, std::string_view field) {
  if (value > 1) return fail(malformed(std::string(field) + " is " + number(value) + ", not 0 or 1"));
  return value == 1;
}

Result<std::vector<std::string>> read_required_fields(const fb::Metadata& in) {
  std::vector<std::string> out;
  QAIC_CHECK(check_length(length(in.required_fields()), kMaxRequiredFields, "requiredFields"));
  if (in.required_fields() == nullptr) return out;
  for (const auto* text : *in.required_fields()) {
    const std::string_view name(text->c_str(), text->size());
    const bool known = name.starts_with(kFieldPrefix) && is_known_field(name.substr(kFieldPrefix.size()));
    if (!known) {
      return fail(base::make_error(base::ErrorKind::unsupported, "qpc-metadata-newer",
                                   "the program needs a newer platform: its metadata requires the field '" +
                                       std::string(name.substr(0, 200)) + "', which is not known here",
                                   "update this software, or compile the program for this platform"));
    }
    out.emplace_back(name);
  }
  return out;
}

Result<SemaphoreOp> read_semaphore(const fb::SemaphoreOp& in) {
  SemaphoreOp out;
  QAIC_TRY(out.command,
           enumerator(in.op(), wire::uapi::SemaphoreCommand::wait_gt_0, "dmaRequests->semaphoreOps->semOp"));
  QAIC_TRY(out.when,
           enumerator(in.pre_or_post(), qpc::PreOrPost::pre, "dmaRequests->semaphoreOps->preOrPost"));
  QAIC_TRY(out.in_sync_fence, boolean(in.in_sync_fence(), "dmaRequests->semaphoreOps->inSyncFence"));
  QAIC_TRY(out.out_sync_fence, boolean(in.out_sync_fence(), "dmaRequests->semaphoreOps->outSyncFence"));
  out.number = in.number();
  out.value = in.value();
  return out;
}

Result<DmaRequest> read_request(const fb::DmaRequest& in) {
  DmaRequest out;
  QAIC_CHECK(check_length(length(in.semaphore_ops()), kMaxOps, "dmaRequests->semaphoreOps"));
  QAIC_CHECK(check_length(length(in.doorbell_ops()), kMaxOps, "dmaRequests->doorbellOps"));
  if (in.semaphore_ops() != nullptr) {
    for (const auto* op : *in.semaphore_ops()) {
      QAIC_TRY(SemaphoreOp value, read_semaphore(*op));
      out.semaphores.push_back(value);
    }
  }
  if (in.doorbell_ops() != nullptr) {
    for (const auto* op : *in.doorbell_ops()) {
      DoorbellOp value{op->offset(), op->data(), op->mcid(), {}};
      QAIC_TRY(value.size,
               enumerator(op->size(), qpc::DoorbellSize::bits32, "dmaRequests->doorbellOps->size"));
      out.doorbells.push_back(value);
    }
  }
  QAIC_TRY(out.space, enumerator(in.address_space(), qpc::AddressSpace::ddr_dynamic_shared,
                                 "dmaRequests->devAddrSpace"));
  QAIC_TRY(out.transfer, enumerator(in.transfer(), qpc::Transfer::out, "dmaRequests->inOut"));
  out.host_offset = in.host_offset();
  out.dev_offset = in.dev_offset();
  out.size = in.size();
  out.buffer = in.buffer();
  out.mcid = in.mcid();
  out.port = in.port_id();
  out.transaction = in.transaction_id();
  return out;
}

Result<void> read_multicast(const fb::Metadata& in, Metadata& out) {
  const std::size_t tables = length(in.nsp_multicast_tables());
  QAIC_CHECK(check_length(tables, kMaxMulticastTables, "nspMulticastTables"));
  std::size_t total = 0;
  for (std::size_t nsp = 0; nsp < tables; ++nsp) {
    const auto* entries = in.nsp_multicast_tables()->Get(static_cast<flatbuffers::uoffset_t>(nsp))->entries();
    total += length(entries);
    QAIC_CHECK(check_length(length(entries), kMaxMulticastIds, "nspMulticastTables->multicastEntries"));
    QAIC_CHECK(check_length(total, kMaxMulticastEntries, "nspMulticastTables->multicastEntries"));
    auto& table = out.nsp_multicast.emplace_back();
    if (entries == nullptr) continue;
    for (const auto* entry : *entries) {
      NspMulticastEntry value;
      value.base_offset = entry->base_offset();
      value.mask = entry->mask();
      value.size = entry->size();
      QAIC_TRY(value.memory, enumerator(entry->memory(), qpc::NspMemory::vtcm,
                                        "nspMulticastTables->multicastEntries->addrSpace"));
      QAIC_TRY(value.dynamic, boolean(entry->dynamic(), "nspMulticastTables->multicastEntries->dynamic"));
      table.push_back(value);
    }
  }
  const auto* host = in.host_multicast_table() == nullptr ? nullptr : in.host_multicast_table()->entries();
  QAIC_CHECK(check_length(length(host), kMaxMulticastIds, "hostMulticastTable->multicastEntries"));
  if (host != nullptr) {
    for (const auto* entry : *host) {
      out.host_multicast.push_back({entry->mask(), entry->size()});
    }
  }
  return {};
}

Result<void> read_threads(const fb::Metadata& in, Metadata& out) {
  QAIC_CHECK(check_length(length(in.thread_descriptors()), kMaxThreads, "threadDescriptors"));
  if (in.thread_descriptors() == nullptr) return {};
  for (const auto* thread : *in.thread_descriptors()) {
    if ((thread->type_mask() & ~(qpc::kThreadHmx | qpc::kThreadHvx)) != 0) {
      return fail(
          malformed("threadDescriptors->typeMask is " + number(thread->type_mask()) + ", it has two bits"));
    }
    out.threads.push_back({thread->entry_point(), (thread->type_mask() & qpc::kThreadHmx) != 0,
                           (thread->type_mask() & qpc::kThreadHvx) != 0});
  }
  return {};
}

Result<void> read_constant_mappings(const fb::Metadata& in, Metadata& out) {
  QAIC_CHECK(check_length(length(in.constant_mappings()), kMaxMappings, "constantMappings"));
  if (in.constant_mappings() == nullptr) return {};
  for (const auto* mapping : *in.constant_mappings()) {
    out.constant_mappings.push_back({mapping->base_offset(), mapping->core_mask(), mapping->size()});
  }
  return {};
}

Result<void> read_ports_and_regions(const fb::Metadata& in, Metadata& out) {
  QAIC_CHECK(check_length(length(in.port_table()), kMaxPorts, "portTable"));
  QAIC_CHECK(check_length(length(in.l2tcm_nonzero_regions()), kMaxRegions, "L2TCMInitStateNonZeroRegions"));
  out.ports.clear();
  if (in.port_table() != nullptr) {
    for (const auto* port : *in.port_table()) out.ports.push_back({port->port_id(), port->port_type()});
  }
  if (in.l2tcm_nonzero_regions() != nullptr) {
    for (const auto* region : *in.l2tcm_nonzero_regions()) {
      out.l2tcm_nonzero_regions.push_back({region->start(), region->end(), region->size()});
    }
  }
  return {};
}

Result<void> read_flags(const fb::Metadata& in, Metadata& out) {
  QAIC_TRY(out.static_shared_ddr_ecc, boolean(in.static_shared_ddr_ecc(), "staticSharedDDRECCEnabled"));
  QAIC_TRY(out.dynamic_shared_ddr_ecc, boolean(in.dynamic_shared_ddr_ecc(), "dynamicSharedDDRECCEnabled"));
  QAIC_TRY(out.static_constants_ecc, boolean(in.static_constants_ecc(), "staticConstantsECCEnabled"));
  QAIC_TRY(out.dynamic_constants_ecc, boolean(in.dynamic_constants_ecc(), "dynamicConstantsECCEnabled"));
  QAIC_TRY(out.single_vtcm_page, boolean(in.single_vtcm_page(), "singleVTCMPage"));
  QAIC_TRY(out.has_hvx_fp, boolean(in.has_hvx_fp(), "hasHvxFP"));
  QAIC_TRY(out.has_hmx_fp, boolean(in.has_hmx_fp(), "hasHmxFP"));
  QAIC_TRY(out.dynamic_shared_ddr_supported,
           boolean(in.dynamic_shared_ddr_supported(), "dynamicSharedDDRSupported"));
  return {};
}

// What makes the fields contradict each other, or too many to hold.
Result<void> check_counts(const fb::Metadata& in) {
  if (in.version_major() != qpc::kMetadataMajor) {
    return fail(malformed("versionMajor is " + number(in.version_major()) + ", known is 1"));
  }
  if (in.network_name() != nullptr) {
    QAIC_CHECK(check_length(in.network_name()->size(), kMaxNameBytes, "networkName"));
  }
  if (length(in.semaphore_init()) != in.num_semaphores()) {
    return fail(malformed("semaphoreInitState has " + number(length(in.semaphore_init())) + " entries for " +
                          number(in.num_semaphores()) + " semaphores"));
  }
  if (in.l2tcm_init_size() > length(in.l2tcm_init())) {
    return fail(malformed("L2TCMInitSize is " + number(in.l2tcm_init_size()) + ", L2TCMInitState has " +
                          number(length(in.l2tcm_init()))));
  }
  QAIC_CHECK(check_length(length(in.dma_requests()), kMaxRequests, "dmaRequests"));
  return check_length(length(in.exec_context()), kMaxExecContextBytes, "execContext");
}

// `size` is that of the whole flatbuffer.
Result<Metadata> convert(const fb::Metadata& in, std::size_t size) {
  // First of all, so that a newer program is called newer rather than broken.
  QAIC_TRY(std::vector<std::string> required, read_required_fields(in));
  QAIC_CHECK(check_counts(in));
  Metadata out;
  out.version_major = in.version_major();
  out.version_minor = in.version_minor();
  if (in.network_name() != nullptr)
    out.network_name.assign(in.network_name()->c_str(), in.network_name()->size());
  out.required_fields = std::move(required);
  if (in.semaphore_init() != nullptr)
    out.semaphore_init.assign(in.semaphore_init()->begin(), in.semaphore_init()->end());
  if (in.l2tcm_init_size() > 0) {
    const auto* first = reinterpret_cast<const std::byte*>(in.l2tcm_init()->data());
    out.l2tcm_init.assign(first, first + in.l2tcm_init_size());
  }
  if (in.dma_requests() != nullptr) {
    for (const auto* request : *in.dma_requests()) {
      QAIC_TRY(DmaRequest value, read_request(*request));
      out.requests.push_back(std::move(value));
    }
  }
  QAIC_CHECK(read_multicast(in, out));
  QAIC_CHECK(read_threads(in, out));
  QAIC_CHECK(read_constant_mappings(in, out));
  out.static_shared_ddr_size = in.static_shared_ddr_size();
  out.dynamic_shared_ddr_size = in.dynamic_shared_ddr_size();
  out.static_constants_size = in.static_constants_size();
  out.dynamic_constants_size = in.dynamic_constants_size();
  out.exit_doorbell_offset = in.exit_doorbell_offset();
  out.l2_cached_ddr_size = in.l2_cached_ddr_size();
  out.exec_context_major = in.exec_context_major();
  out.num_nsps = in.num_nsps();
  out.hw_version_major = in.hw_version_major();
  out.hw_version_minor = in.hw_version_minor();
  QAIC_CHECK(read_flags(in, out));
  out.vtcm_size = in.vtcm_size();
  out.l2tcm_size = in.l2tcm_size();
  out.heap_size = in.heap_size();
  if (in.raw_struct_version_length() != 2 * std::uint64_t{size}) {
    out.raw_struct_version_length = in.raw_struct_version_length();
  }
  if (in.qnn_config() != nullptr) out.qnn_constants = in.qnn_config()->constants();
  if (in.heap_behavior() != nullptr) out.heap_on_deactivate = in.heap_behavior()->on_deactivate();
  QAIC_CHECK(read_ports_and_regions(in, out));
  if (in.exec_context() != nullptr) {
    const auto* first = reinterpret_cast<const std::byte*>(in.exec_context()->data());
    out.exec_context.assign(first, first + in.exec_context()->size());
  }
  note_unread(in, out);
  return out;
}

}  // namespace

Result<Metadata> decode_metadata(Bytes section) {
  if (section.size() > kMaxSectionBytes) {
    return fail(
        malformed(number(section.size()) + " bytes, at most " + number(kMaxSectionBytes) + " are possible"));
  }
  // The section has no alignment of its own, and what follows the prefix none
  // in memory: each form is verified and read in an aligned copy.
  const auto read_aligned = [](Bytes bytes) -> std::optional<Result<Metadata>> {
    const base::ByteVector copy(bytes.begin(), bytes.end());
    flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(copy.data()), copy.size());
    if (!fb::VerifyMetadataBuffer(verifier)) return std::nullopt;
    return convert(*fb::GetMetadata(copy.data()), copy.size());
  };
  if (auto out = read_aligned(section)) return std::move(*out);
  const auto prefix = base::read_struct<qpc::MetadataPrefix>(section);
  if (prefix && section.size() > sizeof(qpc::MetadataPrefix) && prefix->major == qpc::kMetadataMajor &&
      prefix->minor == qpc::kMetadataMinor) {
    if (auto out = read_aligned(section.subspan(sizeof(qpc::MetadataPrefix)))) return std::move(*out);
  }
  if (prefix && prefix->major == 0) {
    return fail(
        malformed("version 0." + number(prefix->minor) + ", a form older than 1.0 that nothing open reads"));
  }
  return fail(malformed("it is no flatbuffer of this schema"));
}

Result<Metadata> parse_metadata(Bytes section) {
  QAIC_TRY(Metadata out, decode_metadata(section));
  Findings findings;
  check_metadata(out, findings);
  if (auto error = findings.first_error()) return fail(std::move(*error));
  return out;
}

Result<Metadata> decode_metadata_of(const ElfFile& elf) {
  const ElfSection* section = elf.find_section(qpc::kBareMetadataSection);
  if (section == nullptr) section = elf.find_section(qpc::kMetadataSection);
  if (section == nullptr) return fail(malformed("there is no section 'metadata' or 'metadata_fb'"));
  return decode_metadata(section->bytes);
}

Result<Metadata> read_metadata(Bytes elf) {
  QAIC_TRY(const ElfFile file, parse_elf(elf));
  QAIC_TRY(Metadata out, decode_metadata_of(file));
  Findings findings;
  check_metadata(out, findings);
  check_elf(file, out, findings);
  if (auto error = findings.first_error()) return fail(std::move(*error));
  return out;
}

}  // namespace qaic::program
