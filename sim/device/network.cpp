#include "sim/device/network.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/checked.hpp"
#include "sim/device/elf.hpp"
#include "sim/device/required_fields.hpp"
#include "wire/metadata_generated.h"
#include "wire/nnc.hpp"
#include "wire/qpc.hpp"

namespace qaic::sim::device {

namespace qpc = wire::qpc;
namespace fb = wire::metadata;

namespace {

// The model's bounds: more than any such card has.
constexpr std::uint64_t kMostDdr = 1ULL << 40;
constexpr std::size_t kMostThreads = 16;
constexpr std::uint8_t kHwMajor = 2;
constexpr std::uint8_t kHwMinor = 0;
// In front of the flatbuffer in section `metadata`: u16 1, u16 0, u32 0.
constexpr std::size_t kPrefix = 8;

tl::unexpected<base::Error> refuse(std::string what) {
  return base::fail(
      base::make_error(base::ErrorKind::bad_input, "network-metadata", "metadata: " + std::move(what)));
}

bool verifies(Bytes buffer) {
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(buffer.data()), buffer.size());
  return fb::VerifyMetadataBuffer(verifier);
}

// An aligned copy of the flatbuffer, with or without the prefix.
std::optional<ByteVector> flatbuffer_of(Bytes section) {
  ByteVector copy(section.begin(), section.end());
  if (verifies(copy)) return copy;
  const auto major = base::read_struct<base::le16>(section, 0);
  const auto minor = base::read_struct<base::le16>(section, 2);
  if (section.size() <= kPrefix || *major != wire::nnc::kMetadataMajor || *minor != 0) return std::nullopt;
  copy.erase(copy.begin(), copy.begin() + kPrefix);
  if (verifies(copy)) return copy;
  return std::nullopt;
}

// Absent vectors and empty ones are the same to a reader.
template <class Vector>
std::size_t length(const Vector* vector) {
  return vector == nullptr ? 0 : vector->size();
}

Result<void> read_identity(const fb::Metadata& in, Network& out) {
  if (in.version_major() != wire::nnc::kMetadataMajor) {
    return refuse("version " + std::to_string(in.version_major()) + " is not known");
  }
  for (std::size_t i = 0; i < length(in.required_fields()); ++i) {
    const auto* const field = in.required_fields()->Get(static_cast<flatbuffers::uoffset_t>(i));
    if (!is_known_field(field->string_view())) {
      return refuse("required field \"" + field->str() + "\" is not known");
    }
  }
  if (in.network_name() == nullptr || in.network_name()->size() == 0) return refuse("no network name");
  out.name = in.network_name()->str();
  if (in.hw_version_major() != kHwMajor || in.hw_version_minor() != kHwMinor) {
    return refuse("built for another hardware version");
  }
  out.exec_context_major = in.exec_context_major();
  if (in.num_nsps() == 0 || in.num_nsps() > qpc::kMaxNsps) return refuse("number of NSPs");
  out.nsp_count = in.num_nsps();
  return {};
}

Result<void> read_memories(const fb::Metadata& in, Network& out) {
  out.l2tcm_size = in.l2tcm_size();
  out.vtcm_size = in.vtcm_size();
  if (out.l2tcm_size == 0 || out.l2tcm_size > qpc::kMaxL2Tcm) return refuse("L2TCM size");
  if (out.vtcm_size == 0 || out.vtcm_size > qpc::kMaxVtcm) return refuse("VTCM size");
  const std::size_t init = in.l2tcm_init_size();
  if (init > out.l2tcm_size || init > length(in.l2tcm_init())) return refuse("size of the L2TCM image");
  if (init != 0) {
    const auto bytes = std::as_bytes(std::span(in.l2tcm_init()->data(), init));
    out.l2tcm_init.assign(bytes.begin(), bytes.end());
  }
  // Firmware rings there whatever the metadata says (runtime-protocols §1.4).
  if (in.exit_doorbell_offset() != qpc::kExitDoorbellOffset ||
      out.l2tcm_size < qpc::kExitDoorbellOffset + sizeof(std::uint32_t)) {
    return refuse("the exit doorbell is not at 0x460 of L2TCM");
  }
  out.static_shared_size = in.static_shared_ddr_size();
  out.dynamic_shared_size = in.dynamic_shared_ddr_size();
  out.heap_size = in.heap_size();
  const auto constants =
      base::checked_add<std::uint64_t>(in.static_constants_size(), in.dynamic_constants_size());
  if (!constants || *constants > kMostDdr || out.static_shared_size > kMostDdr ||
      out.dynamic_shared_size > kMostDdr || out.heap_size > kMostDdr) {
    return refuse("more DDR than any card has");
  }
  out.constants_size = *constants;
  return {};
}

// An NSP sees the constants from where its mapping begins. What it sees of
// several, nobody says. (The model's limit.)
Result<void> read_constant_mappings(const fb::Metadata& in, Network& out) {
  out.constants_begin.assign(out.nsp_count, 0);
  std::vector<bool> mapped(out.nsp_count);
  for (std::size_t i = 0; i < length(in.constant_mappings()); ++i) {
    const auto* const mapping = in.constant_mappings()->Get(static_cast<flatbuffers::uoffset_t>(i));
    const auto end = base::checked_add<std::uint64_t>(mapping->base_offset(), mapping->size());
    if (!end || *end > out.constants_size) return refuse("a constant mapping reaches beyond the constants");
    for (unsigned nsp = 0; nsp < out.nsp_count; ++nsp) {
      if ((mapping->core_mask() >> nsp & 1) == 0) continue;
      if (mapped[nsp] && mapping->base_offset() != out.constants_begin[nsp]) {
        return refuse("several constant mappings of one NSP, which this card does not model");
      }
      mapped[nsp] = true;
      out.constants_begin[nsp] = mapping->base_offset();
    }
  }
  return {};
}

Result<void> read_semaphores(const fb::Metadata& in, Network& out) {
  if (in.num_semaphores() > qpc::kMaxSemaphores) return refuse("number of semaphores");
  if (length(in.semaphore_init()) != in.num_semaphores()) return refuse("number of initial semaphore values");
  for (std::size_t i = 0; i < in.num_semaphores(); ++i) {
    out.semaphore_init.push_back(in.semaphore_init()->Get(static_cast<flatbuffers::uoffset_t>(i)));
  }
  return {};
}

bool is_executable(const std::vector<CoreSegment>& segments, std::uint64_t address) {
  return std::any_of(segments.begin(), segments.end(), [&](const CoreSegment& segment) {
    return segment.executable && address >= segment.address &&
           address - segment.address < segment.memory_size;
  });
}

Result<void> read_threads(const fb::Metadata& in, Network& out) {
  const std::size_t count = length(in.thread_descriptors());
  if (count == 0 || count > kMostThreads) return refuse("number of threads");
  for (std::size_t i = 0; i < count; ++i) {
    const auto* const thread = in.thread_descriptors()->Get(static_cast<flatbuffers::uoffset_t>(i));
    if (!is_executable(out.segments, thread->entry_point()))
      return refuse("a thread enters where no code is");
    out.threads.push_back({static_cast<std::uint32_t>(thread->entry_point()), thread->type_mask()});
  }
  return {};
}

Result<CoreMulticast> read_window(const fb::NspMulticastEntry& in, const Network& network) {
  const CoreMulticast out{in.mask(), in.base_offset(), in.size(), in.memory()};
  std::uint64_t room = 0;
  switch (static_cast<qpc::NspMemory>(out.memory)) {
    case qpc::NspMemory::l2tcm:
      room = network.l2tcm_size;
      break;
    case qpc::NspMemory::vtcm:
      room = network.vtcm_size;
      break;
  }
  if (out.base_offset > room || out.size > room - out.base_offset) {
    return refuse("a multicast window reaches beyond its memory");
  }
  if ((std::uint64_t{out.mask} >> network.nsp_count) != 0)
    return refuse("a multicast mask names NSPs it does not have");
  return out;
}

// One table for each NSP, or none: then no NSP has an id.
Result<void> read_multicast(const fb::Metadata& in, Network& out) {
  const std::size_t tables = length(in.nsp_multicast_tables());
  if (tables != 0 && tables != out.nsp_count) return refuse("number of NSP multicast tables");
  out.multicast.resize(out.nsp_count);
  for (unsigned nsp = 0; nsp < tables; ++nsp) {
    const auto* const entries = in.nsp_multicast_tables()->Get(nsp)->entries();
    auto& table = out.multicast[nsp];
    for (std::size_t id = 0; id < length(entries); ++id) {
      QAIC_TRY(const CoreMulticast window,
               read_window(*entries->Get(static_cast<flatbuffers::uoffset_t>(id)), out));
      table.push_back(window);
    }
  }
  const auto* const host =
      in.host_multicast_table() == nullptr ? nullptr : in.host_multicast_table()->entries();
  for (std::size_t id = 0; id < length(host); ++id) {
    const auto* const entry = host->Get(static_cast<flatbuffers::uoffset_t>(id));
    const HostMulticast window{entry->mask(), entry->size()};
    for (unsigned nsp = 0; nsp < qpc::kMaxNsps; ++nsp) {
      if ((window.mask >> nsp & 1) == 0) continue;
      const bool known =
          nsp < out.nsp_count && id < out.multicast[nsp].size() && window.size <= out.multicast[nsp][id].size;
      if (!known) return refuse("a host window that an NSP's own table does not hold");
    }
    if ((window.mask >> qpc::kMaxNsps) != 0) return refuse("a multicast mask names NSPs it does not have");
    out.host_multicast.push_back(window);
  }
  return {};
}

std::optional<LastRequest> place_of(const fb::DmaRequest& in) {
  LastRequest out;
  out.to_device = in.transfer() == static_cast<std::uint8_t>(qpc::Transfer::in);
  out.offset = in.dev_offset();
  switch (static_cast<qpc::AddressSpace>(in.address_space())) {
    case qpc::AddressSpace::multicast:
      out.memory = LastRequest::Memory::window;
      out.window = in.mcid();
      return out;
    case qpc::AddressSpace::ddr:
      out.memory = LastRequest::Memory::shared_ddr;
      return out;
    case qpc::AddressSpace::ddr_dynamic_shared:
      out.memory = LastRequest::Memory::dynamic_ddr;
      return out;
  }
  return std::nullopt;
}

// The requests are the host's; the card needs them for its latency model alone,
// and refuses no network for them.
std::optional<LastRequest> find_last_request(const fb::Metadata& in) {
  std::optional<LastRequest> last;
  for (std::size_t i = 0; i < length(in.dma_requests()); ++i) {
    const auto place = place_of(*in.dma_requests()->Get(static_cast<flatbuffers::uoffset_t>(i)));
    if (!place || (last && !last->to_device && place->to_device)) continue;
    last = place;
  }
  if (!last) return last;
  last->times = 0;
  for (std::size_t i = 0; i < length(in.dma_requests()); ++i) {
    auto place = place_of(*in.dma_requests()->Get(static_cast<flatbuffers::uoffset_t>(i)));
    if (!place) continue;
    place->times = last->times;
    if (*place == *last) ++last->times;
  }
  return last;
}

}  // namespace

std::uint32_t Network::multicast_ids() const {
  std::size_t ids = host_multicast.size();
  for (const auto& table : multicast) ids = std::max(ids, table.size());
  return static_cast<std::uint32_t>(ids);
}

Result<Network> read_network(Bytes file) {
  QAIC_TRY(Elf elf, read_elf(file));
  const auto buffer = flatbuffer_of(elf.metadata);
  if (!buffer) return refuse("not a valid flatbuffer");
  const fb::Metadata& in = *fb::GetMetadata(buffer->data());
  Network out;
  out.segments = std::move(elf.segments);
  QAIC_CHECK(read_identity(in, out));
  QAIC_CHECK(read_memories(in, out));
  QAIC_CHECK(read_constant_mappings(in, out));
  QAIC_CHECK(read_semaphores(in, out));
  QAIC_CHECK(read_threads(in, out));
  QAIC_CHECK(read_multicast(in, out));
  out.last_request = find_last_request(in);
  return out;
}

}  // namespace qaic::sim::device
