// Tensors that the host converts, against a simulated card; run below
// `qaic-sim run --set nsp_count=4`.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <optional>
#include <qaic/qaic.hpp>
#include <span>
#include <string>
#include <vector>

#include "tests/lib_core/double_program.hpp"
#include "tests/support/must.hpp"

namespace {

using qaic::tests::must;
using Floats = std::array<float, 32>;
constexpr std::size_t kInput = 0;
constexpr std::size_t kOutput = 1;

// The network "double" with transforms, on a device that is opened for it.
struct Stage {
  qaic::Device device;
  qaic_program* program = nullptr;
  qaic_network* network = nullptr;
  qaic::base::ByteVector bytes;

  Stage() : device(must(qaic::Device::open(must(qaic::Inventory::read()).cards().at(0).node))) {
    qaic::tests::DoubleProgram wanted;
    wanted.transforms = true;
    bytes = qaic::tests::build(wanted);
    qaic_error error{};
    REQUIRE_MESSAGE(qaic_program_from_bytes(bytes.data(), bytes.size(), &program, &error) == 0, error.what);
    REQUIRE_MESSAGE(qaic_network_load(device.get(), program, &network, &error) == 0, error.what);
  }
  ~Stage() {
    CHECK(qaic_network_unload(network, nullptr) == 0);
    qaic_program_free(program);
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
};

Floats input(float first) {
  Floats out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = first + 0.5F * static_cast<float>(i);
  return out;
}

// By hand: the card gets q = x / 0.5 + 1 of the 4x8 tensor as 8x4, gives 2 q,
// which is read as (2 q + 4) * 0.25 = x + 1.5.
Floats output(float first) {
  const Floats x = input(first);
  Floats out{};
  for (std::size_t row = 0; row < 8; ++row) {
    for (std::size_t column = 0; column < 4; ++column) {
      out[4 * row + column] = x[8 * column + row] + 1.5F;
    }
  }
  return out;
}

struct InferenceOwner {
  qaic_inference* raw = nullptr;
  ~InferenceOwner() { qaic_inference_free(raw); }
};

struct QueueOwner {
  qaic_queue* raw = nullptr;
  ~QueueOwner() { qaic_queue_free(raw); }
};

void put(void* memory, const Floats& values) {
  REQUIRE(memory != nullptr);
  std::memcpy(memory, values.data(), sizeof values);
}

bool holds(const void* memory, const Floats& values) {
  return memory != nullptr && std::memcmp(memory, values.data(), sizeof values) == 0;
}

// For the callback: submits each slot again until `left` are through.
struct Again {
  qaic_queue* queue = nullptr;
  std::atomic<int> left{60};
  std::atomic<int> wrong{0};
};

void go_again(void* context, const qaic_completion* completion, const qaic_error* error) {
  auto& again = *static_cast<Again*>(context);
  const float first = static_cast<float>(completion->user_data);
  void* out = qaic_queue_tensor(again.queue, completion->slot, kOutput, nullptr);
  if (error != nullptr || !holds(out, output(first))) ++again.wrong;
  if (--again.left <= 0) return;
  const Floats next = input(first + 7);
  std::memcpy(qaic_queue_tensor(again.queue, completion->slot, kInput, nullptr), next.data(), sizeof next);
  if (qaic_queue_submit(again.queue, completion->slot, completion->user_data + 7, nullptr) != 0)
    ++again.wrong;
}

}  // namespace

TEST_CASE("a user sees a tensor in the user's form, and that it is converted") {
  const Stage stage;
  for (const std::size_t index : {kInput, kOutput}) {
    qaic_tensor tensor{};
    tensor.size = sizeof tensor;
    REQUIRE(qaic_program_tensor(stage.program, index, &tensor, nullptr) == 0);
    CHECK(tensor.type == QAIC_TYPE_FLOAT32);
    CHECK(tensor.byte_size == sizeof(Floats));
    CHECK(tensor.flags == QAIC_TENSOR_CONVERTED);
    CHECK(tensor.dims[0] == (index == kInput ? 4 : 8));
  }
  const auto plain = qaic::tests::build({});
  qaic_program* program = nullptr;
  REQUIRE(qaic_program_from_bytes(plain.data(), plain.size(), &program, nullptr) == 0);
  qaic_tensor tensor{};
  tensor.size = sizeof tensor;
  REQUIRE(qaic_program_tensor(program, kInput, &tensor, nullptr) == 0);
  CHECK(tensor.flags == 0);
  qaic_program_free(program);
}

TEST_CASE("an inference converts what goes in and what comes out, each time") {
  const Stage stage;
  InferenceOwner inference;
  qaic_error error{};
  REQUIRE_MESSAGE(qaic_inference_create(stage.network, &inference.raw, &error) == 0, error.what);
  std::size_t size = 0;
  void* in = qaic_inference_tensor(inference.raw, kInput, &size);
  CHECK(size == sizeof(Floats));
  void* out = qaic_inference_tensor(inference.raw, kOutput, &size);
  CHECK(size == sizeof(Floats));
  for (const float first : {0.0F, -100.0F, 12.5F}) {
    put(in, input(first));
    REQUIRE_MESSAGE(qaic_inference_submit(inference.raw, &error) == 0, error.what);
    REQUIRE_MESSAGE(qaic_inference_wait(inference.raw, 20000, &error) == 0, error.what);
    CHECK(holds(out, output(first)));
    CHECK(holds(in, input(first)));  // left as it was
  }
}

TEST_CASE("a queue converts for each slot, whoever waits") {
  const Stage stage;
  for (const auto delivery : {QAIC_QUEUE_WAIT, QAIC_QUEUE_EVENT}) {
    QueueOwner queue;
    qaic_error error{};
    qaic_queue_options options{};
    options.size = sizeof options;
    options.depth = 4;
    options.delivery = delivery;
    options.deadline_ms = 20000;
    REQUIRE_MESSAGE(qaic_queue_create(stage.network, &options, &queue.raw, &error) == 0, error.what);
    for (std::uint64_t i = 0; i < 40; ++i) {
      std::uint32_t slot = 0;
      if (i < 4) {
        REQUIRE_MESSAGE(qaic_queue_acquire(queue.raw, 0, &slot, &error) == 0, error.what);
      } else {
        qaic_completion done{};
        done.size = sizeof done;
        REQUIRE_MESSAGE(qaic_queue_next(queue.raw, 20000, &done, &error) == 0, error.what);
        REQUIRE(done.kind == 0);
        slot = done.slot;
        CHECK(holds(qaic_queue_tensor(queue.raw, slot, kOutput, nullptr),
                    output(static_cast<float>(done.user_data))));
      }
      put(qaic_queue_tensor(queue.raw, slot, kInput, nullptr), input(static_cast<float>(100 * i)));
      REQUIRE_MESSAGE(qaic_queue_submit(queue.raw, slot, 100 * i, &error) == 0, error.what);
    }
    REQUIRE_MESSAGE(qaic_queue_drain(queue.raw, 20000, &error) == 0, error.what);
  }
}

TEST_CASE("a callback gets converted outputs") {
  const Stage stage;
  QueueOwner queue;
  Again again;
  qaic_error error{};
  qaic_queue_options options{};
  options.size = sizeof options;
  options.depth = 3;
  options.delivery = QAIC_QUEUE_CALLBACK;
  options.deadline_ms = 20000;
  options.callback = go_again;
  options.context = &again;
  REQUIRE_MESSAGE(qaic_queue_create(stage.network, &options, &queue.raw, &error) == 0, error.what);
  again.queue = queue.raw;
  for (std::uint64_t i = 0; i < 3; ++i) {
    std::uint32_t slot = 0;
    REQUIRE(qaic_queue_acquire(queue.raw, 0, &slot, &error) == 0);
    put(qaic_queue_tensor(queue.raw, slot, kInput, nullptr), input(static_cast<float>(1000 * i)));
    REQUIRE_MESSAGE(qaic_queue_submit(queue.raw, slot, 1000 * i, &error) == 0, error.what);
  }
  REQUIRE_MESSAGE(qaic_queue_drain(queue.raw, 60000, &error) == 0, error.what);
  CHECK(again.wrong == 0);
  CHECK(again.left <= 0);
}

TEST_CASE("a converted tensor is neither exported nor imported") {
  const Stage stage;
  InferenceOwner inference;
  qaic_error error{};
  REQUIRE(qaic_inference_create(stage.network, &inference.raw, &error) == 0);
  qaic_export shared{};
  shared.size = sizeof shared;
  CHECK(qaic_inference_export(inference.raw, kOutput, &shared, &error) != 0);
  CHECK(std::string(error.id) == "tensor-export");
  CHECK(error.kind == QAIC_ERROR_UNSUPPORTED);
  InferenceOwner second;
  const qaic_import import{0, kInput, 0, 0};
  CHECK(qaic_inference_create_imported(stage.network, &import, 1, &second.raw, &error) != 0);
  CHECK(std::string(error.id) == "tensor-import");
  CHECK(error.kind == QAIC_ERROR_UNSUPPORTED);
}
