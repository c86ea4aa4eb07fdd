// Doorbells into the card's memory: kernel-interface §3.3, §3.4.
#include <algorithm>
#include <vector>

#include "conformance/copy.hpp"
#include "conformance/groups.hpp"

namespace qaic::conformance {
namespace {

using uapi::Direction;

std::string hex(base::Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::byte b : bytes) {
    out.push_back(kDigits[std::to_integer<unsigned>(b) >> 4]);
    out.push_back(kDigits[std::to_integer<unsigned>(b) & 15]);
  }
  return out;
}

void ring(Run& run, const char* what, std::uint32_t bits, std::string_view wanted) {
  const auto session = Session::start(run);
  if (!session) return;
  const std::uint64_t at = session->channel.device_address;
  const std::vector<std::byte> before(16, std::byte{0xEE});
  if (!write_card(run, *session, at, before)) return;
  auto entry = slice(0, 0);
  entry.db_len = bits;
  entry.db_addr = at + 4;
  entry.db_data = 0x44332211;
  const auto bo = attached(run, *session, Direction::to_device, 4096, {&entry, 1});
  if (!bo) return;
  run.result("EXECUTE_BO+WAIT_BO", execute_and_wait(*session, *bo), 0);
  std::vector<std::byte> memory(16);
  if (!read_card(run, *session, at, memory)) return;
  run.equal(what, hex(memory), wanted);
}

void width_32(Run& run) {
  ring(run, "memory", 32, "eeeeeeee11223344eeeeeeeeeeeeeeee");
}
void width_16(Run& run) {
  ring(run, "memory", 16, "eeeeeeee1122eeeeeeeeeeeeeeeeeeee");
}
void width_8(Run& run) {
  ring(run, "memory", 8, "eeeeeeee11eeeeeeeeeeeeeeeeeeeeee");
}
void none(Run& run) {
  ring(run, "memory", 0, "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
}

// The doorbell is written after the data of its slice.
void after_the_transfer(Run& run) {
  const auto session = Session::start(run);
  if (!session) return;
  const std::uint64_t at = session->channel.device_address;
  auto entry = slice(16, at);
  entry.db_len = 32;
  entry.db_addr = at + 8;
  entry.db_data = 0x44332211;
  const auto bo = attached(run, *session, Direction::to_device, 4096, {&entry, 1});
  if (!bo) return;
  std::fill(bo->bytes().begin(), bo->bytes().end(), std::byte{0x77});
  run.result("EXECUTE_BO+WAIT_BO", execute_and_wait(*session, *bo), 0);
  std::vector<std::byte> memory(16);
  if (!read_card(run, *session, at, memory)) return;
  run.equal("memory", hex(memory), "77777777777777771122334477777777");
}

constexpr Case kCases[] = {
    {"doorbell.width_32", width_32},
    {"doorbell.width_16", width_16},
    {"doorbell.width_8", width_8},
    {"doorbell.none", none},
    {"doorbell.after_the_transfer", after_the_transfer},
};

}  // namespace

std::span<const Case> doorbell_cases() {
  return kCases;
}

}  // namespace qaic::conformance
