#include "lib/uapi/manage.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <cerrno>
#include <string>
#include <vector>

#include "lib/nnc/command.hpp"
#include "os/fd.hpp"

namespace uapi = qaic::uapi;
namespace nnc = qaic::nnc;
using qaic::base::Bytes;
using qaic::wire::uapi::TransactionType;
using Step = uapi::Message::Reader::Step;

namespace {

// Two hex digits a byte; spaces and bars are for the reader.
std::vector<std::byte> from_hex(std::string_view text) {
  std::vector<std::byte> out;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '|') continue;
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<std::byte>(high * 16 + digit));
      high = -1;
    }
  }
  return out;
}

std::string to_hex(Bytes bytes) {
  std::string out;
  for (const std::byte byte : bytes) {
    out += "0123456789abcdef"[static_cast<unsigned>(byte) >> 4];
    out += "0123456789abcdef"[static_cast<unsigned>(byte) & 15];
  }
  return out;
}

std::string strip(std::string_view text) {
  return to_hex(from_hex(text));
}

constexpr auto kFromUser = TransactionType::passthrough_from_user;

}  // namespace

// Golden bytes: runtime-protocols §2.6, pid 4242, network "double".

TEST_CASE("a STATUS message is 24 bytes") {
  uapi::Message message;
  REQUIRE(message.append(kFromUser, nnc::encode(nnc::status_request())));
  CHECK(to_hex(message.bytes()) == strip("01000000 18000000 | 0d000000 00 000000 | 0000000000000000"));
}

TEST_CASE("a LOAD_CONSTANTS_EX message carries the descriptor behind the command") {
  uapi::Message message;
  struct Tail {
    std::array<std::uint8_t, 24> bytes{0xC8};
  };
  REQUIRE(message.append(kFromUser, nnc::encode(nnc::load_constants_request(4242, "double"), Tail{})));
  const std::string zeros(58 * 2, '0');
  CHECK(to_hex(message.bytes()) ==
        strip("01000000 78000000 | 0f000000 92100000") + strip("646f75626c65") + zeros +
            strip("18000000 00000000 | c8000000 00000000 0000000000000000 00 00 000000000000") +
            strip("0000000000000000"));
}

TEST_CASE("a constants payload message is a command and a transfer") {
  uapi::Message message;
  REQUIRE(message.append(kFromUser, nnc::encode(nnc::constants_payload_request(4242, 1, 200, 0))));
  qaic::wire::uapi::DmaXfer transfer{};
  transfer.tag = nnc::kConstantsTag;
  transfer.addr = 0x1122334455667788;
  transfer.size = 200;
  REQUIRE(message.append(TransactionType::dma_xfer_from_user,
                         qaic::base::Bytes(reinterpret_cast<const std::byte*>(&transfer), sizeof(transfer))
                             .subspan(sizeof(transfer.header))));
  CHECK(message.count() == 2);
  CHECK(to_hex(message.bytes()) ==
        strip("01000000 30000000 | 10000000 92100000 2c010000 01000000 c800000000000000 0000000000000000"
              "| 0000000000000000") +
            strip("05000000 20000000 | 2c010000 00000000 8877665544332211 c800000000000000"));
}

TEST_CASE("a LOAD_ELF command has tag before process id") {
  uapi::Message message;
  REQUIRE(message.append(
      kFromUser, nnc::encode(nnc::load_elf_request(4242, "double", 0x1234, {0x11223344, 0x55667788}))));
  const std::string zeros(58 * 2, '0');
  CHECK(to_hex(message.bytes()) == strip("01000000 70000000 | 03000000 64000000 92100000 44332211") +
                                       strip("646f75626c65") + zeros +
                                       strip("3412000000000000 88776655 00000000 | 0000000000000000"));
}

TEST_CASE("an ACTIVATE message asks for a ready network with its own channel") {
  uapi::Message message;
  REQUIRE(message.append(kFromUser, nnc::encode(nnc::activate_request(4242, 1, 1))));
  CHECK(to_hex(message.bytes()) ==
        strip("01000000 40000000 | 09000000 92100000 01000000 01000000 00000000 ffffffff 01000000 ffffffff"
              "01000000 00000000 00 00000000000000 | 0000000000000000"));
}

TEST_CASE("a DEACTIVATE command tears the channel down") {
  uapi::Message message;
  REQUIRE(message.append(kFromUser, nnc::encode(nnc::deactivate_request(1))));
  CHECK(to_hex(message.bytes()) ==
        strip("01000000 20000000 | 0b000000 01000000 01000000 00000000 | 0000000000000000"));
}

TEST_CASE("UNLOAD, RESOURCE_INFO and PERFORMANCE_INFO are what their layouts say") {
  CHECK(to_hex(nnc::encode(nnc::unload_constants_request(7))) == strip("05000000 07000000 0000000000000000"));
  CHECK(to_hex(nnc::encode(nnc::unload_elf_request(7))) == strip("07000000 07000000 0000000000000000"));
  CHECK(to_hex(nnc::encode(nnc::resource_info_request(4242))) ==
        strip("20000000 92100000 ffffffff 00000000 0000000000000000"));
  CHECK(to_hex(nnc::encode(nnc::performance_info_request())) == strip("22000000 00000000 0000000000000000"));
}

TEST_CASE("a name longer than its field is cut and still ends in a NUL") {
  const auto request = nnc::load_elf_request(1, std::string(100, 'x'), 1, {});
  CHECK(request.name[62] == 'x');
  CHECK(request.name[63] == '\0');
}

TEST_CASE("a transaction that does not fit leaves the message as it was") {
  uapi::Message message;
  const std::vector<std::byte> big(4000);
  REQUIRE(message.append(kFromUser, big));
  const auto before = message.length();
  CHECK_FALSE(message.append(kFromUser, std::vector<std::byte>(81)));
  CHECK(message.length() == before);
  CHECK(message.append(kFromUser, std::vector<std::byte>(80)));
  CHECK(message.length() == 4096);
}

TEST_CASE("a reader walks transactions by length") {
  const auto bytes = from_hex("03000000 10000000 0102030405060708 | 0e000000 08000000");
  uapi::Message::Reader reader{Bytes(bytes)};
  REQUIRE(reader.next() == Step::transaction);
  CHECK(reader.transaction().type == TransactionType::passthrough_from_dev);
  CHECK(to_hex(reader.transaction().body) == "0102030405060708");
  REQUIRE(reader.next() == Step::transaction);
  CHECK(reader.transaction().body.empty());
  CHECK(reader.next() == Step::end);
}

TEST_CASE("a reader stops at a transaction that lies about its length") {
  for (const char* text :
       {"03000000", "03000000 07000000", "03000000 10000000 00000000", "03000000 00000000"}) {
    const auto bytes = from_hex(text);
    uapi::Message::Reader reader{Bytes(bytes)};
    CHECK_MESSAGE(reader.next() == Step::malformed, text);
  }
}

TEST_CASE("a node that is no device gives the kernel's number and no reply") {
  const qaic::os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  REQUIRE(null.valid());
  uapi::Message message;
  REQUIRE(message.append(kFromUser, nnc::encode(nnc::status_request())));
  const auto sent = message.send(null.get());
  REQUIRE_FALSE(sent.has_value());
  CHECK(sent.error() == uapi::Errno{ENOTTY});
  CHECK(message.length() == 0);
  CHECK(uapi::driver_name(null.get()).error() == uapi::Errno{ENOTTY});
  CHECK(uapi::create_bo(-1, 4096).error() == uapi::Errno{EBADF});
}
