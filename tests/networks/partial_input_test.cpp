// The partial-input network on a simulated card, driven below libqaic's public
// interface, which has no partial inputs: its buffers by hand, PARTIAL_EXECUTE.
// Runs inside `qaic-sim run`.
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "lib/core/buffer.hpp"
#include "lib/core/network.hpp"
#include "lib/core/program_file.hpp"
#include "lib/uapi/ioctl.hpp"

using namespace qaic;

namespace {

constexpr std::size_t kCount = 1024;
constexpr std::uint32_t kPatience = 20000;  // ms

// One set of buffers of the activated network.
struct Loaded {
  Loaded() {
    const auto file = core::ProgramFile::open(QAIC_NETWORKS "/partial-input");
    REQUIRE(file);
    auto opened = core::Device::open("/dev/accel/accel0");
    REQUIRE(opened);
    device = std::move(*opened);
    auto loaded = core::Network::load(device, file->program());
    REQUIRE(loaded);
    network = std::move(*loaded);
    for (const auto& bo : network->plan().bos) {
      auto buffer = core::Buffer::create(device, bo.size);
      REQUIRE(buffer);
      std::vector<wire::uapi::AttachSliceEntry> slices;
      for (const auto& slice : bo.slices) slices.push_back(program::resolve(slice, network->bases()));
      REQUIRE(buffer->attach(network->dbc(), bo.direction, slices));
      REQUIRE(buffer->map());
      buffers.push_back(std::move(*buffer));
    }
    REQUIRE(buffers.size() == 2);
  }

  // Sends the first `count` numbers of x.
  std::vector<std::uint32_t> run(const std::vector<std::uint32_t>& x, std::size_t count) {
    std::memcpy(buffers[0].bytes().data(), x.data(), kCount * 4);
    std::array<wire::uapi::PartialExecuteEntry, 2> entries{};
    for (std::size_t i = 0; i < 2; ++i) entries[i].handle = buffers[i].handle().value;
    entries[0].resize = count * 4;
    entries[1].resize = kCount * 4;
    REQUIRE(uapi::partial_execute(device->fd(), network->dbc(), entries));
    for (const auto& buffer : buffers) {
      REQUIRE(uapi::wait(device->fd(), network->dbc(), buffer.handle(), kPatience));
    }
    std::vector<std::uint32_t> result(kCount);
    std::memcpy(result.data(), buffers[1].bytes().data(), kCount * 4);
    return result;
  }

  std::shared_ptr<core::Device> device;
  std::unique_ptr<core::Network> network;
  std::vector<core::Buffer> buffers;
};

}  // namespace

TEST_CASE("what is sent of a partial input counts, the rest counts as zeros") {
  Loaded loaded;
  std::vector<std::uint32_t> x(kCount);
  for (const std::size_t count :
       {kCount, std::size_t{700}, std::size_t{1}, std::size_t{0}, std::size_t{33}}) {
    CAPTURE(count);
    for (std::size_t i = 0; i < kCount; ++i) x[i] = static_cast<std::uint32_t>(i * 2654435761U + count);
    std::vector<std::uint32_t> expected(kCount, 1);
    for (std::size_t i = 0; i < count; ++i) expected[i] = 3 * x[i] + 1;
    CHECK((loaded.run(x, count) == expected));
  }
  REQUIRE(loaded.network->unload());
}
