#include "tools/qaic-run/json_tensor.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "tools/qaic-run/tensor_type.hpp"

using namespace qaic;
using namespace qaic::tools::run;

namespace {

qaic_tensor tensor(std::uint32_t type, const std::vector<std::int32_t>& dims) {
  qaic_tensor out{};
  out.type = type;
  out.name = "x";
  out.byte_size = tensor_type(type).size;
  for (const auto dim : dims) {
    out.dims[out.dim_count++] = dim;
    out.byte_size *= static_cast<std::uint64_t>(dim);
  }
  return out;
}

std::string read(const std::string& text, const qaic_tensor& to, Cast cast = Cast::refused) {
  const auto document = parse_json(base::as_bytes(text));
  if (!document) return document.error().id;
  const auto content = tensor_from_json(*document, to, cast);
  if (!content) return content.error().id;
  std::string out;
  const std::size_t size = tensor_type(to.type).size;
  for (std::size_t at = 0; at < content->size(); at += size) {
    out += element_text(to.type, content->data() + at) + " ";
  }
  return out;
}

}  // namespace

TEST_CASE("nested lists are a tensor of just their shape") {
  const auto ints = tensor(QAIC_TYPE_INT32, {2, 3});
  CHECK(read("[[1,2,3],[-4,5,6]]", ints) == "1 2 3 -4 5 6 ");
  for (const char* other : {"[1,2,3,4,5,6]", "[[1,2],[3,4],[5,6]]", "[[1,2,3]]", "[[1,2,3],[4,5]]", "7", "{}",
                            "null", "[[1,2,3],[4,5,6],[7,8,9]]"}) {
    CHECK(read(other, ints) == "tensor-shape");
  }
  CHECK(read("7", tensor(QAIC_TYPE_INT8, {})) == "7 ");
}

TEST_CASE("what is no document, or no number, is refused") {
  const auto ints = tensor(QAIC_TYPE_INT32, {1});
  for (const char* broken : {"", "[1", "[1] [2]", "[1,]", "nan", "[0x1]", "\xff"})
    CHECK(read(broken, ints) == "tensor-json");
  for (const char* other : {"[true]", "[null]", "[\"1\"]", "[[1]]", "[{}]", "[\"NaN\"]"})
    CHECK(read(other, ints) == "tensor-type");
}

TEST_CASE("a number that the type does not have is refused") {
  CHECK(read("[127]", tensor(QAIC_TYPE_INT8, {1})) == "127 ");
  CHECK(read("[128]", tensor(QAIC_TYPE_INT8, {1})) == "tensor-range");
  CHECK(read("[-1]", tensor(QAIC_TYPE_UINT8_Q, {1})) == "tensor-range");
  CHECK(read("[9223372036854775807]", tensor(QAIC_TYPE_INT64, {1})) == "9223372036854775807 ");
  CHECK(read("[9223372036854775808]", tensor(QAIC_TYPE_INT64, {1})) == "tensor-range");
  CHECK(read("[1e39]", tensor(QAIC_TYPE_FLOAT32, {1})) == "tensor-range");
  CHECK(read("[65520]", tensor(QAIC_TYPE_FLOAT16, {1})) == "tensor-range");
  CHECK(read("[65519]", tensor(QAIC_TYPE_FLOAT16, {1})) == "65504 ");
}

TEST_CASE("a number with a point is an integer only when a cast is asked for") {
  const auto ints = tensor(QAIC_TYPE_INT32, {1});
  CHECK(read("[3.0]", ints) == "tensor-type");
  CHECK(read("[3.0]", ints, Cast::allowed) == "3 ");
  CHECK(read("[3.5]", ints, Cast::allowed) == "tensor-range");
  CHECK(read("[3]", tensor(QAIC_TYPE_FLOAT32, {1})) == "3 ");
}

TEST_CASE("a document deeper than any tensor neither crashes nor is taken") {
  const std::string deep = std::string(200000, '[') + std::string(200000, ']');
  CHECK(read(deep, tensor(QAIC_TYPE_INT32, {1, 1})) == "tensor-type");
  CHECK(read(std::string(200000, '['), tensor(QAIC_TYPE_INT32, {1})) == "tensor-json");
}

TEST_CASE("a tensor is written so that it reads as it was") {
  const auto floats = tensor(QAIC_TYPE_FLOAT32, {2, 3});
  const float values[6] = {0.1F, -0.0F, 16777217.0F, NAN, INFINITY, -INFINITY};
  const auto bytes = std::as_bytes(std::span(values));
  const auto text = json_of_tensor(floats, bytes);
  const auto back = tensor_from_json(*parse_json(base::as_bytes(text)), floats, Cast::refused);
  REQUIRE(back);
  CHECK(std::memcmp(back->data(), values, sizeof values) == 0);
  const std::int8_t small[2] = {-128, 127};
  CHECK(json_of_tensor(tensor(QAIC_TYPE_INT8, {2}), std::as_bytes(std::span(small))) == "[-128, 127]");
}

TEST_CASE("the lengths of nested lists are those of the first at each level") {
  const auto lengths = [](const char* text) {
    qaic_tensor to{};
    to.dim_count = 2;
    to.dims[0] = 5;
    to.dims[1] = 3;
    return lengths_of(*parse_json(base::as_bytes(std::string_view(text))), to);
  };
  using Lengths = std::vector<std::int64_t>;
  CHECK(lengths("[[1, 2], [3, 4], [5, 6]]") == Lengths{3, 2});
  CHECK(lengths("[]") == Lengths{0, 3});
  CHECK(lengths("[[], []]") == Lengths{2, 0});
  CHECK(lengths("[1, 2]") == Lengths{2, 3});
  CHECK(lengths("7") == Lengths{5, 3});
  CHECK(lengths("[[[1]]]") == Lengths{1, 1});
}
