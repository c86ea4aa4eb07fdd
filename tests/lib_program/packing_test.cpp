#include "lib/program/packing.hpp"

#include <doctest/doctest.h>

#include "tests/lib_program/samples.hpp"
#include "wire/qpc.hpp"

namespace {

using namespace qaic;
using program::fits_whole;
using program::PartialBuffer;
using program::Tensor;
using wire::qpc::DataType;
using wire::qpc::Transfer;

Tensor input(std::uint32_t buffer, std::uint32_t offset, std::uint64_t bytes) {
  Tensor out;
  out.type = static_cast<std::uint32_t>(DataType::int16_q);
  out.byte_size = out.moved_size = bytes;
  out.place = Tensor::Place{buffer, offset};
  return out;
}

Tensor partial(std::uint32_t buffer, std::uint32_t record, std::uint64_t bytes, std::uint32_t align) {
  Tensor out = input(buffer, record, bytes);
  out.partial_allowed = true;
  out.align = align;
  return out;
}

PartialBuffer only(const std::vector<Tensor>& tensors) {
  auto buffers = program::partial_buffers(tensors);
  REQUIRE(buffers.size() == 1);
  return buffers[0];
}

}  // namespace

TEST_CASE("partial inputs are packed behind records and whole inputs, each at its alignment") {
  auto buffer = only({partial(1, 0, 100, 64), input(0, 0, 4096), input(1, 24, 30), partial(1, 8, 50, 0),
                      partial(1, 16, 10, 12)});
  CHECK(buffer.buffer == 1);
  CHECK(buffer.begin == 54);  // the whole input ends there, the three records at 24
  REQUIRE(buffer.inputs.size() == 3);
  CHECK(buffer.inputs[0].tensor == 0);
  CHECK(buffer.inputs[0].record == 0);
  CHECK(buffer.inputs[0].offset == 64);
  CHECK(buffer.inputs[0].full_size == 100);
  CHECK(buffer.inputs[0].element_size == 2);
  CHECK(buffer.inputs[0].user_size == 100);
  CHECK(buffer.inputs[0].user_element_size == 2);
  CHECK(buffer.inputs[1].tensor == 3);
  CHECK(buffer.inputs[1].offset == 164);
  CHECK(buffer.inputs[2].offset == 216);
  CHECK(buffer.end == 226);
  CHECK(buffer.whole());

  buffer.inputs[0].size = 6;
  buffer.inputs[1].size = 0;
  REQUIRE(program::pack(buffer));
  CHECK_FALSE(buffer.whole());
  CHECK(buffer.inputs[0].offset == 64);
  CHECK(buffer.inputs[1].offset == 70);
  CHECK(buffer.inputs[2].offset == 72);
  CHECK(buffer.end == 82);
}

TEST_CASE("of an input that is converted the buffer has what is moved, and its user counts in other bytes") {
  Tensor converted = partial(0, 0, 100, 64);
  converted.chain.emplace(100);
  converted.chain->add(transform::Elementwise{nullptr, 50, {}}, 200);
  converted.moved_size = 200;
  const auto buffer = only({converted});
  REQUIRE(buffer.inputs.size() == 1);
  CHECK(buffer.inputs[0].full_size == 200);
  CHECK(buffer.inputs[0].element_size == 4);
  CHECK(buffer.inputs[0].user_size == 100);
  CHECK(buffer.inputs[0].user_element_size == 2);
  CHECK(buffer.end == 264);
}

TEST_CASE("outputs, inputs without a place and inputs that are whole have no records") {
  Tensor out = partial(0, 0, 8, 1);
  out.direction = Transfer::out;
  Tensor gone = partial(0, 0, 8, 1);
  gone.place.reset();
  CHECK(program::partial_buffers({out, gone, input(0, 0, 8)}).empty());
}

TEST_CASE("a record is where no other and no input is, and all is inside what is moved") {
  const auto two = only({partial(0, 0, 32, 16), partial(0, 8, 32, 16)});  // at 16 and 48
  CHECK(fits_whole(two, {0, 80}));
  CHECK_FALSE(fits_whole(two, {0, 79}));
  CHECK_FALSE(fits_whole(two, {1, 80}));
  CHECK_FALSE(fits_whole(only({partial(0, 0, 32, 16), partial(0, 7, 32, 16)}), {0, 4096}));
  CHECK_FALSE(fits_whole(only({partial(0, 0, 32, 16), partial(0, 9, 32, 16)}), {0, 4096}));
  // Beside a whole input, in it, and where it ends.
  CHECK(fits_whole(only({input(0, 8, 8), partial(0, 0, 32, 16)}), {0, 4096}));
  CHECK_FALSE(fits_whole(only({input(0, 7, 9), partial(0, 0, 32, 16)}), {0, 4096}));
  CHECK_FALSE(fits_whole(only({input(0, 0, 9), partial(0, 8, 32, 16)}), {0, 4096}));
  CHECK_FALSE(fits_whole(only({input(0, 0, 16), partial(0, 16, 32, 16)}), {0, 4096}));
  CHECK(fits_whole(only({input(0, 0, 16), input(0, 24, 8), partial(0, 16, 32, 16)}), {0, 4096}));
}

TEST_CASE("sizes beyond what a record can say do not fit anywhere") {
  const auto large = only({partial(0, 0, UINT64_MAX - 8, 1)});
  CHECK_FALSE(fits_whole(large, {0, UINT64_MAX - 1}));
  const auto aligned = only({partial(0, 0, 16, 0x80000000), partial(0, 8, 0x7FFFFFFF, 0x80000000)});
  CHECK_FALSE(fits_whole(aligned, {0, 1ULL << 40}));
}

TEST_CASE("a record is two little-endian words, offset first") {
  wire::qpc::PartialRecord record;
  record.offset = 0x04030201;
  record.size = 0x08070605;
  CHECK(samples::to_hex(base::bytes_of(record)) == "0102030405060708");
}
