#include "lib/program/host_chain.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "lib/program/tensor.hpp"
#include "wire/qpc.hpp"

namespace {

using namespace qaic;
using program::Binding;
using program::IoFormat;
using program::TransformStep;
using wire::qpc::DataType;
using wire::qpc::Transfer;
using wire::qpc::Transform;
using Dims = std::vector<std::int32_t>;

IoFormat format(DataType type, Dims dims, float scale = 0, std::int32_t offset = 0) {
  return {static_cast<std::uint32_t>(type), scale, offset, std::move(dims), 0};
}

TransformStep step(Transform kind, const IoFormat& result, Dims shuffle = {}) {
  TransformStep out;
  out.kind = static_cast<std::uint32_t>(kind);
  out.type = result.type;
  out.scale = result.scale;
  out.offset = result.offset;
  out.dims = result.dims;
  out.layout = result.layout;
  out.shuffle = std::move(shuffle);
  return out;
}

TransformStep copy(Transfer direction) {
  TransformStep out;
  out.kind = static_cast<std::uint32_t>(Transform::copy_dma_buffer);
  out.copy = program::CopyDmaBuffer{direction, 8, 3};
  return out;
}

const IoFormat kReal = format(DataType::float32, {2, 3});
const IoFormat kSmall = format(DataType::int8_q, {2, 3}, 0.5F, 1);
const IoFormat kTurned = format(DataType::int8_q, {3, 2}, 0.5F, 1);

// float32 2x3 -> int8_q 2x3 -> int8_q 3x2 -> DMA buffer
Binding input() {
  return {
      "x",
      kReal,
      kTurned,
      {step(Transform::quantize, kSmall), step(Transform::transpose, kTurned, {1, 0}), copy(Transfer::in)},
      false,
      0};
}

// DMA buffer -> int8_q 3x2 -> int8_q 2x3 -> float32 2x3
Binding output() {
  return {
      "y",
      kTurned,
      kReal,
      {copy(Transfer::out), step(Transform::transpose, kSmall, {1, 0}), step(Transform::dequantize, kReal)},
      false,
      0};
}

template <class To, class From>
std::vector<To> run(const Binding& binding, Transfer direction, const std::vector<From>& in) {
  const auto chain = program::compile_chain(binding, direction);
  REQUIRE_MESSAGE(chain, chain.error().what);
  REQUIRE(chain->input_size() == in.size() * sizeof(From));
  std::vector<To> out(chain->output_size() / sizeof(To));
  std::vector<std::byte> scratch(chain->scratch_size().value());
  REQUIRE(chain->run(std::as_bytes(std::span(in)), std::as_writable_bytes(std::span(out)), scratch));
  return out;
}

// Why an input that `change` was done to has no chain.
template <class F>
void check_refused(F change, std::string_view why) {
  Binding binding = input();
  change(binding);
  const auto chain = program::compile_chain(binding, Transfer::in);
  REQUIRE_FALSE(chain);
  CHECK(chain.error().id == "tensor-transform");
  CHECK(chain.error().kind == base::ErrorKind::unsupported);
  CHECK_MESSAGE(chain.error().what.find(why) != std::string::npos, chain.error().what);
}

}  // namespace

TEST_CASE("an input goes from its user's form to that in the DMA buffer") {
  // round(x / 0.5) + 1, then 3x2 of 2x3.
  CHECK(run<std::int8_t>(input(), Transfer::in, std::vector<float>{0, 1, 2, 3, 4, 5}) ==
        std::vector<std::int8_t>{1, 7, 3, 9, 5, 11});
}

TEST_CASE("an output comes from the form in the DMA buffer to its user's") {
  CHECK(run<float>(output(), Transfer::out, std::vector<std::int8_t>{1, 7, 3, 9, 5, 11}) ==
        std::vector<float>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("a transposition of three axes gives axis i what was axis shuffle[i]") {
  Binding binding = input();
  binding.initial = format(DataType::int8, {2, 3, 4});
  binding.transformed = format(DataType::int8, {4, 2, 3});
  binding.transforms = {step(Transform::transpose, binding.transformed, {2, 0, 1}), copy(Transfer::in)};
  std::vector<std::int8_t> in(24);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::int8_t>(i);
  // By Python's itertools.
  CHECK(run<std::int8_t>(binding, Transfer::in, in) ==
        std::vector<std::int8_t>{0, 4, 8,  12, 16, 20, 1, 5, 9,  13, 17, 21,
                                 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23});
  // Read the other way round, the dims would be 3, 4, 2.
  binding.transformed.dims = {3, 4, 2};
  binding.transforms[0].dims = {3, 4, 2};
  const auto chain = program::compile_chain(binding, Transfer::in);
  REQUIRE_FALSE(chain);
  CHECK(chain.error().what == "transpose (step 0): its dims are not the shuffled ones");
}

TEST_CASE("tensors have the sizes of both ends, and their place in the DMA buffer") {
  program::Descriptor descriptor;
  descriptor.inputs = {input()};
  descriptor.outputs = {output()};
  const auto tensors = program::list_tensors(descriptor);
  REQUIRE(tensors.size() == 2);
  for (const auto& tensor : tensors) {
    CHECK(tensor.unsupported_transform.empty());
    CHECK(tensor.type == static_cast<std::uint32_t>(DataType::float32));
    CHECK(tensor.dims == Dims{2, 3});
    CHECK(tensor.byte_size == 24);
    CHECK(tensor.moved_size == 6);
    REQUIRE(tensor.place);
    CHECK(tensor.place->buffer == 3);
    CHECK(tensor.place->offset == 8);
    REQUIRE(tensor.chain);
    CHECK(tensor.chain->steps() == 2);
  }
  // Copied only: no chain, even if its ends are not the same format.
  descriptor.inputs[0].transforms = {copy(Transfer::in)};
  const auto plain = program::list_tensors(descriptor)[0];
  CHECK_FALSE(plain.chain);
  CHECK(plain.moved_size == 24);
  CHECK(plain.place);
}

TEST_CASE("numbers and dims that contradict are refused, with the step") {
  check_refused([](Binding& b) { b.transforms[0].scale = 0; }, "quantize (step 0): a scale of 0");
  check_refused([](Binding& b) { b.transforms[0].scale = -0.5F; }, "a scale of -0.5");
  check_refused([](Binding& b) { b.transforms[0].scale = INFINITY; }, "a scale of inf");
  check_refused([](Binding& b) { b.transforms[0].scale = NAN; }, "a scale of nan");
  check_refused([](Binding& b) { b.transforms[0].dims = {3, 2}; }, "quantize (step 0): it changes the dims");
  check_refused([](Binding& b) { b.transforms[0].dims = {}; }, "changes the dims");
  check_refused([](Binding& b) { b.transforms[0].layout = 1; }, "changes the layout");
  check_refused([](Binding& b) { b.transforms[0].type = 9; }, "no size that is known");
  check_refused([](Binding& b) { b.transforms[0].dims = {-1}; }, "no size that is known");
  check_refused([](Binding& b) { b.transforms[0].dims.assign(9, 1); }, "no size that is known");
  check_refused([](Binding& b) { b.transforms[0].type = 6; }, "from float32 to int32");
  check_refused([](Binding& b) { b.transforms[1].type = 3; }, "transpose (step 1): it changes the type");
  check_refused([](Binding& b) { b.transforms[1].scale = 0.25F; }, "it changes the quantisation");
  check_refused([](Binding& b) { b.transforms[1].offset = 0; }, "it changes the quantisation");
  check_refused([](Binding& b) { b.transforms[1].dims = {6, 1}; }, "not the shuffled ones");
  check_refused([](Binding& b) { b.transforms[1].dims = {3, 2, 1}; }, "not the shuffled ones");
  check_refused([](Binding& b) { b.transforms[1].layout = 4; }, "another layout than flat_nxyd");
  for (const Dims& shuffle : {Dims{}, {1}, {1, 1}, {0, 2}, {-1, 0}, {1, 0, 2}, {0, 1, 0}}) {
    check_refused([&](Binding& b) { b.transforms[1].shuffle = shuffle; },
                  "its shuffle is no permutation of 2 axes");
  }
  check_refused([](Binding& b) { b.transformed.dims = {2, 3}; }, "do not end in the format io_transformed");
  check_refused([](Binding& b) { b.transformed.scale = 0.25F; }, "do not end in");
  check_refused([](Binding& b) { b.transformed.offset = 2; }, "do not end in");
  check_refused([](Binding& b) { b.transformed.type = 3; }, "do not end in");
  check_refused([](Binding& b) { b.transformed.layout = 3; }, "do not end in");
  check_refused([](Binding& b) { b.initial.type = 77; }, "io_initial has no size");
  check_refused([](Binding& b) { b.partial_allowed = true; },
                "transpose (step 1): the tensor may be given in part");
}

TEST_CASE("dequantising goes by the numbers of what is dequantised, and by no others") {
  const auto refused = [](float scale, std::int32_t offset) {
    Binding binding = output();
    binding.transforms[2].scale = scale;
    binding.transforms[2].offset = offset;
    const auto chain = program::compile_chain(binding, Transfer::out);
    if (!chain) CHECK(chain.error().what.starts_with("dequantize (step 2): it names a scale or offset"));
    return !chain;
  };
  CHECK_FALSE(refused(0, 0));
  CHECK_FALSE(refused(1, 0));
  CHECK_FALSE(refused(0.5F, 1));
  CHECK(refused(0.25F, 1));
  CHECK(refused(NAN, 1));
  CHECK(refused(0.5F, 2));
  Binding binding = output();
  for (auto* scale : {&binding.initial.scale, &binding.transforms[1].scale}) *scale = 0;
  CHECK_FALSE(program::compile_chain(binding, Transfer::out));
}

TEST_CASE("a chain has one copy, next to the DMA buffer") {
  check_refused([](Binding& b) { b.transforms.clear(); }, "no transform at all");
  check_refused([](Binding& b) { b.transforms.pop_back(); }, "the last step is no copy");
  check_refused([](Binding& b) { b.transforms.insert(b.transforms.begin(), copy(Transfer::in)); },
                "copy_dma_buffer (step 0): a second copy");
  Binding binding = output();
  std::swap(binding.transforms[0], binding.transforms[1]);
  const auto chain = program::compile_chain(binding, Transfer::out);
  REQUIRE_FALSE(chain);
  CHECK(chain.error().what == "the first step is no copy from a DMA buffer");
}

TEST_CASE("what is not known is refused by its name") {
  for (std::uint32_t layout = 1; layout <= 11; ++layout) {
    check_refused(
        [&](Binding& b) {
          b.transforms[0].kind = static_cast<std::uint32_t>(Transform::convert_to_d32);
          b.transforms[0].layout = layout;
        },
        "convert_to_d32 (step 0): layout " + program::layout_text(layout) + ", of which");
  }
  CHECK(program::layout_text(3) == "d32_channel_major_8x8");
  CHECK(program::layout_text(10) == "packed_d4_spatial_major_8x8");
  CHECK(program::layout_text(11) == "11");
  check_refused([](Binding& b) { b.transforms[0].kind = 7; }, "kind 7 (step 0): a kind that is not known");
  check_refused([](Binding& b) { b.transforms[0].kind = static_cast<std::uint32_t>(Transform::convert); },
                "convert (step 0): from float32 to int8_q, of which it is not known");
}
