// The device metadata inside network.elf: what the card must provide for a
// program and the queue program of one inference. A flatbuffer; here as plain
// values. Source: runtime-protocols §1.4. Values; safe to use from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "lib/program/elf.hpp"
#include "wire/qpc.hpp"
#include "wire/uapi.hpp"

namespace qaic::program {

struct SemaphoreOp {
  wire::uapi::SemaphoreCommand command = wire::uapi::SemaphoreCommand::nop;
  std::uint16_t number = 0;  // network-relative, 0-31
  std::uint16_t value = 0;   // 12 bits
  wire::qpc::PreOrPost when = wire::qpc::PreOrPost::post;
  bool in_sync_fence = false;
  bool out_sync_fence = false;
};

struct DoorbellOp {
  std::uint64_t offset = 0;  // bytes inside the multicast window
  std::uint32_t data = 0;
  std::uint16_t mcid = 0;
  wire::qpc::DoorbellSize size = wire::qpc::DoorbellSize::bits32;
};

// One step of the queue program. Effects in order: fences, pre semaphores,
// transfer, post semaphores, doorbells.
struct DmaRequest {
  std::vector<SemaphoreOp> semaphores;
  std::vector<DoorbellOp> doorbells;
  std::uint64_t host_offset = 0;  // bytes inside the DMA buffer
  std::uint64_t dev_offset = 0;   // bytes inside the address space
  std::uint32_t size = 0;         // bytes; 0: semaphores and doorbells only
  std::uint16_t buffer = wire::qpc::kNoBuffer;
  std::uint16_t mcid = 0;  // for AddressSpace::multicast
  wire::qpc::AddressSpace space = wire::qpc::AddressSpace::multicast;
  wire::qpc::Transfer transfer = wire::qpc::Transfer::in;
  std::uint16_t port = 0;
  std::uint32_t transaction = wire::qpc::kNoTransaction;
};

// What a multicast id means on one NSP: where writes land here, and which NSPs
// this NSP's own writes reach.
struct NspMulticastEntry {
  std::uint64_t base_offset = 0;
  std::uint32_t mask = 0;
  std::uint32_t size = 0;
  wire::qpc::NspMemory memory = wire::qpc::NspMemory::l2tcm;
  bool dynamic = false;
};

struct HostMulticastEntry {
  std::uint32_t mask = 0;  // NSPs that receive host writes
  std::uint32_t size = 0;  // bytes
};

struct ThreadDescriptor {
  std::uint64_t entry_point = 0;  // virtual address in the ELF
  bool hmx = false;
  bool hvx = false;
};

struct ConstantMapping {
  std::uint64_t base_offset = 0;
  std::uint32_t core_mask = 0;
  std::uint32_t size = 0;
};

// A port that requests name. What ports do for them is not documented.
struct PortEntry {
  std::uint16_t id = 0;
  std::int8_t type = 0;  // wire::qpc::PortType, or a number that has no name yet
};

// A stretch of l2tcm_init that is not all zero. Whether `end` is the last byte
// or the one behind it is not documented.
struct NonZeroRegion {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t size = 0;
};

struct Metadata {
  std::uint16_t version_major = 1;
  std::uint16_t version_minor = 0;
  std::string network_name;
  // With the common prefix. Absent: the writer makes up usual_required_fields().
  std::optional<std::vector<std::string>> required_fields;
  std::vector<std::uint32_t> semaphore_init;  // one per semaphore
  base::ByteVector l2tcm_init;
  std::vector<DmaRequest> requests;
  std::vector<std::vector<NspMulticastEntry>> nsp_multicast;  // [nsp][multicast id]
  std::vector<HostMulticastEntry> host_multicast;             // [multicast id]
  std::vector<ThreadDescriptor> threads;                      // started on each NSP
  std::vector<ConstantMapping> constant_mappings;
  std::uint64_t static_shared_ddr_size = 0;
  std::uint64_t dynamic_shared_ddr_size = 0;
  std::uint64_t static_constants_size = 0;
  std::uint64_t dynamic_constants_size = 0;
  std::uint64_t exit_doorbell_offset = wire::qpc::kExitDoorbellOffset;
  std::uint32_t l2_cached_ddr_size = 0;
  std::uint16_t exec_context_major = wire::qpc::kExecContextMajor;
  std::uint16_t num_nsps = 1;
  std::uint8_t hw_version_major = 2;
  std::uint8_t hw_version_minor = 0;
  bool static_shared_ddr_ecc = false;
  bool dynamic_shared_ddr_ecc = false;
  bool static_constants_ecc = false;
  bool dynamic_constants_ecc = false;
  bool single_vtcm_page = false;
  bool has_hvx_fp = false;
  bool has_hmx_fp = false;
  std::uint32_t vtcm_size = 0;
  std::uint32_t l2tcm_size = 0;
  std::uint64_t heap_size = 0;
  // Absent: twice the length of the flatbuffer, as writers put it.
  std::optional<std::uint64_t> raw_struct_version_length;
  std::optional<std::int8_t> qnn_constants;  // wire::qpc::QnnConstants, or a number that has no name yet
  std::vector<PortEntry> ports = {{wire::qpc::kHostInputPort, 0}, {wire::qpc::kHostOutputPort, 0}};
  base::ByteVector exec_context;  // nested flatbuffer as it stands; empty: the usual layout
  std::vector<NonZeroRegion> l2tcm_nonzero_regions;
  bool dynamic_shared_ddr_supported = false;
  std::optional<std::int8_t> heap_on_deactivate;  // wire::qpc::HeapOnDeactivate, likewise
  // What was in the buffer and is no value here, so that the writer leaves it
  // out: fields behind the last one known, such as "40" or "dmaRequests.11".
  std::vector<std::string> unread;
};

// Decodes the bytes of the section `metadata` (eight bytes, then a flatbuffer)
// or `metadata_fb` (a bare flatbuffer): both forms are tried on either. Refuses
// what has no meaning as a value: another version, unknown required fields,
// counts that contradict each other, enumerators. Whether the values make sense
// is left to the checker. Errors: qpc-metadata, qpc-metadata-newer (a required
// field this reader lacks).
[[nodiscard]] base::Result<Metadata> decode_metadata(base::Bytes section);

// decode_metadata(), and what the checker says of metadata by itself.
[[nodiscard]] base::Result<Metadata> parse_metadata(base::Bytes section);

// Finds the section in network.elf (metadata_fb first) and decodes it.
[[nodiscard]] base::Result<Metadata> decode_metadata_of(const ElfFile& elf);

// The same from bytes, and what the checker says of it and of the ELF file.
[[nodiscard]] base::Result<Metadata> read_metadata(base::Bytes elf);

// The content of a section `metadata`. The nested execContext is written as it
// was read, and left out where there is none: it lets firmware move fields of
// the context, and programs written for the layout of exec context 5 do not
// need that; which of its fields firmware insists on is documented nowhere.
[[nodiscard]] base::ByteVector write_metadata(const Metadata& metadata);

// What a reader of `metadata` has to understand: what is not at its default,
// and what every program has. With the common prefix.
[[nodiscard]] std::vector<std::string> usual_required_fields(const Metadata& metadata);

// "inc", "wait_equal", …: the words of descriptions and of what is shown.
[[nodiscard]] std::string_view semaphore_command_name(wire::uapi::SemaphoreCommand command);
[[nodiscard]] std::optional<wire::uapi::SemaphoreCommand> semaphore_command_from_name(std::string_view name);

// "user_io", "cache_enabled", "preserve", …; "" for a number that has no name.
[[nodiscard]] std::string_view port_type_name(std::int8_t type);
[[nodiscard]] std::string_view qnn_constants_name(std::int8_t value);
[[nodiscard]] std::string_view heap_on_deactivate_name(std::int8_t value);

// All names that a list of required fields may hold, without the common prefix.
[[nodiscard]] bool is_known_field(std::string_view name);
inline constexpr std::string_view kFieldPrefix = "AicMetadataFlat_Metadata->";

}  // namespace qaic::program
