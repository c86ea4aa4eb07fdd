#include "tools/qaic-run/input_shapes.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tools/qaic-run/tensor_type.hpp"

using namespace qaic;
using namespace qaic::tools::run;

namespace {

using Dims = std::vector<std::int64_t>;

qaic_tensor tensor(std::uint32_t index, const char* name, const std::vector<std::int32_t>& dims,
                   std::uint32_t partial = 0) {
  qaic_tensor out{};
  out.index = index;
  out.direction = QAIC_TENSOR_INPUT;
  out.type = QAIC_TYPE_FLOAT16;
  out.dim_count = static_cast<std::uint32_t>(dims.size());
  out.byte_size = 2;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    out.dims[i] = dims[i];
    out.byte_size *= static_cast<std::uint64_t>(dims[i]);
  }
  out.name = name;
  out.flags = partial != 0 ? QAIC_TENSOR_PARTIAL : 0;
  return out;
}

// As the document of a program has them.
nlohmann::json allowing(const std::vector<std::vector<std::vector<std::int32_t>>>& tuples) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& tuple : tuples) {
    list.push_back(nlohmann::json::array());
    for (const auto& dims : tuple) list.back().push_back({{"dims", dims}});
  }
  return {{"program", {{"allowed_shapes", list}}}};
}

Dims dims_of(const std::optional<InputForm>& given) {
  REQUIRE(given.has_value());
  return Dims(given->form.dims, given->form.dims + given->form.dim_count);
}

// A token input and a past that is partial, in two sizes; and an output.
std::vector<qaic_tensor> three_tensors() {
  std::vector<qaic_tensor> out{tensor(0, "ids", {1, 32}), tensor(1, "past", {64}, 1), tensor(2, "out", {4})};
  out[2].direction = QAIC_TENSOR_OUTPUT;
  return out;
}

struct Two {
  std::vector<qaic_tensor> tensors = three_tensors();
  InputShapes shapes{tensors, allowing({{{1, 8}, {16}, {4}}, {{1, 32}, {64}, {4}}, {{1, 8}, {32}, {4}}})};
};

}  // namespace

TEST_CASE("where nothing is said, a tensor has its own shape and no other") {
  const InputShapes shapes;
  const auto one = tensor(0, "x", {8, 4}, 1);
  CHECK(shapes.with_dims(one, {8, 4})->form.byte_size == 64);
  CHECK_FALSE(shapes.with_dims(one, {7, 4}));
  CHECK_FALSE(shapes.with_dims(one, {32}));
  CHECK(shapes.with_bytes(one, 64)->known == InputForm::Known::bytes);
  CHECK_FALSE(shapes.with_bytes(one, 56));
  CHECK_FALSE(shapes.with_bytes(one, 0));
  CHECK(shapes.text(one) == "8x4");
}

TEST_CASE("of a partial input the first dimension may be less, of others nothing") {
  const std::vector<qaic_tensor> tensors{tensor(0, "x", {8, 4}, 1), tensor(1, "y", {8, 4})};
  const InputShapes shapes(tensors, allowing({}));
  CHECK(shapes.with_dims(tensors[0], {7, 4})->form.byte_size == 56);
  CHECK(dims_of(shapes.with_dims(tensors[0], {7, 4})) == Dims{7, 4});
  CHECK(shapes.with_dims(tensors[0], {0, 4})->form.byte_size == 0);
  CHECK_FALSE(shapes.with_dims(tensors[0], {9, 4}));
  CHECK_FALSE(shapes.with_dims(tensors[0], {8, 3}));
  CHECK_FALSE(shapes.with_dims(tensors[0], {28}));
  CHECK_FALSE(shapes.with_dims(tensors[0], {-1, 4}));
  CHECK(dims_of(shapes.with_bytes(tensors[0], 24)) == Dims{3, 4});
  CHECK(shapes.with_bytes(tensors[0], 0)->form.byte_size == 0);
  CHECK_FALSE(shapes.with_bytes(tensors[0], 25));
  CHECK_FALSE(shapes.with_bytes(tensors[0], 72));
  CHECK_FALSE(shapes.with_dims(tensors[1], {7, 4}));
  CHECK_FALSE(shapes.with_bytes(tensors[1], 56));
  CHECK_FALSE(shapes.with_bytes(tensors[1], 0));
  CHECK(shapes.text(tensors[0]) == "8x4, or less in the first dimension");
  CHECK(shapes.text(tensors[1]) == "8x4");

  const auto forms = shapes.complete({shapes.with_dims(tensors[0], {2, 4}), std::nullopt});
  REQUIRE(forms);
  CHECK((*forms)[0].byte_size == 16);
  CHECK((*forms)[1].byte_size == 64);
}

TEST_CASE("a program with allowed shapes takes those, and no other beginning of a partial input") {
  const Two two;
  CHECK(dims_of(two.shapes.with_dims(two.tensors[0], {1, 8})) == Dims{1, 8});
  CHECK_FALSE(two.shapes.with_dims(two.tensors[0], {1, 9}));
  CHECK_FALSE(two.shapes.with_dims(two.tensors[0], {1, 0}));
  CHECK_FALSE(two.shapes.with_dims(two.tensors[1], {17}));
  CHECK(two.shapes.with_dims(two.tensors[1], {0})->form.byte_size == 0);
  CHECK(two.shapes.with_bytes(two.tensors[1], 64)->form.dims[0] == 32);
  CHECK_FALSE(two.shapes.with_bytes(two.tensors[1], 34));
  CHECK_FALSE(two.shapes.with_dims(two.tensors[2], {3}));
  CHECK(two.shapes.text(two.tensors[0]) == "1x32 or 1x8");
  CHECK(two.shapes.text(two.tensors[1]) == "64 or 16 or 32 or nothing");
}

TEST_CASE("the inputs together must be one of the allowed tuples") {
  const Two two;
  const auto ids = [&](Dims dims) { return two.shapes.with_dims(two.tensors[0], dims); };
  const auto past = [&](std::int64_t count) { return two.shapes.with_dims(two.tensors[1], {count}); };
  using Given = std::vector<std::optional<InputForm>>;
  const auto sizes = [&](const Given& given) {
    const auto forms = two.shapes.complete(given);
    REQUIRE(forms);
    return std::pair((*forms)[0].byte_size, (*forms)[1].byte_size);
  };
  using Sizes = std::pair<std::uint64_t, std::uint64_t>;
  CHECK(sizes({ids({1, 8}), past(32), {}}) == Sizes(16, 64));
  // What is not given follows what is; the tensors' own shapes come first.
  CHECK(sizes({{}, {}, {}}) == Sizes(64, 128));
  CHECK(sizes({ids({1, 8}), {}, {}}) == Sizes(16, 32));
  CHECK(sizes({{}, past(32), {}}) == Sizes(16, 64));
  CHECK(sizes({{}, two.shapes.with_bytes(two.tensors[1], 64), {}}) == Sizes(16, 64));
  // Nothing of a partial input goes with all.
  CHECK(sizes({ids({1, 32}), past(0), {}}) == Sizes(64, 0));

  const auto refused = two.shapes.complete({ids({1, 32}), past(16), {}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().id == "tensor-shapes");
  CHECK(refused.error().kind == base::ErrorKind::bad_input);
  CHECK(refused.error().what == "the program does not allow these shapes together: ids 1x32, past 16");
  CHECK(refused.error().hint == "it allows ids 1x32, past 64; or ids 1x8, past 16; or ids 1x8, past 32");
  CHECK_FALSE(two.shapes.complete({ids({1, 32}), two.shapes.with_bytes(two.tensors[1], 32), {}}));
}

TEST_CASE("the tensors' own shapes are refused where the program does not allow them") {
  const std::vector<qaic_tensor> tensors{tensor(0, "x", {8})};
  const InputShapes shapes(tensors, allowing({{{4}}, {{2}}}));
  CHECK_FALSE(shapes.complete({shapes.with_dims(tensors[0], {8})}));
  CHECK(shapes.complete({std::nullopt}).value()[0].byte_size == 8);
}

TEST_CASE("a tuple that asks for more bytes than a tensor has, or for other tensors, is none to take") {
  const std::vector<qaic_tensor> tensors{tensor(0, "x", {8})};
  const InputShapes shapes(tensors, allowing({{{9}}, {{4}, {4}}, {{-4}}, {{65536, 65536, 65536, 65536}}}));
  CHECK_FALSE(shapes.with_dims(tensors[0], {9}));
  CHECK_FALSE(shapes.with_bytes(tensors[0], 0));
  const auto refused = shapes.complete({std::nullopt});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().hint == "it allows none that its tensors could have");
}
