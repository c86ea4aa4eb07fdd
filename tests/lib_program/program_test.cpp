#include "lib/program/program.hpp"

#include <doctest/doctest.h>

#include "lib/program/inspect.hpp"
#include "tests/lib_program/samples.hpp"
#include "wire/qpc.hpp"

namespace {

using namespace qaic;
using namespace qaic::samples;
using base::ByteVector;
using wire::qpc::Transfer;

bool has(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return true;
  MESSAGE(text);
  return false;
}

// Both halves of the worked example changed by `change`, written and read.
template <class F>
std::string refusal_of(F change, std::string_view id = "qpc-mismatch", const ByteVector& constants = {}) {
  auto m = metadata();
  auto d = descriptor();
  change(m, d);
  const ByteVector file = program_file(m, d, constants);
  const auto result = program::parse_program(file);
  if (result) return "accepted";
  CHECK(result.error().id == id);
  CHECK(result.error().kind == base::ErrorKind::bad_input);
  return result.error().what;
}

// The file of the worked example with one constants segment changed.
template <class F>
std::string refusal_of_constants(F change) {
  const ByteVector file = program_file(metadata(), descriptor(), ByteVector(200));
  auto container = program::parse_container(file);
  REQUIRE(container);
  program::Segment* constants = nullptr;
  program::Segment* described = nullptr;
  for (auto& segment : container->segments) {
    if (segment.name == "constants.bin") constants = &segment;
    if (segment.name == "constantsdesc.bin") described = &segment;
  }
  ByteVector text(described->bytes.begin(), described->bytes.end());
  change(*constants, text);
  described->bytes = text;
  const auto written = program::write_container(container->segments);
  REQUIRE(written);
  const auto result = program::parse_program(*written);
  if (result) return "accepted";
  CHECK(result.error().id == "qpc-constants");
  return result.error().what;
}

}  // namespace

TEST_CASE("a whole program is read") {
  const ByteVector constants(200, std::byte{7});
  const ByteVector file = program_file(metadata(), descriptor(), constants);
  const auto program = program::parse_program(file);
  REQUIRE(program);
  CHECK(program->metadata.network_name == "double");
  CHECK(program->tensors.size() == 2);
  REQUIRE(program->find_tensor("y", Transfer::out) != nullptr);
  CHECK(program->find_tensor("y", Transfer::out)->place->buffer == 1);
  CHECK(program->find_tensor("y", Transfer::in) == nullptr);
  CHECK(program->has_constants());
  CHECK(program->constants.static_size == 200);
  CHECK(program->static_constants_bytes.size() == 200);
  CHECK(program->dynamic_constants_bytes.empty());
  CHECK(program->constants_descriptor_bytes.size() == 24);
  CHECK(program->elf_bytes.data() == program->container.find("network.elf")->bytes.data());
  const ByteVector without = program_file(metadata(), descriptor());
  const auto plain = program::parse_program(without);
  REQUIRE(plain);
  CHECK(!plain->has_constants());
  CHECK(plain->constants_descriptor_bytes.empty());
}

TEST_CASE("a constants descriptor has exactly 24 bytes") {
  const auto c =
      program::parse_constants_descriptor(hex("c800000000000000 0500000000000000 0100 000000000000"));
  REQUIRE(c);
  CHECK(c->static_size == 200);
  CHECK(c->dynamic_size == 5);
  CHECK(c->static_ecc);
  CHECK(!c->dynamic_ecc);
  CHECK(!program::parse_constants_descriptor(ByteVector(23)));
  CHECK(!program::parse_constants_descriptor(ByteVector(25)));
}

TEST_CASE("requests must name buffers that are there and lie inside them") {
  CHECK(refusal_of([](auto&, auto&) {}) == "accepted");
  CHECK(has(refusal_of([](auto& m, auto&) { m.requests[0].buffer = 2; }),
            "DMA buffer 2, the descriptor has 2"));
  CHECK(has(refusal_of([](auto& m, auto&) { m.requests[0].buffer = wire::qpc::kNoBuffer; }),
            "data of no buffer"));
  CHECK(has(refusal_of([](auto& m, auto&) { m.requests[0].host_offset = 1; }),
            "does not fit into DMA buffer 0"));
  CHECK(has(refusal_of([](auto& m, auto&) { m.requests[0].host_offset = ~0ULL; }),
            "does not fit into DMA buffer 0"));
  CHECK(has(refusal_of([](auto& m, auto&) { m.requests[0].transfer = Transfer::out; }), "other direction"));
  CHECK(refusal_of([](auto& m, auto&) {
          m.requests.push_back({});  // no data, no buffer: fine
        }) == "accepted");
}

TEST_CASE("requests must stay inside the card's memory") {
  CHECK(has(refusal_of([](auto& m, auto&) { m.requests[0].mcid = 2; }), "multicast id 2, the host has 2"));
  CHECK(has(refusal_of([](auto& m, auto&) { m.requests[0].dev_offset = 1; }),
            "past the end of multicast id 1"));
  CHECK(has(refusal_of([](auto& m, auto&) { m.requests[1].dev_offset = 4096 - 127; }),
            "end of the shared DDR"));
  CHECK(has(
      refusal_of([](auto& m, auto&) { m.requests[1].space = wire::qpc::AddressSpace::ddr_dynamic_shared; }),
      "dynamic shared DDR"));
}

TEST_CASE("doorbells must ring inside their window, aligned") {
  CHECK(
      has(refusal_of([](auto& m, auto&) { m.requests[0].doorbells[0].mcid = 2; }), "outside multicast id 2"));
  CHECK(has(refusal_of([](auto& m, auto&) { m.requests[0].doorbells[0].offset = 2046; }),
            "outside multicast id 0"));
  CHECK(has(refusal_of([](auto& m, auto&) { m.requests[0].doorbells[0].offset = ~0ULL; }),
            "outside multicast id 0"));
  CHECK(has(refusal_of([](auto& m, auto&) { m.requests[0].doorbells[0].offset = 2; }), "not aligned"));
}

TEST_CASE("descriptor and metadata must agree") {
  CHECK(has(refusal_of([](auto&, auto& d) { d.num_cores = 2; }), "descriptor says 2 NSPs, the metadata 1"));
  CHECK(has(refusal_of([](auto& m, auto&) { m.requests.pop_back(); }),
            "tensor 'y' is in DMA buffer 1, which no"));
  CHECK(has(refusal_of([](auto&, auto& d) { d.inputs.push_back(d.inputs[0]); }), "two tensors"));
  CHECK(refusal_of([](auto&, auto& d) { d.outputs[0].name = "x"; }) == "accepted");  // one of each direction
  CHECK(has(refusal_of([](auto& m, auto& d) {
              d.inputs[0].partial_allowed = true;
              m.requests.push_back(m.requests[0]);
            }),
            "may be given in part"));
}

TEST_CASE("sizes of constants must agree wherever they are written down") {
  CHECK(refusal_of_constants([](auto&, auto&) {}) == "accepted");
  CHECK(has(refusal_of_constants([](auto&, ByteVector& text) { poke64(text, 0, 201); }),
            "constants.bin has 200"));
  CHECK(has(refusal_of_constants([](auto&, ByteVector& text) { poke64(text, 8, ~0ULL - 100); }),
            "constants.bin has"));
  CHECK(has(refusal_of_constants([](auto&, ByteVector& text) { poke64(text, 0, 199); }), "200 static bytes"));
  CHECK(has(refusal_of_constants([](auto& segment, ByteVector& text) {
              poke64(text, 0, 199);
              segment.offset = 0;
            }),
            "the metadata 200 + 0"));
  CHECK(refusal_of_constants([](auto& segment, auto&) { segment.offset = 0; }) == "accepted");
  CHECK(has(refusal_of_constants([](auto&, ByteVector& text) { text.pop_back(); }), "23 bytes"));
  CHECK(has(refusal_of([](auto& m, auto&) { m.dynamic_constants_size = 1; }, "qpc-constants"),
            "no constants.bin"));
}

TEST_CASE("the parts' own errors come through") {
  const ByteVector file = program_file(metadata(), descriptor());
  auto container = program::parse_container(file);
  REQUIRE(container);
  const ByteVector garbage = hex("ffff");
  container->segments[1].bytes = garbage;  // networkdesc.bin
  CHECK(program::parse_program(*program::write_container(container->segments)).error().id ==
        "qpc-descriptor");
  container = program::parse_container(file);
  container->segments[0].name = "network.elf.crc";
  CHECK(program::parse_program(*program::write_container(container->segments)).error().id ==
        "qpc-segment-missing");
}

TEST_CASE("a program is shown with everything that was changed") {
  auto m = metadata();
  m.heap_size = 987654;
  auto d = descriptor();
  d.inputs[0].name = "renamed";
  const ByteVector file = program_file(m, d);
  const auto program = program::parse_program(file);
  REQUIRE(program);
  const std::string json = program::inspect_json(*program);
  CHECK(has(json, "\"heap_bytes\":987654"));
  CHECK(has(json, "\"memory_bytes\":" + std::to_string(program->elf_bytes.size() + 4096 + 987654) + "}"));
  CHECK(has(json, "\"name\":\"renamed\""));
  CHECK(has(json, "\"plan_error\":null"));
  CHECK(has(program::inspect_json(program->container), "\"program\":null"));
}
