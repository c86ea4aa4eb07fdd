// The C interface where no card is needed.
#include <doctest/doctest.h>
#include <qaic/qaic.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace {

struct Failure {
  int result = 0;
  qaic_error error{};
};

template <class Call>
Failure failure_of(Call&& call) {
  Failure failure;
  failure.result = call(&failure.error);
  return failure;
}

}  // namespace

TEST_CASE("the version is the project's") {
  CHECK(std::string(qaic_version()).find('.') != std::string::npos);
}

TEST_CASE("an inventory can be read on any host and freed") {
  qaic_inventory* inventory = nullptr;
  qaic_error error{};
  REQUIRE(qaic_inventory_read(&inventory, &error) == 0);
  qaic_card_info info{};
  info.size = sizeof(info);
  const auto past = failure_of([&](qaic_error* e) {
    return qaic_inventory_card(inventory, qaic_inventory_count(inventory), &info, e);
  });
  CHECK(past.result == -1);
  CHECK(past.error.kind == QAIC_ERROR_USAGE);
  qaic_inventory_free(inventory);
}

TEST_CASE("QAIC_VISIBLE_DEVICES that is no list is a usage error") {
  REQUIRE(::setenv("QAIC_VISIBLE_DEVICES", "0,x", 1) == 0);
  qaic_inventory* inventory = nullptr;
  const auto failure = failure_of([&](qaic_error* e) { return qaic_inventory_read(&inventory, e); });
  ::unsetenv("QAIC_VISIBLE_DEVICES");
  CHECK(failure.result == -1);
  CHECK(failure.error.kind == QAIC_ERROR_USAGE);
  CHECK(std::string(failure.error.id) == "visible-devices");
  CHECK(std::string(failure.error.what).find("0,x") != std::string::npos);
}

TEST_CASE("a node that does not exist and one that is no accelerator are told apart") {
  qaic_device* device = nullptr;
  const auto missing =
      failure_of([&](qaic_error* e) { return qaic_device_open("/dev/accel/accel4242", &device, e); });
  CHECK(missing.result == -1);
  CHECK(missing.error.kind == QAIC_ERROR_NO_CARD);
  CHECK(std::string(missing.error.id) == "device-node");
  const auto other = failure_of([&](qaic_error* e) { return qaic_device_open("/dev/null", &device, e); });
  CHECK(other.result == -1);
  CHECK(other.error.kind == QAIC_ERROR_USAGE);
  CHECK(std::string(other.error.id) == "device-not-qaic");
  CHECK(device == nullptr);
}

TEST_CASE("a node that may not be used says who may") {
  std::string path = "/tmp/qaic-node-XXXXXX";
  const int fd = ::mkstemp(path.data());
  REQUIRE(fd >= 0);
  ::close(fd);
  REQUIRE(::chmod(path.c_str(), 0060) == 0);
  // A superuser may use everything: look as somebody who may not.
  const bool root = ::geteuid() == 0;
  if (root) {
    REQUIRE(::chown(path.c_str(), 0, 4) == 0);  // adm, on every Debian
    REQUIRE(::seteuid(65534) == 0);
  }
  qaic_device* device = nullptr;
  const auto failure = failure_of([&](qaic_error* e) { return qaic_device_open(path.c_str(), &device, e); });
  if (root) REQUIRE(::seteuid(0) == 0);
  ::unlink(path.c_str());
  CHECK(failure.result == -1);
  CHECK(failure.error.kind == QAIC_ERROR_PERMISSION);
  CHECK(failure.error.domain == QAIC_DOMAIN_SYSTEM);
  CHECK(failure.error.code == EACCES);
  CHECK(std::string(failure.error.id) == "device-permission");
  if (root) CHECK(std::string(failure.error.hint).find("usermod -aG adm") != std::string::npos);
}

TEST_CASE("a program that cannot be read is bad input") {
  qaic_program* program = nullptr;
  const auto missing =
      failure_of([&](qaic_error* e) { return qaic_program_open("/nonexistent.bin", &program, e); });
  CHECK(missing.error.kind == QAIC_ERROR_BAD_INPUT);
  CHECK(missing.error.domain == QAIC_DOMAIN_SYSTEM);
  const auto folder = failure_of([&](qaic_error* e) { return qaic_program_open("/", &program, e); });
  CHECK(folder.error.kind == QAIC_ERROR_BAD_INPUT);
  CHECK(std::string(folder.error.what).find("/programqpc.bin") != std::string::npos);
  const auto device = failure_of([&](qaic_error* e) { return qaic_program_open("/dev/null", &program, e); });
  CHECK(device.error.kind == QAIC_ERROR_BAD_INPUT);
  const char text[] = "this is not a program at all, but it is long enough for a header of forty bytes";
  const auto bytes =
      failure_of([&](qaic_error* e) { return qaic_program_from_bytes(text, sizeof(text), &program, e); });
  CHECK(bytes.error.kind == QAIC_ERROR_BAD_INPUT);
  CHECK(program == nullptr);
}

TEST_CASE("NULL is answered, not followed") {
  const auto check = [](const Failure& failure) {
    CHECK(failure.result == -1);
    CHECK(failure.error.kind == QAIC_ERROR_USAGE);
    CHECK(std::string(failure.error.id) == "null-argument");
  };
  qaic_device* device = nullptr;
  qaic_status status{};
  status.size = sizeof(status);
  check(failure_of([&](qaic_error* e) { return qaic_inventory_read(nullptr, e); }));
  check(failure_of([&](qaic_error* e) { return qaic_device_open(nullptr, &device, e); }));
  check(failure_of([&](qaic_error* e) { return qaic_device_status(nullptr, &status, e); }));
  check(failure_of([&](qaic_error* e) { return qaic_program_open(nullptr, nullptr, e); }));
  check(failure_of([&](qaic_error* e) { return qaic_network_load(nullptr, nullptr, nullptr, e); }));
  check(failure_of([&](qaic_error* e) { return qaic_inference_submit(nullptr, e); }));
  check(failure_of([&](qaic_error* e) { return qaic_inference_set_size(nullptr, 0, 0, e); }));
  check(failure_of([&](qaic_error* e) { return qaic_inference_wait(nullptr, 0, e); }));
  CHECK(qaic_network_unload(nullptr, nullptr) == 0);
  CHECK(qaic_inference_tensor(nullptr, 0, nullptr) == nullptr);
  CHECK(qaic_program_tensor_count(nullptr) == 0);
  CHECK(qaic_inventory_count(nullptr) == 0);
  qaic_device_close(nullptr);
  qaic_inventory_free(nullptr);
  qaic_program_free(nullptr);
  qaic_inference_free(nullptr);
  qaic_string_free(nullptr);
}

TEST_CASE("SKUs have names, strangers are called unknown") {
  CHECK(std::string(qaic_sku_name(3)) == "PCIe Pro");
  CHECK(std::string(qaic_sku_name(5)) == "PCIe Ultra");
  CHECK(std::string(qaic_sku_name(200)) == "Unknown");
  CHECK(std::string(qaic_sku_name(256 + 3)) == "Unknown");
}

TEST_CASE("a queue's functions take no null for an answer") {
  qaic_queue* queue = nullptr;
  qaic_completion completion{};
  completion.size = sizeof(completion);
  std::uint32_t slot = 0;
  const auto is_null = [](const Failure& failure) {
    return failure.result == -1 && failure.error.kind == QAIC_ERROR_USAGE &&
           std::string(failure.error.id) == "null-argument";
  };
  CHECK(is_null(failure_of([&](qaic_error* e) { return qaic_queue_create(nullptr, nullptr, &queue, e); })));
  CHECK(is_null(failure_of([&](qaic_error* e) { return qaic_queue_acquire(nullptr, 0, &slot, e); })));
  CHECK(is_null(failure_of([&](qaic_error* e) { return qaic_queue_submit(nullptr, 0, 0, e); })));
  CHECK(is_null(failure_of([&](qaic_error* e) { return qaic_queue_set_size(nullptr, 0, 0, 0, e); })));
  CHECK(is_null(failure_of([&](qaic_error* e) { return qaic_queue_release(nullptr, 0, e); })));
  CHECK(is_null(failure_of([&](qaic_error* e) { return qaic_queue_next(nullptr, 0, &completion, e); })));
  CHECK(is_null(failure_of([&](qaic_error* e) { return qaic_queue_wait(nullptr, 0, 0, &completion, e); })));
  CHECK(is_null(failure_of([&](qaic_error* e) { return qaic_queue_drain(nullptr, 0, e); })));
  CHECK(is_null(failure_of([&](qaic_error* e) { return qaic_queue_stats_read(nullptr, 0, nullptr, e); })));
  std::size_t size = 1;
  CHECK(qaic_queue_tensor(nullptr, 0, 0, &size) == nullptr);
  CHECK(size == 0);
  CHECK(qaic_queue_depth(nullptr) == 0);
  CHECK(qaic_queue_event_fd(nullptr) == -1);
  qaic_queue_free(nullptr);
}
