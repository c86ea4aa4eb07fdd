#include "tools/qaic-run/zip.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>

using namespace qaic;
using namespace qaic::tools::run;

namespace {

// By Python's zipfile: a.npy, a hundred 'x', deflated.
constexpr unsigned char kDeflated[] = {
    0x50, 0x4b, 0x03, 0x04, 0x14, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0x8f, 0x5d, 0x0e,
    0x5e, 0x06, 0x00, 0x00, 0x00, 0x64, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x61, 0x2e, 0x6e, 0x70,
    0x79, 0xab, 0xa8, 0xa0, 0x3d, 0x00, 0x00, 0x50, 0x4b, 0x01, 0x02, 0x14, 0x03, 0x14, 0x00, 0x00, 0x00,
    0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0x8f, 0x5d, 0x0e, 0x5e, 0x06, 0x00, 0x00, 0x00, 0x64, 0x00, 0x00,
    0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x01, 0x00, 0x00,
    0x00, 0x00, 0x61, 0x2e, 0x6e, 0x70, 0x79, 0x50, 0x4b, 0x05, 0x06, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00,
    0x01, 0x00, 0x33, 0x00, 0x00, 0x00, 0x29, 0x00, 0x00, 0x00, 0x00, 0x00};
const base::Bytes kArchive = std::as_bytes(std::span(kDeflated));

base::ByteVector bytes(const std::string& text) {
  const auto view = base::as_bytes(text);
  return {view.begin(), view.end()};
}

// All members' contents, or the first error's id.
std::string read_all(base::Bytes archive) {
  const auto members = zip_members(archive);
  if (!members) return members.error().id;
  std::string out;
  for (const auto& member : *members) {
    const auto content = zip_content(archive, member, 1000);
    if (!content) return content.error().id;
    out += base::as_text(*content);
  }
  return out;
}

}  // namespace

TEST_CASE("a deflated member is unpacked") {
  const auto members = zip_members(kArchive);
  REQUIRE(members);
  REQUIRE(members->size() == 1);
  CHECK((*members)[0].name == "a.npy");
  CHECK((*members)[0].size == 100);
  CHECK(read_all(kArchive) == std::string(100, 'x'));
}

TEST_CASE("what is written is read back, in order, and the same each time") {
  const auto archive = make_zip({{"b.npy", bytes("second")}, {"empty.npy", {}}, {"a.npy", bytes("first")}});
  REQUIRE(archive);
  CHECK(read_all(*archive) == "secondfirst");
  CHECK(zip_members(*archive)->at(1).name == "empty.npy");
  CHECK(*archive == *make_zip({{"b.npy", bytes("second")}, {"empty.npy", {}}, {"a.npy", bytes("first")}}));
}

TEST_CASE("a member of more bytes than its tensor could need is not unpacked") {
  const auto members = zip_members(kArchive);
  CHECK(zip_content(kArchive, members->front(), 100));
  const auto refused = zip_content(kArchive, members->front(), 99);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().id == "tensor-zip");
  CHECK(refused.error().kind == base::ErrorKind::bad_input);
}

TEST_CASE("an archive that is cut off anywhere is refused") {
  for (std::size_t size = 0; size < kArchive.size(); ++size)
    CHECK(read_all(kArchive.first(size)) == "tensor-zip");
}

TEST_CASE("no byte of an archive can be flipped into other content") {
  for (std::size_t at = 0; at < kArchive.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      base::ByteVector flipped(kArchive.begin(), kArchive.end());
      flipped[at] ^= static_cast<std::byte>(1 << bit);
      const auto got = read_all(flipped);
      const bool whole = got == std::string(100, 'x');  // a date, a name
      const bool none = got.empty();                    // the number of members
      CHECK((whole || none || got == "tensor-zip"));
    }
  }
}
