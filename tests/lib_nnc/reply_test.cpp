#include "lib/nnc/reply.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "lib/nnc/status.hpp"

namespace nnc = qaic::nnc;
namespace wire = qaic::wire::nnc;
using qaic::base::Bytes;
using qaic::base::ErrorDomain;
using qaic::base::ErrorKind;

namespace {

void put32(std::vector<std::byte>& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::byte>(value >> (8 * i));
}

// A STATUS answer by hand, at the offsets of runtime-protocols §3.1.
std::vector<std::byte> status_answer() {
  std::vector<std::byte> bytes(504);
  put32(bytes, 0, 14);
  bytes[8] = std::byte{12};
  bytes[16] = std::byte{1};
  bytes[17] = std::byte{20};
  put32(bytes, 168, 32692);
  bytes[182] = std::byte{16};
  put32(bytes, 208, 595000000);
  bytes[274] = std::byte{1};
  bytes[278] = std::byte{17};
  bytes[332] = std::byte{3};
  return bytes;
}

std::vector<std::byte> words(std::initializer_list<std::uint32_t> values) {
  std::vector<std::byte> bytes(values.size() * 4);
  std::size_t at = 0;
  for (const auto value : values) {
    put32(bytes, at, value);
    at += 4;
  }
  return bytes;
}

}  // namespace

TEST_CASE("a STATUS answer is read at the documented offsets") {
  const auto bytes = status_answer();
  const auto status = nnc::parse_status(bytes);
  REQUIRE(status.has_value());
  CHECK(status->fw_major == 1);
  CHECK(status->fw_minor == 20);
  CHECK(status->resources.dram_total == 32692);
  CHECK(status->resources.nsp_total == 16);
  CHECK(status->performance.nsp_frequency == 595000000);
  CHECK(status->sku_type == 3);
}

TEST_CASE("a STATUS answer may be padded but never cut") {
  auto bytes = status_answer();
  bytes.resize(512);
  CHECK(nnc::parse_status(bytes).has_value());
  for (const std::size_t size : {std::size_t{0}, std::size_t{4}, std::size_t{8}, std::size_t{503}}) {
    const auto cut = nnc::parse_status(Bytes(bytes).first(size));
    REQUIRE_FALSE(cut.has_value());
    CHECK(cut.error().id == "nnc-reply");
    CHECK(cut.error().kind == ErrorKind::device);
  }
}

TEST_CASE("an answer to something else is a protocol error") {
  auto bytes = status_answer();
  put32(bytes, 0, 33);
  CHECK(nnc::parse_status(bytes).error().id == "nnc-reply");
}

TEST_CASE("an answer in an old format is unsupported") {
  auto bytes = status_answer();
  bytes[8] = std::byte{11};
  const auto status = nnc::parse_status(bytes);
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().id == "status-format");
  CHECK(status.error().kind == ErrorKind::unsupported);
}

TEST_CASE("firmware of another command or metadata protocol is refused") {
  auto bytes = status_answer();
  bytes[278] = std::byte{18};
  CHECK(nnc::parse_status(bytes).error().id == "protocol-mismatch");
  bytes = status_answer();
  bytes[274] = std::byte{2};
  const auto status = nnc::parse_status(bytes);
  CHECK(status.error().id == "protocol-mismatch");
  CHECK(status.error().kind == ErrorKind::unsupported);
}

TEST_CASE("a card's refusal carries its number and a plain text") {
  auto bytes = status_answer();
  put32(bytes, 4, 0xFFFFFFF8);  // -8
  const auto status = nnc::parse_status(bytes);
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().domain == ErrorDomain::card);
  CHECK(status.error().code == -8);
  CHECK(status.error().kind == ErrorKind::unavailable);
  CHECK(status.error().what.find("not initialised (card status -8)") != std::string::npos);
}

TEST_CASE("a command the card does not know is unsupported, however short the answer") {
  const auto bytes = words({33, 0xFFFFFFFD});
  const auto reply = nnc::parse_reply<wire::ResourceInfoResponse>(bytes, wire::Command::resource_info_rsp);
  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().code == -3);
  CHECK(reply.error().kind == ErrorKind::unsupported);
}

TEST_CASE("an ACTIVATE answer's unaligned NSP mask is read") {
  std::vector<std::byte> bytes(88);
  put32(bytes, 0, 10);
  put32(bytes, 8, 5);
  put32(bytes, 82, 0x0000F00F);
  const auto reply = nnc::parse_reply<wire::ActivateResponse>(bytes, wire::Command::activate_rsp);
  REQUIRE(reply.has_value());
  CHECK(reply->activation_id == 5);
  CHECK(reply->nsp_mask == 0xF00F);
}

TEST_CASE("every status that is documented has words of its own") {
  const auto unknown = nnc::status_text(-9999).text;
  int known = 0;
  for (std::int32_t status = 0; status >= -200; --status) {
    const auto entry = nnc::status_text(status);
    CHECK(entry.status == status);
    CHECK_FALSE(entry.text.empty());
    if (entry.text != unknown) ++known;
  }
  CHECK(known == 75);  // the numbers that runtime-protocols §2.2 names
  CHECK(nnc::status_text(-13).text == "NSPs exhausted");
  CHECK(nnc::status_text(-102).kind == ErrorKind::bad_input);
  CHECK(nnc::status_text(-9999).kind == ErrorKind::device);
}
