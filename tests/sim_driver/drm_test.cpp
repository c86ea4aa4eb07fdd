#include <doctest/doctest.h>

#include "tests/sim_driver/bench.hpp"

using namespace qaic;
using namespace qaic::sim::driver;
using namespace qaic::sim::driver::test;
using namespace qaic::wire::uapi;

TEST_CASE("the node cannot be opened before the handshake, and comes online with it") {
  Bench bench;
  OpenFile file{};
  CHECK(bench.driver.open(bench.node, file) == -ENODEV);
  bench.driver.probe();
  CHECK(bench.driver.online());
  const auto events = bench.accel_events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].action == "online");
  CHECK(events[0].environment.empty());
  CHECK(bench.driver.open(bench.node, file) == 0);
}

TEST_CASE("the card's own words are passed on") {
  Bench bench;
  CHECK(bench.driver.take_messages() == std::vector<std::string>{"scripted"});
}

TEST_CASE("a card of another protocol version, or with a bad checksum, stays offline") {
  for (const auto& [major, minor] : {std::pair{4, 0}, std::pair{5, 1}, std::pair{6, 0}}) {
    Bench bench;
    bench.script.status_major = static_cast<std::uint16_t>(major);
    bench.script.status_minor = static_cast<std::uint16_t>(minor);
    bench.driver.probe();
    CHECK_FALSE(bench.driver.online());
    CHECK(bench.accel_events().empty());
  }
  Bench bench;
  bench.script.answers.push_back([](const CardScript::Message& request) {
    auto reply = Reply(request.sequence()).status(5, 0, 0, 1);
    reply.header().crc32 = 0x12345678;
    return reply.bytes();
  });
  bench.driver.probe();
  CHECK_FALSE(bench.driver.online());
}

TEST_CASE("DRM_IOCTL_VERSION copies what fits and says how long the text is") {
  auto bench = Bench::opened();
  constexpr std::uint64_t kText = Bench::kData;
  DrmVersion args{};
  args.major = 9;
  CHECK(bench->ioctl(kIoctlDrmVersion, args) == 0);
  CHECK(args.major == 0);
  CHECK(args.name_len == 4);
  CHECK(args.date_len == 1);
  CHECK(args.desc_len == 30);
  args = {};
  args.name_len = 2;
  args.name = kText;
  args.desc_len = 64;
  args.desc = kText + 16;
  args.date_len = 1;
  args.date = kText + 8;
  CHECK(bench->ioctl(kIoctlDrmVersion, args) == 0);
  CHECK(std::string_view(reinterpret_cast<char*>(bench->client->at(kText)), 3) ==
        std::string_view("qa\0", 3));
  CHECK(args.name_len == 4);
  CHECK(std::string_view(reinterpret_cast<char*>(bench->client->at(kText + 8)), 2) ==
        std::string_view("0\0", 2));
  CHECK(std::string_view(reinterpret_cast<char*>(bench->client->at(kText + 16)), 30) ==
        "Qualcomm Cloud AI Accelerators");
  args.name = 8;
  CHECK(bench->ioctl(kIoctlDrmVersion, args) == -EFAULT);
}

TEST_CASE("wrong type byte is ENOTTY, an unknown number EINVAL") {
  auto bench = Bench::opened();
  std::uint64_t nothing = 0;
  CHECK(bench->ioctl(0xC0106540, nothing) == -ENOTTY);
  CHECK(bench->ioctl(ioctl_number(IoctlDir::read_write, 0x49, 8), nothing) == -EINVAL);
  CHECK(bench->ioctl(ioctl_number(IoctlDir::read_write, 0x9F, 8), nothing) == -EINVAL);
  CHECK(bench->ioctl(ioctl_number(IoctlDir::read_write, 0xFF, 8), nothing) == -EINVAL);
}

TEST_CASE("a shorter struct is zero-extended, a longer one copied back whole") {
  auto bench = Bench::opened();
  // Only `size` of CREATE_BO: pad counts as 0; the handle does not come back.
  CreateBo create{4096, 77, 1};
  CHECK(bench->ioctl(ioctl_number(IoctlDir::read_write, 0x41, 8), create) == 0);
  CHECK(create.handle == 77);
  struct Longer {
    MmapBo bo;
    std::uint64_t more;
  } longer{{1, 0, 0}, 0x1122};
  CHECK(bench->ioctl(ioctl_number(IoctlDir::read_write, 0x42, sizeof(Longer)), longer) == 0);
  CHECK(longer.bo.offset == 0x1'0000'0000);
  CHECK(longer.more == 0x1122);
}

TEST_CASE("the caller's direction bits limit what is copied") {
  auto bench = Bench::opened();
  // Nothing goes in: size reads as 0.
  CreateBo create{4096, 0, 0};
  CHECK(bench->ioctl(ioctl_number(IoctlDir::none, 0x41, 16), create) == -EINVAL);
  // Nothing comes out.
  CHECK(bench->ioctl(ioctl_number(IoctlDir::write, 0x41, 16), create) == 0);
  CHECK(create.handle == 0);
}

TEST_CASE("a struct of a read-write ioctl is copied back also when the call fails") {
  auto bench = Bench::opened();
  bench->client->read_only_start = Bench::kArgument;
  bench->client->read_only_end = Bench::kArgument + 16;
  MmapBo args{99, 0, 0};
  CHECK(bench->ioctl(kIoctlMmapBo, args) == -EFAULT);  // instead of ENOENT
  ManageMessage message{5000, 1, 0};
  CHECK(bench->ioctl(kIoctlManage, message) == -EFAULT);
  bench->client->read_only_end = 0;
  CHECK(bench->ioctl(kIoctlMmapBo, args) == -ENOENT);
  const auto result =
      bench->driver.ioctl(bench->file, kIoctlMmapBo, 8, bench->client, CallId{999}, [](int) {});
  CHECK(result == -EFAULT);
}

TEST_CASE("GET_CAP answers what this face has") {
  auto bench = Bench::opened();
  const auto cap = [&](std::uint64_t which) {
    DrmGetCap args{which, 99};
    const int result = bench->ioctl(kIoctlDrmGetCap, args);
    return result == 0 ? static_cast<int>(args.value) : result;
  };
  CHECK(cap(6) == 1);
  CHECK(cap(5) == 3);
  CHECK(cap(0x13) == 0);
  CHECK(cap(1) == -EOPNOTSUPP);
  CHECK(cap(0x7777) == -EOPNOTSUPP);
}

TEST_CASE("a client name is checked") {
  auto bench = Bench::opened();
  const auto name = [&](std::string_view text) {
    std::memcpy(bench->client->at(Bench::kData), text.data(), text.size());
    DrmSetClientName args{text.size(), Bench::kData};
    return bench->ioctl(kIoctlDrmSetClientName, args);
  };
  CHECK(name("resnet-50") == 0);
  CHECK(name("") == 0);
  CHECK(name("two words") == -EINVAL);
  CHECK(name(std::string(64, 'x')) == 0);
  CHECK(name(std::string(65, 'x')) == -EINVAL);
  DrmSetClientName bad{3, 8};
  CHECK(bench->ioctl(kIoctlDrmSetClientName, bad) == -EFAULT);
}

TEST_CASE("a file that was closed, or never opened, is EBADF") {
  auto bench = Bench::opened();
  MmapBo args{};
  CHECK(bench->ioctl(OpenFile{77}, kIoctlMmapBo, args) == -EBADF);
  bench->driver.close(bench->file);
  CHECK(bench->ioctl(kIoctlMmapBo, args) == -EBADF);
  CHECK(bench->driver.check_mmap(bench->file, 0x1'0000'0000, 4096) == -EBADF);
}
