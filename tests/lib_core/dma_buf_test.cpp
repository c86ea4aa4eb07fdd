// Tensors in memory of others, against a simulated card; run below
// `qaic-sim run --set nsp_count=4`.
#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <numeric>
#include <qaic/qaic.hpp>
#include <string>
#include <vector>

#include "tests/lib_core/double_program.hpp"
#include "tests/support/must.hpp"

namespace {

using qaic::tests::must;
using Words = std::array<std::uint32_t, 32>;
constexpr std::uint32_t kInput = 0;
constexpr std::uint32_t kOutput = 1;

// The network "double" on a device that is opened for it.
struct Stage {
  qaic::Device device;
  qaic_network* network = nullptr;

  Stage() : device(must(qaic::Device::open(must(qaic::Inventory::read()).cards().at(0).node))) {
    const auto bytes = qaic::tests::build({});
    qaic_program* program = nullptr;
    qaic_error error{};
    REQUIRE_MESSAGE(qaic_program_from_bytes(bytes.data(), bytes.size(), &program, &error) == 0, error.what);
    REQUIRE_MESSAGE(qaic_network_load(device.get(), program, &network, &error) == 0, error.what);
    qaic_program_free(program);
  }
  ~Stage() { CHECK(qaic_network_unload(network, nullptr) == 0); }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
};

struct Buffers {
  qaic_inference* raw = nullptr;
  qaic_error error{};
  int result = 0;

  explicit Buffers(const Stage& stage, const std::vector<qaic_import>& imports = {})
      : result(qaic_inference_create_imported(stage.network, imports.data(), imports.size(), &raw, &error)) {}
  ~Buffers() { qaic_inference_free(raw); }
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;

  void run() {
    REQUIRE_MESSAGE(qaic_inference_submit(raw, &error) == 0, error.what);
    REQUIRE_MESSAGE(qaic_inference_wait(raw, 20000, &error) == 0, error.what);
  }
  void put(std::uint32_t first) {
    Words words{};
    std::iota(words.begin(), words.end(), first);
    std::memcpy(qaic_inference_tensor(raw, kInput, nullptr), words.data(), sizeof(words));
  }
  // Whether the output is the numbers from `first` on, times `factor`.
  bool holds(std::uint32_t first, std::uint32_t factor) {
    Words words{};
    std::memcpy(words.data(), qaic_inference_tensor(raw, kOutput, nullptr), sizeof(words));
    for (const auto word : words) {
      if (word != factor * first++) return false;
    }
    return true;
  }
  qaic::Exported exported(std::size_t tensor) {
    qaic_export out{};
    out.size = sizeof(out);
    REQUIRE_MESSAGE(qaic_inference_export(raw, tensor, &out, &error) == 0, error.what);
    CHECK(out.byte_size == sizeof(Words));
    CHECK(out.offset == 0);
    return qaic::Exported(out);
  }
};

}  // namespace

TEST_CASE("the output of one network is the input of the next, in the same memory") {
  const Stage first;
  const Stage second;
  Buffers one(first);
  REQUIRE(one.result == 0);
  std::size_t size = 1;
  {
    const auto between = one.exported(kOutput);
    Buffers two(second, {{0, kInput, between.dma_buf(), 0}});
    REQUIRE_MESSAGE(two.result == 0, two.error.what);
    CHECK(qaic_inference_tensor(two.raw, kInput, &size) == nullptr);
    CHECK(size == 0);
    for (std::uint32_t round = 1; round < 10; ++round) {
      one.put(round);
      one.run();
      two.run();
      CHECK(two.holds(round, 4));
      CHECK(one.holds(round, 2));
    }
  }
  one.put(77);
  one.run();
  CHECK(one.holds(77, 2));
}

TEST_CASE("an output may be written into memory of others, which lives on without them") {
  const Stage first;
  const Stage second;
  const auto input = [&] {
    const Buffers gone(second);
    qaic_export out{};
    out.size = sizeof(out);
    REQUIRE(qaic_inference_export(gone.raw, kInput, &out, nullptr) == 0);
    return qaic::Exported(out);
  }();
  Buffers one(first, {{0, kOutput, input.dma_buf(), 0}});
  REQUIRE_MESSAGE(one.result == 0, one.error.what);
  Buffers two(second, {{0, kInput, input.dma_buf(), 0}});
  REQUIRE_MESSAGE(two.result == 0, two.error.what);
  one.put(9);
  one.run();
  two.run();
  CHECK(two.holds(9, 4));
}

TEST_CASE("a queue's slots have each their own imports") {
  const Stage first;
  const Stage second;
  Buffers one(first);
  Buffers two(first);
  const auto a = one.exported(kOutput);
  const auto b = two.exported(kOutput);
  const std::array<qaic_import, 2> imports{qaic_import{0, kInput, a.dma_buf(), 0},
                                           qaic_import{1, kInput, b.dma_buf(), 0}};
  qaic_queue_options options{};
  options.size = sizeof(options);
  options.depth = 2;
  options.imports = imports.data();
  options.import_count = imports.size();
  qaic_queue* queue = nullptr;
  qaic_error error{};
  REQUIRE_MESSAGE(qaic_queue_create(second.network, &options, &queue, &error) == 0, error.what);
  one.put(1);
  two.put(1000);
  one.run();
  two.run();
  for (std::uint32_t i = 0; i < 2; ++i) {
    std::uint32_t slot = 0;
    REQUIRE(qaic_queue_acquire(queue, 0, &slot, &error) == 0);
    REQUIRE(qaic_queue_submit(queue, slot, 0, &error) == 0);
    qaic_completion done{};
    done.size = sizeof(done);
    REQUIRE_MESSAGE(qaic_queue_wait(queue, slot, 20000, &done, &error) == 0, error.what);
    std::uint32_t word = 0;
    std::memcpy(&word, qaic_queue_tensor(queue, slot, kOutput, nullptr), sizeof(word));
    CHECK(word == (slot == 0 ? 4 : 4000));
  }
  qaic_export out{};
  out.size = sizeof(out);
  REQUIRE(qaic_queue_export(queue, 1, kOutput, &out, &error) == 0);
  CHECK(qaic::Exported(out).dma_buf() >= 0);
  CHECK(qaic_queue_export(queue, 2, kOutput, &out, &error) == -1);
  qaic_queue_free(queue);
  const qaic_import beyond{2, kInput, a.dma_buf(), 0};
  options.imports = &beyond;
  options.import_count = 1;
  CHECK(qaic_queue_create(second.network, &options, &queue, &error) == -1);
  CHECK(error.kind == QAIC_ERROR_USAGE);
}

TEST_CASE("what cannot be imported is refused and harms nobody") {
  const Stage stage;
  Buffers owner(stage);
  const auto own = owner.exported(kInput);

  // The kernel gives the same handle again: two owners would close it twice.
  const Buffers twice(stage, {{0, kInput, own.dma_buf(), 0}});
  CHECK(twice.result == -1);
  CHECK(std::string(twice.error.id) == "buffer-import");
  CHECK(twice.error.kind == QAIC_ERROR_USAGE);

  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const Buffers none(stage, {{0, kInput, pipe[0], 0}});
  CHECK(none.result == -1);
  CHECK(std::string(none.error.id) == "buffer-import");
  CHECK(none.error.kind == QAIC_ERROR_USAGE);
  ::close(pipe[0]);
  ::close(pipe[1]);

  const Buffers negative(stage, {{0, kInput, -1, 0}});
  CHECK(negative.result == -1);
  CHECK(std::string(negative.error.id) == "tensor-import");
  CHECK(negative.error.kind == QAIC_ERROR_USAGE);

  const Buffers unknown(stage, {{0, 2, own.dma_buf(), 0}});
  CHECK(unknown.result == -1);
  CHECK(std::string(unknown.error.id) == "tensor-import");
  qaic_export out{};
  out.size = sizeof(out);
  CHECK(qaic_inference_export(owner.raw, 2, &out, &owner.error) == -1);
  CHECK(std::string(owner.error.id) == "tensor-export");
  out.size = 0;
  CHECK(qaic_inference_export(owner.raw, kInput, &out, &owner.error) == -1);
  CHECK(std::string(owner.error.id) == "struct-size");

  owner.put(3);
  owner.run();
  CHECK(owner.holds(3, 2));
}

TEST_CASE("two dma-bufs for one buffer are refused, one that is named twice is not") {
  const Stage stage;
  const Stage other;
  Buffers owner(other);
  const auto in = owner.exported(kInput);
  const auto out = owner.exported(kOutput);
  const Buffers two(stage, {{0, kInput, in.dma_buf(), 0}, {0, kInput, out.dma_buf(), 0}});
  CHECK(two.result == -1);
  CHECK(std::string(two.error.id) == "tensor-import");
  CHECK(two.error.kind == QAIC_ERROR_USAGE);
  CHECK(std::string(two.error.what).find("two dma-bufs") != std::string::npos);
  const Buffers same(stage, {{0, kInput, in.dma_buf(), 0}, {0, kInput, in.dma_buf(), 0}});
  CHECK_MESSAGE(same.result == 0, same.error.what);
}

TEST_CASE("an import with a member that means nothing there is refused") {
  const Stage stage;
  const Stage other;
  Buffers owner(other);
  const auto own = owner.exported(kInput);
  for (const auto& import :
       {qaic_import{0, kInput, own.dma_buf(), 1}, qaic_import{1, kInput, own.dma_buf(), 0}}) {
    const Buffers refused(stage, {import});
    CHECK(refused.result == -1);
    CHECK(std::string(refused.error.id) == "tensor-import");
    CHECK(refused.error.kind == QAIC_ERROR_USAGE);
  }
  const qaic_import reserved{1, kInput, own.dma_buf(), 1};
  qaic_queue_options options{};
  options.size = sizeof(options);
  options.imports = &reserved;
  options.import_count = 1;
  qaic_queue* queue = nullptr;
  qaic_error error{};
  CHECK(qaic_queue_create(stage.network, &options, &queue, &error) == -1);
  CHECK(std::string(error.id) == "tensor-import");
  qaic_queue_free(queue);
}
