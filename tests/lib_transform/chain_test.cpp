#include "lib/transform/chain.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cstring>
#include <vector>

namespace {

using namespace qaic::transform;
using qaic::wire::qpc::DataType;
using Bytes = std::vector<std::byte>;

template <class T>
Bytes bytes_of(const std::vector<T>& values) {
  Bytes out(values.size() * sizeof(T));
  std::memcpy(out.data(), values.data(), out.size());
  return out;
}

Elementwise quantize(std::size_t count) {
  return {quantize_loop(DataType::float32, DataType::int8_q), count, {0.5F, 1}};
}

Permutation transposed_2x3(std::size_t element) {
  const Permutation::Axis axes[] = {{3, 1}, {2, 3}};
  return {axes, element};
}

Bytes run(const Chain& chain, const Bytes& in) {
  Bytes out(chain.output_size() + 1, std::byte{0xEE});
  Bytes scratch(chain.scratch_size().value());
  REQUIRE(chain.run(in, out, scratch));
  CHECK(out.back() == std::byte{0xEE});
  out.pop_back();
  return out;
}

}  // namespace

TEST_CASE("a chain without steps copies") {
  const Chain chain(3);
  CHECK(chain.input_size() == 3);
  CHECK(chain.output_size() == 3);
  CHECK(chain.scratch_size() == 0);
  CHECK(run(chain, bytes_of<std::uint8_t>({1, 2, 3})) == bytes_of<std::uint8_t>({1, 2, 3}));
}

TEST_CASE("steps are done one after another") {
  // (x / 0.5) + 1, transposed, and back to floats: 1.5, 2.5 ... are kept by 0.5.
  const std::vector<float> in = {0, 0.5F, 1, 1.5F, 2, 2.5F};
  Chain chain(24);
  chain.add(quantize(6), 6);
  CHECK(chain.scratch_size() == 0);
  CHECK(run(chain, bytes_of(in)) == bytes_of<std::int8_t>({1, 2, 3, 4, 5, 6}));
  chain.add(transposed_2x3(1), 6);
  CHECK(chain.scratch_size() == 6);
  CHECK(run(chain, bytes_of(in)) == bytes_of<std::int8_t>({1, 4, 2, 5, 3, 6}));
  chain.add(Elementwise{dequantize_loop(DataType::int8_q, DataType::float32), 6, {0.5F, 1}}, 24);
  CHECK(chain.scratch_size() == 12);
  chain.add(transposed_2x3(4), 24);
  CHECK(chain.scratch_size() == 48);
  // Transposed twice as 2x3: what that does to 0 1 2 3 4 5 is 0 4 3 2 1 5.
  CHECK(run(chain, bytes_of(in)) == bytes_of<float>({0, 2, 1.5F, 1, 0.5F, 2.5F}));
  CHECK(chain.steps() == 4);
}

TEST_CASE("the first elements are done alone, through steps that keep their order") {
  const std::vector<float> in = {0, 0.5F, 1, 1.5F, 2, 2.5F};
  Chain chain(24);
  chain.add(quantize(6), 6);
  chain.add(Elementwise{dequantize_loop(DataType::int8_q, DataType::float32), 6, {0.25F, 1}}, 24);
  Bytes scratch(chain.scratch_size().value());
  const auto first = [&](std::size_t elements) {
    Bytes out = bytes_of<float>({9, 9, 9, 9, 9, 9});
    REQUIRE(chain.run_first(elements, bytes_of(in), out, scratch));
    return out;
  };
  CHECK(first(0) == bytes_of<float>({9, 9, 9, 9, 9, 9}));
  CHECK(first(3) == bytes_of<float>({0, 0.25F, 0.5F, 9, 9, 9}));
  for (const std::size_t all : {std::size_t{6}, std::size_t{7}}) {
    CHECK(first(all) == bytes_of<float>({0, 0.25F, 0.5F, 0.75F, 1, 1.25F}));
  }
  Bytes out(24);
  CHECK_FALSE(chain.run_first(3, bytes_of(in), qaic::base::MutableBytes(out).first(23), scratch));
  chain.add(transposed_2x3(4), 24);
  scratch.resize(chain.scratch_size().value());
  CHECK_FALSE(chain.run_first(6, bytes_of(in), out, scratch));
  CHECK_FALSE(Chain(24).run_first(6, bytes_of(in), out, {}));
}

TEST_CASE("memory that is too small is not touched") {
  Chain chain(24);
  chain.add(quantize(6), 6);
  chain.add(transposed_2x3(1), 6);
  const Bytes in(24);
  Bytes out(6);
  Bytes scratch(6);
  CHECK(chain.run(in, out, scratch));
  CHECK_FALSE(chain.run(qaic::base::Bytes(in).first(23), out, scratch));
  CHECK_FALSE(chain.run(in, qaic::base::MutableBytes(out).first(5), scratch));
  CHECK_FALSE(chain.run(in, out, qaic::base::MutableBytes(scratch).first(5)));
}

TEST_CASE("scratch that is no number is said to be none") {
  constexpr std::size_t kHuge = ~std::size_t{0} / 2 + 1;
  Chain chain(1);
  for (int i = 0; i < 3; ++i) chain.add(transposed_2x3(1), kHuge);
  CHECK_FALSE(chain.scratch_size());
  CHECK_FALSE(chain.run({}, {}, {}));
}
