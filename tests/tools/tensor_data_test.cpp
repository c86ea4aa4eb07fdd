#include "tools/qaic-run/tensor_data.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "tools/qaic-run/tensor_type.hpp"

using namespace qaic;
using namespace qaic::tools::run;

namespace {

qaic_tensor tensor(std::uint32_t index, qaic_tensor_direction direction, const char* name,
                   std::uint32_t type = QAIC_TYPE_INT32, std::int32_t count = 4) {
  qaic_tensor out{};
  out.index = index;
  out.direction = static_cast<std::uint32_t>(direction);
  out.type = type;
  out.dim_count = 1;
  out.dims[0] = count;
  out.byte_size = tensor_type(type).size * static_cast<std::size_t>(count);
  out.name = name;
  return out;
}

const std::vector<qaic_tensor> kTensors{tensor(0, QAIC_TENSOR_INPUT, "a"), tensor(1, QAIC_TENSOR_INPUT, "b"),
                                        tensor(2, QAIC_TENSOR_OUTPUT, "out")};

}  // namespace

TEST_CASE("files go to tensors by name, by position, and the rest in order") {
  const auto files = match_tensors({"x.npy", "b=y.npy"}, kTensors, QAIC_TENSOR_INPUT);
  REQUIRE(files.has_value());
  REQUIRE(files->size() == 2);
  CHECK((*files)[0].tensor == 1);
  CHECK((*files)[1].tensor == 0);
  CHECK(match_tensors({"0=o"}, kTensors, QAIC_TENSOR_OUTPUT)->front().tensor == 2);
}

TEST_CASE("a name that is not there, given twice, or one file too many is refused") {
  CHECK(match_tensors({"out=x"}, kTensors, QAIC_TENSOR_INPUT).error().id == "tensor-unknown");
  CHECK(match_tensors({"2=x"}, kTensors, QAIC_TENSOR_INPUT).error().id == "tensor-unknown");
  CHECK(match_tensors({"a=x", "0=y"}, kTensors, QAIC_TENSOR_INPUT).error().id == "tensor-twice");
  CHECK(match_tensors({"x", "y", "z"}, kTensors, QAIC_TENSOR_INPUT).error().id == "tensor-too-many");
}

TEST_CASE("a half-precision element reads as the number it is") {
  const auto value = [](std::uint16_t bits) {
    std::byte bytes[2];
    std::memcpy(bytes, &bits, 2);
    return element(QAIC_TYPE_FLOAT16, bytes);
  };
  CHECK(value(0x3C00) == 1.0);
  CHECK(value(0xC000) == -2.0);
  CHECK(value(0x0001) == doctest::Approx(5.9604644775390625e-8));
  CHECK(value(0x7BFF) == 65504.0);
}

TEST_CASE("random data repeats with its seed, fills the tensor, and floats stay in [-1, 1)") {
  const auto ints = tensor(0, QAIC_TENSOR_INPUT, "x", QAIC_TYPE_INT32, 64);
  CHECK(random_tensor(ints, 1) == random_tensor(ints, 1));
  CHECK(random_tensor(ints, 1) != random_tensor(ints, 2));
  for (const auto type : {QAIC_TYPE_FLOAT32, QAIC_TYPE_FLOAT16}) {
    const auto floats = tensor(0, QAIC_TENSOR_INPUT, "x", static_cast<std::uint32_t>(type), 4096);
    const auto bytes = random_tensor(floats, 3);
    double least = 0;
    double most = 0;
    const std::size_t size = tensor_type(floats.type).size;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      least = std::min(least, element(floats.type, bytes.data() + at));
      most = std::max(most, element(floats.type, bytes.data() + at));
    }
    CHECK(least >= -1);
    CHECK(most < 1);
    CHECK(least < -0.5);
    CHECK(most > 0.5);
  }
}
