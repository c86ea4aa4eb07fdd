#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/checked.hpp"
#include "lib/program/elf.hpp"
#include "lib/program/metadata.hpp"
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
constexpr std::size_t kMaxMulticastEntries = 1U << 20;
constexpr std::size_t kMaxThreads = 256;
constexpr std::size_t kMaxMappings = 65536;
constexpr std::size_t kMaxOps = 4096;  // semaphore or doorbell operations of one request
constexpr std::size_t kMaxNameBytes = 4096;
constexpr std::size_t kMaxRequiredFields = 4096;

base::Error malformed(std::string why) {
  return base::make_error(base::ErrorKind::bad_input, "qpc-metadata",
                          "the device metadata in network.elf is not valid: " + std::move(why),
                          "pack the program again, or fetch the file again");
}

std::string number(std::uint64_t value) {
  return std::to_string(value);
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

Result<void> check_mask(std::uint32_t mask, const fb::Metadata& in, std::string_view field) {
  if (in.num_nsps() < 32 && (mask >> in.num_nsps()) != 0) {
    return fail(malformed(std::string(field) + " names an NSP that the program does not have"));
  }
  return {};
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

Result<SemaphoreOp> read_semaphore(const fb::SemaphoreOp& in, const fb::Metadata& metadata) {
  SemaphoreOp out;
  QAIC_TRY(out.command,
           enumerator(in.op(), wire::uapi::SemaphoreCommand::wait_gt_0, "dmaRequests->semaphoreOps->semOp"));
  QAIC_TRY(out.when,
           enumerator(in.pre_or_post(), qpc::PreOrPost::pre, "dmaRequests->semaphoreOps->preOrPost"));
  QAIC_TRY(out.in_sync_fence, boolean(in.in_sync_fence(), "dmaRequests->semaphoreOps->inSyncFence"));
  QAIC_TRY(out.out_sync_fence, boolean(in.out_sync_fence(), "dmaRequests->semaphoreOps->outSyncFence"));
  out.number = in.number();
  out.value = in.value();
  if (out.command != wire::uapi::SemaphoreCommand::nop && out.number >= metadata.num_semaphores()) {
    return fail(malformed("dmaRequests->semaphoreOps->semNum is " + number(out.number) + ", there are " +
                          number(metadata.num_semaphores())));
  }
  if (out.value > wire::uapi::kSemaphoreValueMask) {
    return fail(
        malformed("dmaRequests->semaphoreOps->semValue is " + number(out.value) + ", it has 12 bits"));
  }
  return out;
}

Result<DmaRequest> read_request(const fb::DmaRequest& in, const fb::Metadata& metadata) {
  DmaRequest out;
  QAIC_CHECK(check_length(length(in.semaphore_ops()), kMaxOps, "dmaRequests->semaphoreOps"));
  QAIC_CHECK(check_length(length(in.doorbell_ops()), kMaxOps, "dmaRequests->doorbellOps"));
  if (in.semaphore_ops() != nullptr) {
    for (const auto* op : *in.semaphore_ops()) {
      QAIC_TRY(SemaphoreOp value, read_semaphore(*op, metadata));
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
  if (tables != 0 && tables != in.num_nsps()) {
    return fail(malformed("nspMulticastTables has " + number(tables) + " tables for " +
                          number(in.num_nsps()) + " NSPs"));
  }
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
      QAIC_CHECK(check_mask(value.mask, in, "nspMulticastTables->multicastEntries->mask"));
      const std::uint32_t memory = value.memory == qpc::NspMemory::l2tcm ? in.l2tcm_size() : in.vtcm_size();
      const auto end = base::checked_add<std::uint64_t>(value.base_offset, value.size);
      // A dynamic entry is placed by the program while it runs.
      if (!value.dynamic && (!end || *end > memory)) {
        return fail(
            malformed("nspMulticastTables->multicastEntries->size reaches past the end of its memory"));
      }
      table.push_back(value);
    }
  }
  const auto* host = in.host_multicast_table() == nullptr ? nullptr : in.host_multicast_table()->entries();
  QAIC_CHECK(check_length(length(host), kMaxMulticastIds, "hostMulticastTable->multicastEntries"));
  if (host != nullptr) {
    for (const auto* entry : *host) {
      QAIC_CHECK(check_mask(entry->mask(), in, "hostMulticastTable->multicastEntries->mask"));
      if (entry->size() > qpc::kMulticastWindow) {
        return fail(malformed("hostMulticastTable->multicastEntries->size is more than 8 MiB"));
      }
      out.host_multicast.push_back({entry->mask(), entry->size()});
    }
  }
  return {};
}

Result<void> read_threads(const fb::Metadata& in, Metadata& out) {
  QAIC_CHECK(check_length(length(in.thread_descriptors()), kMaxThreads, "threadDescriptors"));
  if (length(in.thread_descriptors()) == 0)
    return fail(malformed("threadDescriptors is empty: nothing would run"));
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
  const auto all = base::checked_add(in.static_constants_size(), in.dynamic_constants_size());
  for (const auto* mapping : *in.constant_mappings()) {
    QAIC_CHECK(check_mask(mapping->core_mask(), in, "constantMappings->coreMask"));
    const auto end = base::checked_add<std::uint64_t>(mapping->base_offset(), mapping->size());
    if (!all || !end || *end > *all)
      return fail(malformed("constantMappings reaches past the end of the constants"));
    out.constant_mappings.push_back({mapping->base_offset(), mapping->core_mask(), mapping->size()});
  }
  return {};
}

Result<void> check_limits(const fb::Metadata& in) {
  if (in.version_major() != qpc::kMetadataMajor) {
    return fail(malformed("versionMajor is " + number(in.version_major()) + ", known is 1"));
  }
  if (in.network_name() == nullptr || in.network_name()->size() == 0)
    return fail(malformed("networkName is empty"));
  QAIC_CHECK(check_length(in.network_name()->size(), kMaxNameBytes, "networkName"));
  if (in.num_nsps() < 1 || in.num_nsps() > qpc::kMaxNsps) {
    return fail(malformed("numNSPs is " + number(in.num_nsps()) + ", not 1 to 16"));
  }
  if (in.num_semaphores() > qpc::kMaxSemaphores) {
    return fail(malformed("numSemaphores is " + number(in.num_semaphores()) + ", a channel has 32"));
  }
  if (length(in.semaphore_init()) != in.num_semaphores()) {
    return fail(malformed("semaphoreInitState has " + number(length(in.semaphore_init())) + " entries for " +
                          number(in.num_semaphores()) + " semaphores"));
  }
  if (in.exec_context_major() != qpc::kExecContextMajor) {
    return fail(malformed("execContextMajorVersion is " + number(in.exec_context_major()) + ", known is 5"));
  }
  if (in.l2tcm_size() == 0 || in.l2tcm_size() > qpc::kMaxL2Tcm) {
    return fail(malformed("L2TCMSize is " + number(in.l2tcm_size()) + ", not 1 byte to 1 MiB"));
  }
  if (in.vtcm_size() == 0 || in.vtcm_size() > qpc::kMaxVtcm) {
    return fail(malformed("VTCMSize is " + number(in.vtcm_size()) + ", not 1 byte to 8 MiB"));
  }
  if (in.l2tcm_init_size() > in.l2tcm_size()) return fail(malformed("L2TCMInitSize is more than L2TCMSize"));
  if (in.l2tcm_init_size() > length(in.l2tcm_init())) {
    return fail(malformed("L2TCMInitSize is " + number(in.l2tcm_init_size()) + ", L2TCMInitState has " +
                          number(length(in.l2tcm_init()))));
  }
  QAIC_CHECK(check_length(length(in.dma_requests()), kMaxRequests, "dmaRequests"));
  if (in.semaphore_init() != nullptr &&
      std::ranges::any_of(*in.semaphore_init(), [](auto v) { return v > wire::uapi::kSemaphoreValueMask; })) {
    return fail(malformed("semaphoreInitState has a value of more than 12 bits"));
  }
  return {};
}

Result<Metadata> convert(const fb::Metadata& in) {
  // First of all, so that a newer program is called newer rather than broken.
  QAIC_TRY(std::vector<std::string> required, read_required_fields(in));
  QAIC_CHECK(check_limits(in));
  Metadata out;
  out.version_major = in.version_major();
  out.version_minor = in.version_minor();
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
      QAIC_TRY(DmaRequest value, read_request(*request, in));
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
  QAIC_TRY(out.single_vtcm_page, boolean(in.single_vtcm_page(), "singleVTCMPage"));
  QAIC_TRY(out.has_hvx_fp, boolean(in.has_hvx_fp(), "hasHvxFP"));
  QAIC_TRY(out.has_hmx_fp, boolean(in.has_hmx_fp(), "hasHmxFP"));
  out.vtcm_size = in.vtcm_size();
  out.l2tcm_size = in.l2tcm_size();
  out.heap_size = in.heap_size();
  return out;
}

}  // namespace

Result<Metadata> parse_metadata(Bytes section) {
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
    return convert(*fb::GetMetadata(copy.data()));
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

Result<Metadata> read_metadata(Bytes elf) {
  QAIC_TRY(const ElfFile file, parse_elf(elf));
  const ElfSection* section = file.find_section(qpc::kBareMetadataSection);
  if (section == nullptr) section = file.find_section(qpc::kMetadataSection);
  if (section == nullptr) return fail(malformed("there is no section 'metadata' or 'metadata_fb'"));
  QAIC_TRY(Metadata out, parse_metadata(section->bytes));
  for (std::size_t i = 0; i < out.threads.size(); ++i) {
    if (!file.is_code(out.threads[i].entry_point)) {
      return fail(
          malformed("threadDescriptors->entryPoint of thread " + number(i) + " is in no code of the file"));
    }
  }
  return out;
}

}  // namespace qaic::program
