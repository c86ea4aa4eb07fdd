#include "lib/program/descriptor.hpp"

#include <doctest/doctest.h>

#include <iterator>

#include "lib/program/tensor.hpp"
#include "tests/lib_program/samples.hpp"

namespace {

using namespace qaic;
using namespace qaic::samples;
using wire::qpc::Transfer;

// Written by hand from the field numbers of runtime-protocols §1.3 and the
// protobuf encoding: the worked example "double" of §2.6.
constexpr std::string_view kDouble =
    "08 09"                            // major_version 9
    "1a 06 646f75626c65"               // network_name
    "22 17"                            // input
    "  0a 01 78"                       //   name x
    "  12 05 08 06 22 01 20"           //   io_initial: int32, dims [32]
    "  1a 05 08 06 22 01 20"           //   io_transformed
    "  22 04 08 06 4a 00"              //   CopyDMABuffer, all zero
    "2a 1b"                            // output
    "  0a 01 79"                       //   name y
    "  12 05 08 06 22 01 20"           //
    "  1a 05 08 06 22 01 20"           //
    "  22 08 08 06 4a 04 08 01 18 01"  // CopyDMABuffer: Out, buffer 1
    "32 03 08 80 01"                   // DMA buffer 0: 128 bytes In
    "32 05 08 80 01 10 01"             // DMA buffer 1: 128 bytes Out
    "38 01"                            // num_cores
    "70 01";                           // batch_size

// One input with everything a binding can have, dims once packed and once not.
std::string rich(std::string_view buffer_size = "08") {
  return "08 09 22 5a"
         "  0a 01 71"
         "  12 18 08 00 15 0000003f 18 fdffffffffffffffff01 20 02 20 03 28 01"
         "  1a 06 08 02 22 02 02 03"
         "  22 15 08 05 10 02 1d 0000803f 20 07 2a 02 02 03 30 01 3a 02 01 00"
         "  22 10 08 01 42 0c 08 01 10 02 18 03 20 04 28 05 30 06"
         "  22 06 08 06 4a 02 10 02"
         "  28 01 30 08"
         "32 02 08" +
         std::string(buffer_size) +
         "92 01 08 0a 06 08 02 12 02 02 03"  // allowed_shapes
         "98 01 05 62 00 82 01 00";          // an unknown field, Stats, CRCInfo
}

// Fields 10 to 13 and 16 of a descriptor, all that they have. `more` goes to the
// end of Stats.
std::string detailed(std::string_view stats_size, std::string_view more = "") {
  return "08 09 52 02 03 04 58 05"
         "62" +
         std::string(stats_size) +
         "  08 01 10 01 18 02 20 01 28 01 30 03 38 04 40 01 48 05 52 02 06 07 5a 01 08"
         "  62 21 0a 1f 0a 1d"  // one core, one thread group, one operation
         "    0a 01 61 12 01 62 1a 01 63 22 01 64 2a 01 65 32 01 66 38 0a 42 01 67 4a 01 68 4a 01 69"
         "  68 09" +
         std::string(more) +
         "6a 01 67"
         "82 01 16 08 02 12 12 08 01 10 02 18 03 20 04 28 05 30 06 38 07 40 08 48 09";
}

std::string refusal(base::Bytes bytes) {
  const auto result = program::parse_descriptor(bytes);
  if (result) return "accepted";
  CHECK(result.error().id == "qpc-descriptor");
  CHECK(result.error().kind == base::ErrorKind::bad_input);
  return result.error().what;
}

bool has(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return true;
  MESSAGE(text);
  return false;
}

// descriptor() changed by `change`, written and read again.
template <class F>
std::string refusal_of(F change) {
  auto d = descriptor();
  change(d);
  return refusal(program::write_descriptor(d));
}

}  // namespace

TEST_CASE("a descriptor written by hand is read") {
  const auto bytes = hex(kDouble);
  const auto d = program::parse_descriptor(bytes);
  REQUIRE(d);
  CHECK(d->major == 9);
  CHECK(d->minor == 0);
  CHECK(d->network_name == "double");
  CHECK(d->num_cores == 1);
  CHECK(d->batch_size == 1);
  REQUIRE(d->inputs.size() == 1);
  CHECK(d->inputs[0].name == "x");
  CHECK(d->inputs[0].initial.type == 6);
  CHECK(d->inputs[0].initial.dims == std::vector<std::int32_t>{32});
  REQUIRE(d->inputs[0].transforms.size() == 1);
  REQUIRE(d->inputs[0].transforms[0].copy);
  CHECK(d->inputs[0].transforms[0].copy->buffer == 0);
  REQUIRE(d->outputs.size() == 1);
  REQUIRE(d->outputs[0].transforms.at(0).copy);
  CHECK(d->outputs[0].transforms[0].copy->direction == Transfer::out);
  CHECK(d->outputs[0].transforms[0].copy->buffer == 1);
  REQUIRE(d->dma_buffers.size() == 2);
  CHECK(d->dma_buffers[0].size == 128);
  CHECK(d->dma_buffers[1].direction == Transfer::out);
}

TEST_CASE("the writer writes what was written by hand") {
  CHECK(to_hex(program::write_descriptor(descriptor())) == to_hex(hex(kDouble)));
}

TEST_CASE("every field of a binding is read, unknown fields are skipped") {
  const auto bytes = hex(rich());
  const auto d = program::parse_descriptor(bytes);
  REQUIRE(d);
  const auto& b = d->inputs.at(0);
  CHECK(b.initial.scale == 0.5F);
  CHECK(b.initial.offset == -3);
  CHECK(b.initial.dims == std::vector<std::int32_t>{2, 3});
  CHECK(b.initial.layout == 1);
  CHECK(b.transformed.type == 2);
  CHECK(b.partial_allowed);
  CHECK(b.align == 8);
  REQUIRE(b.transforms.size() == 3);
  CHECK(b.transforms[0].kind == 5);
  CHECK(b.transforms[0].type == 2);
  CHECK(b.transforms[0].scale == 1.0F);
  CHECK(b.transforms[0].offset == 7);
  CHECK(b.transforms[0].dims == std::vector<std::int32_t>{2, 3});
  CHECK(b.transforms[0].layout == 1);
  CHECK(b.transforms[0].shuffle == std::vector<std::int32_t>{1, 0});
  REQUIRE(b.transforms[1].d32);
  CHECK(b.transforms[1].d32->value == 1);
  CHECK(b.transforms[1].d32->x_begin == 2);
  CHECK(b.transforms[1].d32->y_begin == 3);
  CHECK(b.transforms[1].d32->x_end == 4);
  CHECK(b.transforms[1].d32->y_end == 5);
  CHECK(b.transforms[1].d32->d_end == 6);
  CHECK(b.transforms[2].copy->offset == 2);
  REQUIRE(d->allowed_shapes.size() == 1);
  CHECK(d->allowed_shapes[0].at(0).dims == std::vector<std::int32_t>{2, 3});
  CHECK(d->stats);
  CHECK(d->crc_info);
  CHECK(d->unread == std::vector<std::string>{"19"});
  // Written and read again it is the same; but for what is not kept.
  const auto again = program::parse_descriptor(program::write_descriptor(*d));
  REQUIRE(again);
  CHECK(to_hex(program::write_descriptor(*again)) == to_hex(program::write_descriptor(*d)));
  CHECK(again->inputs.at(0).transforms[1].d32->d_end == 6);
}

TEST_CASE("thread groups, statistics and checksums are read and written back") {
  const auto bytes = hex(detailed("3e"));
  const auto d = program::decode_descriptor(bytes);
  REQUIRE(d);
  CHECK(d->thread_groups == std::vector<std::uint32_t>{3, 4});
  CHECK(d->thread_group_issue_count == 5);
  CHECK(d->thread_group_names == std::vector<std::string>{"g"});
  REQUIRE(d->stats);
  const auto& s = *d->stats;
  CHECK(s.buffer == 1);
  CHECK(s.print_stats);
  CHECK(s.stats_level == 2);
  CHECK(s.no_host_sync);
  CHECK(s.print_op_stats);
  CHECK(s.op_stats_level == 3);
  CHECK(s.batch_size == 4);
  CHECK(s.count_ddr_bandwidth);
  CHECK(s.utimer_freq_ms == 5);
  CHECK(s.pmu_events == std::vector<std::int32_t>{6, 7});
  CHECK(s.ops_per_core == std::vector<std::int32_t>{8});
  CHECK(s.pmu_stats_level == 9);
  const auto& op = s.ops.at(0).at(0).at(0);
  CHECK(op.name == "a");
  CHECK(op.kind == "b");
  CHECK(op.type == "c");
  CHECK(op.memory == "d");
  CHECK(op.shape == "e");
  CHECK(op.operand == "f");
  CHECK(op.output_size == 10);
  CHECK(op.attributes == "g");
  CHECK(op.operands == std::vector<std::string>{"h", "i"});
  REQUIRE(d->crc_info);
  CHECK(d->crc_info->buffer == 2);
  const auto& crc = d->crc_info->entries.at(0);
  CHECK(crc.dma_buffer == 1);
  CHECK(crc.offset == 2);
  CHECK(crc.size == 3);
  CHECK(crc.index == 4);
  CHECK(crc.begin_block_size == 5);
  CHECK(crc.end_block_size == 6);
  CHECK(crc.stride_interval == 7);
  CHECK(crc.stride_size == 8);
  CHECK(crc.algorithm == 9);
  CHECK(d->unread.empty());
  CHECK(to_hex(program::write_descriptor(*d)) == to_hex(bytes));
}

TEST_CASE("fields that the schema does not have are named") {
  const auto d =
      program::decode_descriptor(hex(detailed("45", "78 01 0d 00000000") + "b8 01 07 32 02 18 05"));
  REQUIRE(d);
  // In Stats field 15, and field 1 as another wire type than it has; field 23; a DMA buffer's 3.
  CHECK(d->unread == std::vector<std::string>{"stats.15", "stats.1", "23", "dma_buffers.3"});
  CHECK(d->stats->buffer == 1);
}

TEST_CASE("a tensor that does not fit into its DMA buffer is refused") {
  CHECK(refusal(hex(rich("08"))) == "accepted");
  CHECK(has(refusal(hex(rich("07"))), "6 bytes at 2) does not fit into its DMA buffer of 7 bytes"));
  CHECK(has(refusal_of([](auto& d) { d.dma_buffers[0].size = 127; }), "does not fit"));
  CHECK(has(refusal_of([](auto& d) { d.inputs[0].transforms[0].copy->offset = 1; }), "does not fit"));
  CHECK(
      has(refusal_of([](auto& d) { d.outputs[0].transforms[0].copy->offset = 0xFFFFFFFF; }), "does not fit"));
}

TEST_CASE("buffer numbers, directions and names that lie are refused") {
  CHECK(has(refusal_of([](auto& d) { d.inputs[0].transforms[0].copy->buffer = 2; }),
            "uses DMA buffer 2, there are 2"));
  CHECK(has(refusal_of([](auto& d) { d.inputs[0].transforms[0].copy->buffer = 1; }), "other direction"));
  CHECK(has(refusal_of([](auto& d) { d.inputs[0].transforms[0].copy->direction = Transfer::out; }),
            "other direction"));
  CHECK(has(refusal_of([](auto& d) { d.inputs[0].name.clear(); }), "no name"));
  CHECK(has(refusal_of([](auto& d) { d.allowed_shapes = {{{}}}; }), "an allowed shape names 1 of 2 tensors"));
  CHECK(has(refusal_of([](auto& d) {
              d.inputs[0].partial_allowed = true;
              d.inputs[0].align = 12;
            }),
            "power of two"));
}

TEST_CASE("dims that make no size are refused") {
  CHECK(has(refusal_of([](auto& d) { d.inputs[0].initial.dims = {-1}; }), "make no size"));
  CHECK(has(refusal_of([](auto& d) {
              d.inputs[0].initial.dims = {INT32_MAX, INT32_MAX, INT32_MAX};
            }),
            "make no size"));
  CHECK(has(refusal_of([](auto& d) { d.inputs[0].initial.dims.assign(9, 1); }), "more than 8"));
}

TEST_CASE("the size of a tensor is the product of its non-zero dims and its element size") {
  const std::uint32_t sizes[] = {4, 2, 1, 1, 2, 4, 4, 8, 1, 0, 0, 2};
  for (std::uint32_t type = 0; type < std::size(sizes); ++type) {
    if (sizes[type] == 0) continue;
    CHECK(program::byte_size({type, 0, 0, {2, 0, 3}, 0}) == 6 * sizes[type]);
    CHECK(program::data_type_from_name(program::data_type_name(type)) == type);
  }
  CHECK(program::byte_size({0, 0, 0, {}, 0}) == 4);
  for (const std::uint32_t type : {9U, 10U, 12U, 5000U}) CHECK(!program::byte_size({type, 0, 0, {1}, 0}));
  CHECK(program::data_type_name(11) == "bfloat16");
  CHECK(!program::data_type_from_name("float64"));
  CHECK(!program::data_type_from_name(""));
}

TEST_CASE("a type that is not known makes its tensor unusable, not the program") {
  const auto tensors_of = [](std::uint32_t type, auto change) {
    auto d = descriptor();
    d.inputs[0].initial.type = d.inputs[0].transformed.type = type;
    change(d);
    const auto bytes = program::write_descriptor(d);
    const auto read = program::parse_descriptor(bytes);
    REQUIRE(read);
    return program::list_tensors(*read);
  };
  auto tensors = tensors_of(9, [](auto&) {});
  CHECK(tensors[0].unsupported_transform == "its data type 9 has no size that is known");
  CHECK(!tensors[0].place);
  CHECK(tensors[1].unsupported_transform.empty());
  CHECK(tensors[1].place);
  // Of what is ignored no size is needed; and bfloat16 is copied like any other.
  tensors = tensors_of(9, [](auto& d) { d.inputs[0].transforms.clear(); });
  CHECK(tensors[0].unsupported_transform.empty());
  CHECK(tensors[0].byte_size == 0);
  tensors = tensors_of(11, [](auto&) {});
  CHECK(tensors[0].unsupported_transform.empty());
  CHECK(tensors[0].byte_size == 64);
}

TEST_CASE("broken protobuf is refused at every length") {
  const auto whole = hex(kDouble);
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A cut between two fields is a shorter message; its buffers are missing.
    if (refusal(base::Bytes(whole).first(size)) == "accepted") ++accepted;
  }
  CHECK(accepted == 5);  // none, version, name, and the cuts behind both buffers and num_cores
  CHECK(has(refusal(hex("0b")), "broken protobuf"));                // wire type 3
  CHECK(has(refusal(hex("0800 00")), "broken protobuf"));           // tag 0
  CHECK(has(refusal(hex("08 ffffffffffffffffffff01")), "broken"));  // varint of eleven bytes
  CHECK(has(refusal(hex("0a 00")), "wrong wire type"));             // a version of type bytes
  CHECK(has(refusal(hex("20 01")), "wrong wire type"));             // a binding of type varint
  CHECK(has(refusal(hex("08 8080808010")), "out of range"));        // 2^32
  CHECK(has(refusal(hex("32 02 10 02")), "neither in nor out"));
}

TEST_CASE("tensors are listed inputs first, each with its place or what stands in the way") {
  auto d = descriptor();
  d.inputs.push_back(d.inputs[0]);
  d.inputs[1].name = "gone";
  d.inputs[1].transforms.clear();
  auto rich_one = program::parse_descriptor(hex(rich())).value().inputs[0];
  d.inputs.push_back(rich_one);
  auto tensors = program::list_tensors(d);
  REQUIRE(tensors.size() == 4);
  CHECK(tensors[0].name == "x");
  CHECK(tensors[0].byte_size == 128);
  CHECK(tensors[0].place->buffer == 0);
  CHECK(tensors[1].name == "gone");
  CHECK(!tensors[1].place);
  CHECK(tensors[1].unsupported_transform.empty());
  CHECK(tensors[2].unsupported_transform.starts_with("convert_to_d32 (step 1): "));
  CHECK(tensors[2].byte_size == 24);  // the user's side: float32 [2, 3]
  CHECK(!tensors[2].place);
  CHECK(tensors[3].name == "y");
  CHECK(tensors[3].direction == Transfer::out);
  CHECK(tensors[3].place->buffer == 1);
  d.outputs[0].transforms.push_back(d.outputs[0].transforms[0]);
  CHECK(program::list_tensors(d)[3].unsupported_transform == "copy_dma_buffer (step 1): a second copy");
  d.outputs[0].transforms.clear();
  CHECK(program::list_tensors(d)[3].unsupported_transform == "no transform at all, not even a copy");
}
