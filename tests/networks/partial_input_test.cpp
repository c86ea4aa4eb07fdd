// Inputs of which less than the whole is sent, through the public interface, on
// a simulated card: partial-input has one in its buffer, partial-pair two behind
// an input that is always whole. Runs inside `qaic-sim run`.
#include <doctest/doctest.h>

#include <cerrno>
#include <cstring>
#include <qaic/qaic.hpp>
#include <string>
#include <vector>

#include "lib/program/container.hpp"
#include "lib/program/descriptor.hpp"
#include "os/file.hpp"
#include "tests/networks/seen_ioctls.hpp"
#include "tests/support/must.hpp"
#include "wire/qpc.hpp"

using qaic::tests::last_execution;

namespace {

namespace program = qaic::program;
using qaic::tests::must;
using Numbers = std::vector<std::uint32_t>;

constexpr std::size_t kCount = 1024;
constexpr std::uint32_t kPatience = 20000;  // ms

Numbers numbers(std::size_t count, std::uint32_t seed) {
  Numbers out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint32_t>(i * 2654435761U + seed);
  return out;
}

void put(std::span<std::byte> memory, const Numbers& values) {
  REQUIRE(memory.size() == values.size() * 4);
  std::memcpy(memory.data(), values.data(), memory.size());
}

Numbers taken(std::span<const std::byte> memory) {
  Numbers out(memory.size() / 4);
  std::memcpy(out.data(), memory.data(), memory.size());
  return out;
}

// A network's file with its descriptor changed.
template <class Change>
qaic::base::ByteVector changed(const std::string& name, Change change) {
  const auto file = qaic::os::read_file(QAIC_NETWORKS "/" + name + "/programqpc.bin", 1U << 24);
  REQUIRE(file.has_value());
  auto container = program::parse_container(*file);
  REQUIRE(container.has_value());
  for (auto& segment : container->segments) {
    if (segment.name != qaic::wire::qpc::kNetworkDescriptor) continue;
    auto descriptor = program::parse_descriptor(segment.bytes);
    REQUIRE(descriptor.has_value());
    change(*descriptor);
    const auto written = program::write_descriptor(*descriptor);
    segment.bytes = written;
    return program::write_container(container->segments).value();
  }
  FAIL("no descriptor");
  return {};
}

struct Loaded {
  explicit Loaded(const std::string& name) : Loaded(changed(name, [](program::Descriptor&) {})) {}
  explicit Loaded(qaic::base::ByteVector file)
      : bytes(std::move(file)),
        program(must(qaic::Program::from_bytes(bytes))),
        device(must(qaic::Device::open("/dev/accel/accel0"))),
        network(must(qaic::Network::load(device, program))) {}

  qaic::base::ByteVector bytes;
  qaic::Program program;
  qaic::Device device;
  qaic::Network network;
};

// What partial-input makes of the first `count` of x.
Numbers expected_of(const Numbers& x, std::size_t count) {
  Numbers out(kCount, 2);
  for (std::size_t i = 0; i < count; ++i) out[i] = 3 * x[i] + 1;
  return out;
}

// And partial-pair.
Numbers expected_of(const Numbers& x, std::size_t xs, const Numbers& y, std::size_t ys, const Numbers& bias) {
  Numbers out(kCount);
  for (std::size_t i = 0; i < kCount; ++i) {
    out[i] = (i < xs ? 3 * x[i] : 0) + (i < ys ? 5 * y[i] : 0) + bias[i % 32];
  }
  return out;
}

program::IoFormat format(qaic::wire::qpc::DataType type, std::int32_t count, float scale = 0,
                         std::int32_t offset = 0) {
  return {static_cast<std::uint32_t>(type), scale, offset, {count}, 0};
}

// A step of an input in front of its copy.
void add_step(program::Binding& binding, qaic::wire::qpc::Transform kind, const program::IoFormat& result) {
  program::TransformStep step;
  step.kind = static_cast<std::uint32_t>(kind);
  step.type = result.type;
  step.scale = result.scale;
  step.offset = result.offset;
  step.dims = result.dims;
  binding.transforms.insert(binding.transforms.end() - 1, step);
  binding.transformed = result;
}

// Quantised on the host, by 0.5 and 1, from what takes half the memory.
void take_float16(program::Binding& binding) {
  using qaic::wire::qpc::DataType;
  using qaic::wire::qpc::Transform;
  binding.initial = format(DataType::float16, kCount);
  add_step(binding, Transform::convert, format(DataType::float32, kCount));
  add_step(binding, Transform::quantize, format(DataType::int32_q, kCount, 0.5F, 1));
}

// 2.0 and 1.0, as float16.
std::vector<std::uint16_t> halves() {
  std::vector<std::uint16_t> out(kCount);
  for (std::size_t i = 0; i < kCount; ++i) out[i] = static_cast<std::uint16_t>(i % 2 == 0 ? 0x4000 : 0x3C00);
  return out;
}

// What becomes of them: 2 / 0.5 + 1 and 1 / 0.5 + 1.
Numbers halves_on_card() {
  Numbers out(kCount);
  for (std::size_t i = 0; i < kCount; ++i) out[i] = i % 2 == 0 ? 5 : 3;
  return out;
}

void put(std::span<std::byte> memory, const std::vector<std::uint16_t>& values) {
  REQUIRE(memory.size() == values.size() * 2);
  std::memcpy(memory.data(), values.data(), memory.size());
}

std::string failure(const qaic::Expected<qaic::Done>& result) {
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().kind() == QAIC_ERROR_USAGE);
  return result.error().id();
}

}  // namespace

TEST_CASE("the program says which of its tensors are partial") {
  const auto tensors = must(qaic::Program::open(QAIC_NETWORKS "/partial-pair")).tensors();
  REQUIRE(tensors.size() == 4);
  CHECK(tensors[0].flags == QAIC_TENSOR_PARTIAL);
  CHECK(tensors[1].flags == 0);
  CHECK(tensors[2].flags == QAIC_TENSOR_PARTIAL);
  CHECK(tensors[3].flags == 0);
}

TEST_CASE("what is sent of a partial input counts, the rest is not sent") {
  Loaded loaded("partial-input");
  {
    auto inference = must(qaic::Inference::create(loaded.network));
    for (const std::size_t count :
         {kCount, std::size_t{700}, std::size_t{1}, std::size_t{0}, std::size_t{33}, kCount}) {
      CAPTURE(count);
      const Numbers x = numbers(kCount, static_cast<std::uint32_t>(count));
      put(inference.tensor(0), x);
      must(inference.set_size(0, count * 4));
      must(inference.submit());
      // A record and the padding behind it come first.
      CHECK(last_execution().partial == (count != kCount));
      if (count != kCount) {
        CHECK(last_execution().resizes == std::vector<std::uint64_t>{128 + count * 4, 4096});
      }
      must(inference.wait(kPatience));
      CHECK((taken(inference.tensor(1)) == expected_of(x, count)));
      CHECK((taken(inference.tensor(0)) == x));
    }
    CHECK(must(inference.export_tensor(0)).offset() == 128);
  }
  must(loaded.network.unload());
}

TEST_CASE("partial inputs in one buffer are packed, whatever is sent of each") {
  Loaded loaded("partial-pair");
  {
    auto inference = must(qaic::Inference::create(loaded.network));
    const Numbers x = numbers(kCount, 1);
    const Numbers bias = numbers(32, 2);
    const Numbers y = numbers(kCount, 3);
    put(inference.tensor(0), x);
    put(inference.tensor(1), bias);
    put(inference.tensor(2), y);
    struct Case {
      std::size_t x, y;
      std::uint64_t used;  // bytes of the buffer: x at 256, y at the next multiple of 256
    };
    // Each with the bytes of the first: what was sent before spoils nothing.
    for (const Case& c : {Case{kCount, kCount, 0}, Case{33, kCount, 512 + 4096}, Case{kCount, 33, 4352 + 132},
                          Case{0, 5, 256 + 20}, Case{5, 0, 512}, Case{0, 0, 256}, Case{64, 64, 512 + 256},
                          Case{kCount, kCount, 0}}) {
      CAPTURE(c.x);
      CAPTURE(c.y);
      must(inference.set_size(2, c.y * 4));
      must(inference.set_size(0, c.x * 4));
      must(inference.submit());
      CHECK(last_execution().partial == (c.used != 0));
      if (c.used != 0) CHECK(last_execution().resizes == std::vector<std::uint64_t>{c.used, 4096});
      must(inference.wait(kPatience));
      CHECK((taken(inference.tensor(3)) == expected_of(x, c.x, y, c.y, bias)));
    }
    CHECK((taken(inference.tensor(2)) == y));
  }
  must(loaded.network.unload());
}

TEST_CASE("a size that cannot be is refused, and the one before stays") {
  Loaded loaded("partial-pair");
  {
    auto inference = must(qaic::Inference::create(loaded.network));
    must(inference.set_size(0, 8));
    CHECK(failure(inference.set_size(0, 4097)) == "partial-size");
    CHECK(failure(inference.set_size(0, UINT64_MAX)) == "partial-size");
    CHECK(failure(inference.set_size(0, 6)) == "partial-element");
    CHECK(failure(inference.set_size(1, 4)) == "partial-input");
    CHECK(failure(inference.set_size(3, 4)) == "partial-input");
    CHECK(failure(inference.set_size(4, 0)) == "partial-input");
    must(inference.submit());
    CHECK(failure(inference.set_size(0, 4)) == "inference-in-flight");
    CHECK(last_execution().resizes == std::vector<std::uint64_t>{512 + 4096, 4096});
    must(inference.wait(kPatience));

    // Somebody else's memory gets no records written into it.
    const auto raw = must(inference.export_tensor(1));
    CHECK(raw.offset() == 128);
    for (const std::uint32_t tensor : {0U, 1U}) {
      const qaic_import import{0, tensor, raw.dma_buf(), 0};
      const auto other = qaic::Inference::create(loaded.network, std::span(&import, 1));
      REQUIRE_FALSE(other.has_value());
      CHECK(std::string(other.error().id()) == "tensor-import");
      CHECK(other.error().kind() == QAIC_ERROR_UNSUPPORTED);
    }
    for (const std::size_t tensor :
         {std::size_t{0}, std::size_t{2}}) {  // where they lie is not always the same
      const auto packed = inference.export_tensor(tensor);
      REQUIRE_FALSE(packed.has_value());
      CHECK(std::string(packed.error().id()) == "tensor-export");
    }
  }
  must(loaded.network.unload());
}

TEST_CASE("of an input that is converted a part is sent as well, counted as its user has it") {
  Loaded loaded(changed("partial-input", [](auto& descriptor) { take_float16(descriptor.inputs.at(0)); }));
  CHECK(loaded.program.tensors().at(0).flags == (QAIC_TENSOR_PARTIAL | QAIC_TENSOR_CONVERTED));
  {
    auto queue = must(qaic::Queue::create(loaded.network, {.depth = 1}));
    auto slot = must(queue.acquire());
    for (const std::size_t count : {kCount, std::size_t{701}, std::size_t{1}, std::size_t{0}, kCount}) {
      CAPTURE(count);
      put(queue.tensor(slot, 0), halves());
      CHECK(failure(queue.set_size(slot, 0, 2049)) == "partial-size");
      CHECK(failure(queue.set_size(slot, 0, 3)) == "partial-element");
      must(queue.set_size(slot, 0, count * 2));
      must(queue.submit(slot));
      CHECK(last_execution().partial == (count != kCount));
      if (count != kCount) {
        CHECK(last_execution().resizes == std::vector<std::uint64_t>{128 + count * 4, 4096});
      }
      REQUIRE_FALSE(must(queue.wait(slot, kPatience)).error.has_value());
      CHECK((taken(queue.tensor(slot, 1)) == expected_of(halves_on_card(), count)));
    }
    const auto exported = queue.export_tensor(slot, 0);
    REQUIRE_FALSE(exported.has_value());
    CHECK(std::string(exported.error().id()) == "tensor-export");
    CHECK(exported.error().kind() == QAIC_ERROR_UNSUPPORTED);
  }
  must(loaded.network.unload());
}

TEST_CASE("a converted part is packed beside another") {
  Loaded loaded(changed("partial-pair", [](auto& descriptor) { take_float16(descriptor.inputs.at(0)); }));
  {
    auto inference = must(qaic::Inference::create(loaded.network));
    const Numbers x = halves_on_card();
    const Numbers bias = numbers(32, 2);
    const Numbers y = numbers(kCount, 3);
    put(inference.tensor(0), halves());
    put(inference.tensor(1), bias);
    put(inference.tensor(2), y);
    for (const auto& counts : {std::pair{kCount, kCount},
                               {std::size_t{33}, kCount},
                               {kCount, std::size_t{5}},
                               {std::size_t{0}, std::size_t{7}},
                               {std::size_t{7}, std::size_t{0}}}) {
      const std::size_t xs = counts.first, ys = counts.second;
      CAPTURE(xs);
      CAPTURE(ys);
      must(inference.set_size(0, xs * 2));
      must(inference.set_size(2, ys * 4));
      must(inference.submit());
      must(inference.wait(kPatience));
      CHECK((taken(inference.tensor(3)) == expected_of(x, xs, y, ys, bias)));
    }
  }
  must(loaded.network.unload());
}

TEST_CASE("each slot of a queue has sizes of its own, whole again when it is acquired") {
  Loaded loaded("partial-input");
  {
    auto queue = must(qaic::Queue::create(loaded.network, {.depth = 2}));
    const Numbers x = numbers(kCount, 7);
    const auto run = [&](std::uint32_t slot, std::size_t count) {
      must(queue.submit(slot));
      const auto done = must(queue.wait(slot, kPatience));
      REQUIRE_FALSE(done.error.has_value());
      CHECK((taken(queue.tensor(slot, 1)) == expected_of(x, count)));
    };
    const auto first = must(queue.acquire());
    const auto second = must(queue.acquire());
    put(queue.tensor(first, 0), x);
    put(queue.tensor(second, 0), x);
    CHECK(failure(queue.set_size(first, 1, 0)) == "partial-input");
    CHECK(failure(queue.set_size(2, 0, 0)) == "queue-slot");
    must(queue.set_size(first, 0, 40));
    run(first, 10);
    run(second, kCount);
    run(first, 10);  // until it is set again
    must(queue.submit(first));
    CHECK(failure(queue.set_size(first, 0, 4)) == "queue-slot");
    must(queue.wait(first, kPatience));
    must(queue.release(second));
    CHECK(failure(queue.set_size(second, 0, 4)) == "queue-slot");
    must(queue.release(first));
    for (int i = 0; i < 2; ++i) run(must(queue.acquire()), kCount);
  }
  must(loaded.network.unload());
}

TEST_CASE("memory of others that ends where the slices do can be beside a partial input") {
  Loaded whole("partial-input");
  Loaded loaded(changed("partial-input", [](program::Descriptor& descriptor) {
    descriptor.dma_buffers.at(1).size = 8192;  // more than is moved
  }));
  {
    auto owner = must(qaic::Inference::create(whole.network));
    const auto result = must(owner.export_tensor(1));  // of 4096 bytes
    const qaic_import import{0, 1, result.dma_buf(), 0};
    auto created = qaic::Inference::create(loaded.network, std::span(&import, 1));
    if (!created && created.error().code() == ENOSYS) {
      MESSAGE("the driver of 6.12 imports no buffer of another file: ", created.error().what());
      return;
    }
    auto inference = must(std::move(created));
    const Numbers x = numbers(kCount, 5);
    put(inference.tensor(0), x);
    for (const std::size_t count : {std::size_t{12}, std::size_t{0}, kCount}) {
      must(inference.set_size(0, count * 4));
      must(inference.submit());
      must(inference.wait(kPatience));
      CHECK((taken(owner.tensor(1)) == expected_of(x, count)));
    }
  }
  must(loaded.network.unload());
  must(whole.network.unload());
}
