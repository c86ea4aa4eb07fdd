#include "lib/program/metadata_unread.hpp"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <string>
#include <utility>

#include "wire/metadata_generated.h"

namespace qaic::program {
namespace {

constexpr std::size_t kMaxUnread = 64;

// Names the fields that `table` has behind the first `known` ones. Tables are
// many, fields few: each is named once.
template <class Table>
void note_unread(const Table* table, std::size_t known, std::string_view path, Metadata& out) {
  if (table == nullptr) return;
  const auto* start = reinterpret_cast<const std::uint8_t*>(table);
  const auto* vtable = start - flatbuffers::ReadScalar<flatbuffers::soffset_t>(start);
  // The verifier lets a vtable be shorter than its own two sizes.
  const std::size_t size = flatbuffers::ReadScalar<flatbuffers::voffset_t>(vtable);
  const std::size_t fields = size < 4 ? 0 : (size - 4) / 2;
  for (std::size_t id = known; id < fields && out.unread.size() < kMaxUnread; ++id) {
    if (flatbuffers::ReadScalar<flatbuffers::voffset_t>(vtable + 4 + 2 * id) == 0) continue;  // not there
    std::string name = path.empty() ? std::to_string(id) : std::string(path) + "." + std::to_string(id);
    if (std::ranges::find(out.unread, name) == out.unread.end()) out.unread.push_back(std::move(name));
  }
}

template <class Table>
void note_unread(const flatbuffers::Vector<flatbuffers::Offset<Table>>* tables, std::size_t known,
                 std::string_view path, Metadata& out) {
  if (tables == nullptr) return;
  for (const Table* table : *tables) note_unread(table, known, path, out);
}

}  // namespace

void note_unread(const wire::metadata::Metadata& in, Metadata& out) {
  note_unread(&in, 40, "", out);
  if (in.dma_requests() != nullptr) {
    note_unread(in.dma_requests(), 11, "dmaRequests", out);
    for (const auto* request : *in.dma_requests()) {
      note_unread(request->semaphore_ops(), 6, "dmaRequests.semaphoreOps", out);
      note_unread(request->doorbell_ops(), 4, "dmaRequests.doorbellOps", out);
    }
  }
  if (in.nsp_multicast_tables() != nullptr) {
    note_unread(in.nsp_multicast_tables(), 1, "nspMulticastTables", out);
    for (const auto* table : *in.nsp_multicast_tables()) {
      note_unread(table->entries(), 5, "nspMulticastTables.multicastEntries", out);
    }
  }
  if (in.host_multicast_table() != nullptr) {
    note_unread(in.host_multicast_table(), 1, "hostMulticastTable", out);
    note_unread(in.host_multicast_table()->entries(), 2, "hostMulticastTable.multicastEntries", out);
  }
  note_unread(in.thread_descriptors(), 2, "threadDescriptors", out);
  note_unread(in.constant_mappings(), 3, "constantMappings", out);
  note_unread(in.qnn_config(), 1, "QNNConfig", out);
  note_unread(in.l2tcm_nonzero_regions(), 3, "L2TCMInitStateNonZeroRegions", out);
  note_unread(in.heap_behavior(), 1, "networkHeapBehavior", out);
  if (in.l2tcm_init() != nullptr && in.l2tcm_init()->size() > in.l2tcm_init_size() &&
      out.unread.size() < kMaxUnread) {
    out.unread.emplace_back("L2TCMInitState beyond L2TCMInitSize");
  }
}

}  // namespace qaic::program
