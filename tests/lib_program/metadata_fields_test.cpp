// The fields of the metadata by their ids, put there without the schema.
#include <doctest/doctest.h>
#include <flatbuffers/flatbuffers.h>

#include <algorithm>

#include "lib/program/metadata.hpp"
#include "tests/lib_program/samples.hpp"
#include "wire/qpc.hpp"

namespace {

using namespace qaic;
using base::ByteVector;
using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

constexpr flatbuffers::voffset_t slot(int id) {
  return static_cast<flatbuffers::voffset_t>(4 + 2 * id);  // runtime-protocols §1.4
}

ByteVector bytes_of(const FlatBufferBuilder& built) {
  const auto* first = reinterpret_cast<const std::byte*>(built.GetBufferPointer());
  return {first, first + built.GetSize()};
}

// A table with one number in the field `id`.
template <class T>
Offset<void> table_of(FlatBufferBuilder& out, int id, T value) {
  const auto start = out.StartTable();
  out.AddElement<T>(slot(id), value, 0);
  return out.EndTable(start);
}

// A root table: version 1, then what `add` puts into it; `more` is made before it begins.
template <class More, class Add>
ByteVector buffer(More more, Add add) {
  FlatBufferBuilder out;
  out.ForceDefaults(true);
  const auto parts = more(out);
  const auto start = out.StartTable();
  out.AddElement<std::uint16_t>(slot(0), 1, 0);
  add(out, parts);
  out.Finish(Offset<void>(out.EndTable(start)));
  return bytes_of(out);
}

constexpr auto kNothing = [](FlatBufferBuilder&) { return 0; };

}  // namespace

TEST_CASE("flags, a heap that stays, a QNN configuration, ports and stretches are read by their ids") {
  struct Parts {
    Offset<void> qnn, heap;
    flatbuffers::uoffset_t ports = 0, regions = 0;
  };
  const auto more = [](FlatBufferBuilder& out) {
    Parts parts;
    parts.qnn = table_of<std::int8_t>(out, 0, 2);
    parts.heap = table_of<std::int8_t>(out, 0, 2);
    const auto start = out.StartTable();
    out.AddElement<std::uint64_t>(slot(0), 4, 0);
    out.AddElement<std::uint64_t>(slot(1), 12, 0);
    out.AddElement<std::uint64_t>(slot(2), 8, 0);
    const Offset<void> region = out.EndTable(start);
    parts.regions = out.CreateVector(&region, 1).o;
    const std::uint32_t ports[] = {0x000003E8, 0x00010065};  // port 1000 UserIO, port 101 P2P
    parts.ports = out.CreateVector(ports, 2).o;
    return parts;
  };
  const auto read = program::decode_metadata(buffer(more, [](FlatBufferBuilder& out, const Parts& parts) {
    out.AddElement<std::uint8_t>(slot(23), 1, 0);
    out.AddElement<std::uint8_t>(slot(26), 1, 0);
    out.AddElement<std::uint64_t>(slot(33), 77, 0);
    out.AddOffset(slot(34), parts.qnn);
    out.AddOffset(slot(35), Offset<void>(parts.ports));
    out.AddOffset(slot(37), Offset<void>(parts.regions));
    out.AddElement<std::uint8_t>(slot(38), 1, 0);
    out.AddOffset(slot(39), parts.heap);
  }));
  REQUIRE(read);
  CHECK(read->static_shared_ddr_ecc);
  CHECK_FALSE(read->dynamic_shared_ddr_ecc);
  CHECK_FALSE(read->static_constants_ecc);
  CHECK(read->dynamic_constants_ecc);
  CHECK(read->raw_struct_version_length == 77);
  CHECK(read->qnn_constants == 2);
  REQUIRE(read->ports.size() == 2);
  CHECK(read->ports[0].id == 1000);
  CHECK(read->ports[0].type == 0);
  CHECK(read->ports[1].id == 101);
  CHECK(read->ports[1].type == 1);
  REQUIRE(read->l2tcm_nonzero_regions.size() == 1);
  CHECK(read->l2tcm_nonzero_regions[0].start == 4);
  CHECK(read->l2tcm_nonzero_regions[0].end == 12);
  CHECK(read->l2tcm_nonzero_regions[0].size == 8);
  CHECK(read->dynamic_shared_ddr_supported);
  CHECK(read->heap_on_deactivate == 2);
  CHECK(read->unread.empty());

  // And written by the same ids: what comes back is the same.
  const auto again = program::decode_metadata(program::write_metadata(*read));
  REQUIRE(again);
  CHECK(again->static_shared_ddr_ecc);
  CHECK_FALSE(again->dynamic_shared_ddr_ecc);
  CHECK(again->dynamic_constants_ecc);
  CHECK(again->raw_struct_version_length == 77);
  CHECK(again->qnn_constants == 2);
  CHECK(again->ports.size() == 2);
  CHECK(again->l2tcm_nonzero_regions.size() == 1);
  CHECK(again->dynamic_shared_ddr_supported);
  CHECK(again->heap_on_deactivate == 2);
}

TEST_CASE("what is not there is not made up, and what is there is kept") {
  const auto bare = program::decode_metadata(buffer(kNothing, [](FlatBufferBuilder&, int) {}));
  REQUIRE(bare);
  CHECK_FALSE(bare->qnn_constants);
  CHECK_FALSE(bare->heap_on_deactivate);
  CHECK(bare->ports.empty());
  CHECK(bare->raw_struct_version_length == 0);  // writers put twice the length there
  CHECK(bare->required_fields->empty());
  const auto again = program::decode_metadata(program::write_metadata(*bare));
  REQUIRE(again);
  CHECK_FALSE(again->qnn_constants);
  CHECK_FALSE(again->heap_on_deactivate);
  CHECK(again->ports.empty());
  CHECK(again->raw_struct_version_length == 0);
  CHECK(again->required_fields->empty());

  auto m = samples::metadata();
  CHECK_FALSE(program::decode_metadata(program::write_metadata(m))->raw_struct_version_length);
  m.required_fields = {std::string(program::kFieldPrefix) + "numNSPs",
                       std::string(program::kFieldPrefix) + "networkName"};
  CHECK(program::decode_metadata(program::write_metadata(m))->required_fields == m.required_fields);
}

TEST_CASE("the writer requires the new fields where they say something") {
  auto m = samples::metadata();
  const auto requires_field = [&](const char* name) {
    const auto fields = program::usual_required_fields(m);
    return std::ranges::count(fields, std::string(program::kFieldPrefix) + name) == 1;
  };
  const char* const names[] = {"staticSharedDDRECCEnabled",
                               "dynamicSharedDDRECCEnabled",
                               "staticConstantsECCEnabled",
                               "dynamicConstantsECCEnabled",
                               "QNNConfig->Constants",
                               "L2TCMInitStateNonZeroRegions->end",
                               "networkHeapBehavior->onNetworkDeactivate"};
  for (const char* name : names) CHECK_FALSE(requires_field(name));
  m.static_shared_ddr_ecc = m.dynamic_shared_ddr_ecc = true;
  m.static_constants_ecc = m.dynamic_constants_ecc = true;
  m.qnn_constants = 1;
  m.heap_on_deactivate = 1;
  m.l2tcm_nonzero_regions = {{0, 8, 8}};
  for (const char* name : names) CHECK(requires_field(name));
  for (const auto& field : program::usual_required_fields(m)) {
    CHECK(program::is_known_field(field.substr(program::kFieldPrefix.size())));
  }
}

TEST_CASE("fields behind the last one known are named, and flags are 0 or 1") {
  struct Parts {
    Offset<void> heap;
    flatbuffers::uoffset_t requests = 0;
  };
  const auto more = [](FlatBufferBuilder& out) {
    Parts parts;
    parts.heap = table_of<std::uint32_t>(out, 3, 9);
    const Offset<void> requests[] = {table_of<std::uint32_t>(out, 4, 0), table_of<std::uint64_t>(out, 12, 1),
                                     table_of<std::uint64_t>(out, 12, 1)};
    parts.requests = out.CreateVector(requests, 3).o;
    return parts;
  };
  const auto read = program::decode_metadata(buffer(more, [](FlatBufferBuilder& out, const Parts& parts) {
    out.AddOffset(slot(6), Offset<void>(parts.requests));
    out.AddOffset(slot(39), parts.heap);
    out.AddElement<std::uint32_t>(slot(41), 1, 0);
  }));
  REQUIRE(read);
  CHECK(read->unread == std::vector<std::string>{"41", "dmaRequests.12", "networkHeapBehavior.3"});

  const auto tail = program::decode_metadata(
      buffer([](FlatBufferBuilder& out) { return out.CreateVector(std::vector<std::uint8_t>(8, 7)).o; },
             [](FlatBufferBuilder& out, flatbuffers::uoffset_t image) {
               out.AddOffset(slot(5), Offset<void>(image));
               out.AddElement<std::uint32_t>(slot(17), 4, 0);
             }));
  REQUIRE(tail);
  CHECK(tail->unread == std::vector<std::string>{"L2TCMInitState beyond L2TCMInitSize"});

  for (const int id : {23, 24, 25, 26, 38}) {
    const auto odd = program::decode_metadata(buffer(
        kNothing, [id](FlatBufferBuilder& out, int) { out.AddElement<std::uint8_t>(slot(id), 2, 0); }));
    REQUIRE_FALSE(odd);
    CHECK(odd.error().what.find("is 2, not 0 or 1") != std::string::npos);
  }
}
