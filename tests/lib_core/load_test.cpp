// What is asked of a card before and while a program is loaded; run below
// `qaic-sim run --set nsp_count=4`.
#include <doctest/doctest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <qaic/qaic.hpp>
#include <string>
#include <vector>

#include "tests/lib_core/double_program.hpp"
#include "tests/support/must.hpp"
#include "wire/nnc.hpp"
#include "wire/uapi.hpp"

namespace {

namespace nnc = qaic::wire::nnc;
namespace uapi = qaic::wire::uapi;
using qaic::tests::DoubleProgram;
using qaic::tests::must;

// What the card says of itself, and what it was asked, message by message.
std::uint16_t command_major = nnc::kCommandMajor;
std::uint64_t features = 0;
std::vector<nnc::Command> asked;
nnc::LoadElfRequest load_elf;

std::byte* content(const uapi::ManageMessage& message) {
  return reinterpret_cast<std::byte*>(message.data);
}

// A passthrough comes first in all of the library's messages, and in the answers.
template <class T>
T first_body(const uapi::ManageMessage& message) {
  T body{};
  std::memcpy(&body, content(message) + sizeof(uapi::TransactionHeader), sizeof(body));
  return body;
}

void note(const uapi::ManageMessage& message) {
  asked.push_back(static_cast<nnc::Command>(first_body<qaic::base::le32>(message).get()));
  if (asked.back() == nnc::Command::load_elf) load_elf = first_body<nnc::LoadElfRequest>(message);
}

void change_status(const uapi::ManageMessage& message) {
  std::byte* const status = content(message) + sizeof(uapi::TransactionHeader);
  const qaic::base::le16 major{command_major};
  std::memcpy(status + offsetof(nnc::StatusResponse, command_major), &major, sizeof(major));
  std::byte* const transaction = status + sizeof(nnc::StatusResponse);
  std::memcpy(transaction + offsetof(uapi::StatusFromDev, status_flags), &features, sizeof(features));
}

qaic::Expected<qaic::Network> load(qaic::Device& device, const DoubleProgram& wanted) {
  const auto bytes = qaic::tests::build(wanted);
  const auto program = must(qaic::Program::from_bytes(bytes));
  asked.clear();
  return qaic::Network::load(device, program);
}

qaic::Device open_device() {
  return must(qaic::Device::open(must(qaic::Inventory::read()).cards().at(0).node));
}

}  // namespace

// The definition of an executable comes before that of its libraries.
extern "C" __attribute__((visibility("default"))) int ioctl(int fd, unsigned long request, ...) noexcept {
  std::va_list rest;
  va_start(rest, request);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  if (request != uapi::kIoctlManage) return static_cast<int>(::syscall(SYS_ioctl, fd, request, argument));
  const auto& message = *static_cast<const uapi::ManageMessage*>(argument);
  note(message);
  const auto result = static_cast<int>(::syscall(SYS_ioctl, fd, request, argument));
  if (result == 0 && asked.back() == nnc::Command::status) change_status(message);
  return result;
}

TEST_CASE("nothing is loaded onto a card whose firmware speaks another protocol") {
  auto device = open_device();
  DoubleProgram wanted;
  wanted.static_constants.resize(64);
  command_major = nnc::kCommandMajor + 1;
  const auto network = load(device, wanted);
  command_major = nnc::kCommandMajor;
  CHECK(asked == std::vector{nnc::Command::status});
  REQUIRE_FALSE(network.has_value());
  CHECK(network.error().kind() == QAIC_ERROR_UNSUPPORTED);
  CHECK(std::string(network.error().id()) == "protocol-mismatch");

  auto fitting = must(load(device, wanted));
  CHECK(asked == std::vector{nnc::Command::status, nnc::Command::load_constants_ex,
                             nnc::Command::load_constants_payload, nnc::Command::load_elf,
                             nnc::Command::activate});
  must(fitting.unload());
}

TEST_CASE("the CRCs of the metadata go to a card that wants them, and to no other") {
  auto device = open_device();
  DoubleProgram wanted;
  wanted.metadata_crc = 0x01020304;
  for (const bool crc : {false, true}) {
    features = crc ? nnc::feature_bit(nnc::Feature::crc) : ~nnc::feature_bit(nnc::Feature::crc);
    auto network = must(load(device, wanted));
    CHECK(load_elf.metadata_crc == (crc ? 0x01020304 : 0));
    CHECK(load_elf.metadata_flatbuffer_crc == (crc ? 0x01020305 : 0));
    must(network.unload());
  }
  auto without = must(load(device, {}));
  CHECK(load_elf.metadata_crc == 0);
  CHECK(load_elf.metadata_flatbuffer_crc == 0);
  must(without.unload());
}
