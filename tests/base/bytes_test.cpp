#include "base/bytes.hpp"

#include <doctest/doctest.h>

#include "base/checked.hpp"
#include "base/result.hpp"

using namespace qaic::base;

namespace {
struct Pair {
  le16 a;
  le32 b;
};
Result<int> twice(Result<int> value) {
  QAIC_TRY(const int got, value);
  return 2 * got;
}
}  // namespace

TEST_CASE("a little-endian field stores its bytes lowest first, at any alignment") {
  static_assert(sizeof(Pair) == 6 && alignof(Pair) == 1);
  const Pair pair{le16(0x1234), le32(0xA1B2C3D4)};
  const Bytes bytes = bytes_of(pair);
  const std::array<std::uint8_t, 6> golden{0x34, 0x12, 0xD4, 0xC3, 0xB2, 0xA1};
  for (std::size_t i = 0; i < golden.size(); ++i) CHECK(bytes[i] == std::byte{golden[i]});
  CHECK(sle32(-5).get() == -5);
  CHECK(le64(0xFFEEDDCCBBAA9988ULL).get() == 0xFFEEDDCCBBAA9988ULL);
}

TEST_CASE("a struct is read only where it fits") {
  const std::array<std::byte, 7> bytes{};
  CHECK(read_struct<Pair>(bytes, 1).has_value());
  CHECK_FALSE(read_struct<Pair>(bytes, 2).has_value());
  CHECK_FALSE(read_struct<Pair>(bytes, SIZE_MAX).has_value());
}

TEST_CASE("a slice never leaves its bytes, whatever the numbers") {
  const std::array<std::byte, 8> bytes{};
  CHECK(slice(bytes, 8, 0).has_value());
  CHECK_FALSE(slice(bytes, 9, 0).has_value());
  CHECK_FALSE(slice(bytes, 1, UINT64_MAX).has_value());
}

TEST_CASE("fixed text stops at its width even without a NUL") {
  const std::array<char, 3> full{'a', 'b', 'c'};
  CHECK(fixed_text(full) == "abc");
  std::array<char, 3> cut{};
  set_fixed_text(cut, "wxyz");
  CHECK(fixed_text(cut) == "wxy");
}

TEST_CASE("checked arithmetic gives nothing on overflow") {
  CHECK(checked_add<std::uint64_t>(1, 2) == 3);
  CHECK_FALSE(checked_add<std::uint64_t>(UINT64_MAX, 1).has_value());
  CHECK_FALSE(checked_multiply<std::uint64_t>(UINT64_MAX, 2).has_value());
  CHECK(checked_align_up(4097, 4096) == 8192);
  CHECK_FALSE(checked_align_up(UINT64_MAX, 4096).has_value());
}

TEST_CASE("an error travels through QAIC_TRY unchanged") {
  CHECK(twice(21) == 42);
  const auto failed = twice(fail(system_error(EACCES, "some-id", "cannot open x")));
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().kind == ErrorKind::permission);
  CHECK(failed.error().what == "cannot open x: Permission denied");
}
