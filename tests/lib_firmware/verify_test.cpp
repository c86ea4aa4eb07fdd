// Every check of an image, passed and broken once.
#include "lib/firmware/verify.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "lib/firmware/catalogue.hpp"
#include "tests/lib_firmware/synthetic_image.hpp"

using namespace qaic;
using namespace qaic::firmware;
using qaic::test::Authority;
using qaic::test::layout_of;
using qaic::test::synthetic;
using qaic::test::SyntheticImage;

namespace {

const Authority& authority() {
  static const Authority one;
  return one;
}

VerifyOptions accepting(const Authority& who) {
  return {{who.root_sha384()}};
}

Report judge(const base::ByteVector& bytes, std::string_view name = "sbl.bin") {
  return verify(bytes, name, accepting(authority()));
}

void flip(base::ByteVector& bytes, std::size_t at) {
  bytes.at(at) ^= std::byte{1};
}

void set_header(base::ByteVector& bytes, const SyntheticImage& image, std::size_t field,
                std::uint32_t value) {
  base::le32 word = value;
  REQUIRE(base::write_struct<base::le32>(bytes, word, layout_of(image).hash_segment + 4 * field));
}

// The named check failed with this id, the ones before it passed, the ones after were not reached.
void check_failed(const Report& report, Check check, std::string_view id, Verdict verdict = Verdict::bad) {
  REQUIRE(report.failure);
  CHECK(report.failure->id == id);
  CHECK(report.verdict == verdict);
  for (const auto each : kChecks) {
    INFO(check_name(each));
    CHECK(report.outcome(each) == (each < check    ? Outcome::passed
                                   : each == check ? Outcome::failed
                                                   : Outcome::not_reached));
  }
}

}  // namespace

TEST_CASE("a synthetic image of each name passes every check") {
  for (const auto& known : known_images()) {
    const std::string file(known.file);
    CAPTURE(file);
    const auto report = judge(synthetic(file, "1.20").build(authority()), "qcom/aic100/" + file);
    CHECK(report.name == file);
    CHECK(report.verdict == Verdict::good);
    CHECK_FALSE(report.failure);
    for (const auto check : kChecks) CHECK(report.outcome(check) == Outcome::passed);
    CHECK(report.notes.empty());
    REQUIRE(report.certificates.size() == 3);
    CHECK(report.certificates[0].subject == "CN=Synthetic Signer");
    CHECK(report.certificates[0].issuer == "CN=Synthetic Intermediate");
    CHECK(report.certificates[2].subject == "CN=Synthetic Root");
    CHECK(report.certificates[0].not_before == "2025-07-25T06:44:15Z");
    CHECK(report.certificates[0].not_after == "2045-07-20T06:44:15Z");
    CHECK(report.certificates[2].sha384 == authority().root_sha384());
  }
}

TEST_CASE("what does not begin like an ELF file is no image") {
  check_failed(judge({}), Check::elf, "fw-not-elf", Verdict::not_an_image);
  const std::string pointer = "version https://git-lfs.invalid/spec/v1\n";
  const auto text = base::as_bytes(pointer);
  const auto report = judge({text.begin(), text.end()});
  check_failed(report, Check::elf, "fw-not-elf", Verdict::not_an_image);
  CHECK(report.failure->hint.find("git lfs pull") != std::string::npos);
}

TEST_CASE("an ordinary ELF file is no image") {
  const auto image = synthetic("sbl.bin", "1.20");
  auto bytes = image.build(authority());
  for (const std::size_t header : {0U, 1U}) {  // p_flags of the two role segments
    std::memset(bytes.data() + 64 + 56 * header + 4, 0, 4);
  }
  check_failed(judge(bytes), Check::elf, "fw-no-hash-segment", Verdict::not_an_image);
}

TEST_CASE("an image without a hash segment is none") {
  auto bytes = synthetic("sbl.bin", "1.20").build(authority());
  std::memset(bytes.data() + 64 + 56 + 4, 0, 4);
  check_failed(judge(bytes), Check::hash_segment, "fw-no-hash-segment", Verdict::not_an_image);
}

TEST_CASE("an image that ends too early is truncated, wherever it ends") {
  for (const char* file : {"sbl.bin", "fw2.bin"}) {
    const auto whole = synthetic(file, "1.20").build(authority());
    for (const std::size_t size : {5UL, 51UL, 60UL, 100UL, whole.size() / 2, whole.size() - 1}) {
      CAPTURE(size);
      const base::ByteVector part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      check_failed(judge(part, file), Check::elf, "fw-truncated");
    }
  }
}

TEST_CASE("a broken ELF header is malformed") {
  const auto whole = synthetic("sbl.bin", "1.20").build(authority());
  struct Break {
    const char* what;
    std::size_t offset;
    int value;
  };
  for (const auto& each :
       {Break{"class", 4, 9}, Break{"big-endian", 5, 2}, Break{"type", 16, 3}, Break{"e_phoff", 32, 65},
        Break{"e_ehsize", 52, 63}, Break{"e_phentsize", 54, 55}}) {
    CAPTURE(each.what);
    auto bytes = whole;
    bytes.at(each.offset) = static_cast<std::byte>(each.value);
    check_failed(judge(bytes), Check::elf, "fw-elf-malformed");
  }
  auto none = whole;
  none.at(56) = std::byte{0};
  check_failed(judge(none), Check::elf, "fw-elf-malformed");
}

TEST_CASE("segments that overlap are malformed") {
  auto bytes = synthetic("sbl.bin", "1.20").build(authority());
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const base::le64 offset = 0;
  const base::le64 all = size;
  REQUIRE(base::write_struct(bytes, offset, 64 + 56 * 3 + 8));
  REQUIRE(base::write_struct(bytes, all, 64 + 56 * 3 + 32));
  check_failed(judge(bytes), Check::elf, "fw-elf-malformed");
}

TEST_CASE("two hash segments are one too many") {
  auto image = synthetic("sbl.bin", "1.20");
  image.segments[1].flags = 2U << wire::mbn::kRoleShift;
  check_failed(judge(image.build(authority())), Check::hash_segment, "fw-many-hash-segments");
}

TEST_CASE("another header version is not known") {
  const auto image = synthetic("sbl.bin", "1.20");
  auto bytes = image.build(authority());
  set_header(bytes, image, 1, 7);
  check_failed(judge(bytes), Check::header_version, "fw-hash-header-version");
}

TEST_CASE("sizes of the hash segment must agree") {
  const auto image = synthetic("sbl.bin", "1.20");
  const auto whole = image.build(authority());
  for (const std::size_t field : {2U, 3U, 4U, 5U, 6U, 7U, 8U, 9U, 10U, 11U}) {
    CAPTURE(field);
    for (const std::uint32_t value : {1U, 0x7FFFFFFFU}) {
      auto bytes = whole;
      set_header(bytes, image, field, value);
      check_failed(judge(bytes), Check::sizes, "fw-hash-sizes");
    }
  }
}

TEST_CASE("a hash segment shorter than its header is wrong in its sizes") {
  auto bytes = synthetic("sbl.bin", "1.20").build(authority());
  const base::le64 size = 47;
  REQUIRE(base::write_struct(bytes, size, 64 + 56 + 32));
  const auto report = judge(bytes);
  REQUIRE(report.failure);
  CHECK(report.failure->id == "fw-hash-sizes");
  CHECK(report.outcome(Check::sizes) == Outcome::failed);
}

TEST_CASE("the hash table has one entry per program header") {
  const auto image = synthetic("sbl.bin", "1.20");
  auto bytes = image.build(authority());
  // One entry moves from the table to the signature; the sums stay right.
  set_header(bytes, image, 5, 4 * 48);
  set_header(bytes, image, 7, 0x68 + 48);
  check_failed(judge(bytes), Check::table_length, "fw-hash-table-length");
}

TEST_CASE("a changed byte of a segment does not fit its hash") {
  const auto image = synthetic("sbl.bin", "1.20");
  auto bytes = image.build(authority());
  flip(bytes, layout_of(image).first_segment + 3);
  check_failed(judge(bytes), Check::hashes, "fw-hash-mismatch");
}

TEST_CASE("a changed program header does not fit the headers' hash") {
  auto bytes = synthetic("sbl.bin", "1.20").build(authority());
  flip(bytes, 64 + 2 * 56 + 16);  // p_vaddr
  check_failed(judge(bytes), Check::hashes, "fw-hash-mismatch");
}

TEST_CASE("headers that no hash covers are found") {
  auto image = synthetic("sbl.bin", "1.20");
  image.headers_role = 0;
  check_failed(judge(image.build(authority())), Check::hashes, "fw-headers-not-covered");
}

TEST_CASE("a hash where none belongs is found, even when it is signed") {
  for (const std::size_t entry : {1U, 3U}) {  // the hash segment itself; a segment without bytes
    auto image = synthetic("sbl.bin", "1.20");
    image.change_table = [entry](base::MutableBytes table) { table[entry * 48] = std::byte{1}; };
    check_failed(judge(image.build(authority())), Check::hashes, "fw-hash-mismatch");
  }
}

TEST_CASE("a hash of zeros stands for no segment with bytes, even when it is signed") {
  auto image = synthetic("sbl.bin", "1.20");
  image.change_table = [](base::MutableBytes table) { std::memset(table.data() + 2 * 48, 0, 48); };
  check_failed(judge(image.build(authority())), Check::hashes, "fw-hash-mismatch");
}

TEST_CASE("a changed signature, or changed signed bytes, do not verify") {
  const auto image = synthetic("sbl.bin", "1.20");
  const auto at = layout_of(image);
  const auto whole = image.build(authority());
  for (const auto offset : {at.hash_segment, at.hash_segment + 48, at.hash_segment + 48 + 119, at.signature,
                            at.signature + 20, at.chain - 1}) {
    CAPTURE(offset);
    auto bytes = whole;
    flip(bytes, offset);
    check_failed(judge(bytes), Check::signature, "fw-signature");
  }
}

TEST_CASE("a key other than P-384 does not sign images") {
  const Authority::Options options{"P-256", true};
  const Authority weak(options);
  const auto report = verify(synthetic("sbl.bin", "1.20").build(weak), "sbl.bin", accepting(weak));
  check_failed(report, Check::signature, "fw-signature");
}

TEST_CASE("a hash segment without a readable certificate has no signer") {
  const auto image = synthetic("sbl.bin", "1.20");
  auto bytes = image.build(authority());
  flip(bytes, layout_of(image).chain);
  check_failed(judge(bytes), Check::signature, "fw-certificate");
}

TEST_CASE("a broken chain is found") {
  const auto& good = authority().certificates();
  auto image = synthetic("sbl.bin", "1.20");
  SUBCASE("a changed byte in the intermediate") {
    const auto at = layout_of(image).chain + good[0].size() + good[1].size() - 5;
    auto bytes = image.build(authority());
    flip(bytes, at);
    check_failed(judge(bytes), Check::chain, "fw-chain");
  }
  SUBCASE("a changed byte at the start of the root") {
    const auto at = layout_of(image).chain + good[0].size() + good[1].size();
    auto bytes = image.build(authority());
    flip(bytes, at);
    check_failed(judge(bytes), Check::chain, "fw-chain");
  }
  SUBCASE("a changed byte in the root's own signature") {
    const auto at = layout_of(image).chain + good[0].size() + good[1].size() + good[2].size() - 5;
    auto bytes = image.build(authority());
    flip(bytes, at);
    check_failed(judge(bytes), Check::chain, "fw-chain");
  }
  SUBCASE("a leaf alone") {
    image.certificates = {good[0]};
    check_failed(judge(image.build(authority())), Check::chain, "fw-chain");
  }
  SUBCASE("no intermediate") {
    image.certificates = {good[0], good[2]};
    check_failed(judge(image.build(authority())), Check::chain, "fw-chain");
  }
  SUBCASE("no root") {
    image.certificates = {good[0], good[1]};
    check_failed(judge(image.build(authority())), Check::chain, "fw-chain");
  }
  SUBCASE("another root of the same name") {
    const Authority other;
    image.certificates = {good[0], good[1], other.certificates()[2]};
    check_failed(judge(image.build(authority())), Check::chain, "fw-chain");
  }
  SUBCASE("a certificate that is no part of the path") {
    image.certificates = {good[0], good[1], good[1], good[2]};
    check_failed(judge(image.build(authority())), Check::chain, "fw-chain");
  }
  SUBCASE("something other than padding after the root") {
    auto bytes = image.build(authority());
    flip(bytes, layout_of(image).first_segment - 1);
    check_failed(judge(bytes), Check::chain, "fw-chain");
  }
  SUBCASE("an intermediate that may not sign") {
    const Authority::Options options{"P-384", false};
    const Authority who(options);
    check_failed(verify(image.build(who), "sbl.bin", accepting(who)), Check::chain, "fw-chain");
  }
}

TEST_CASE("a root that nobody knows is not accepted by itself") {
  const auto report = verify(synthetic("sbl.bin", "1.20").build(authority()), "sbl.bin");
  check_failed(report, Check::root, "fw-root-unknown");
  CHECK(report.failure->what.find(authority().root_sha384()) != std::string::npos);
}

TEST_CASE("versions that contradict each other are found") {
  using namespace std::string_literals;
  auto image = synthetic("sbl.bin", "1.20");
  image.segments.push_back({"\0QC_IMAGE_VERSION_STRING=SBL.AIC.1.18.2.0\0"s, 6});
  check_failed(judge(image.build(authority())), Check::versions, "fw-version-contradiction");
}

TEST_CASE("a version without a release is found") {
  using namespace std::string_literals;
  auto image = synthetic("sbl.bin", "1.20");
  image.segments.back().content = "\0QC_IMAGE_VERSION_STRING=SBL.AIC.unknown\0"s;
  check_failed(judge(image.build(authority())), Check::versions, "fw-version-unreadable");
}

TEST_CASE("an image under another image's name is found, for every pair") {
  for (const auto& content : known_images()) {
    const auto bytes = synthetic(std::string(content.file), "1.20").build(authority());
    for (const auto& name : known_images()) {
      if (name.file == content.file) continue;
      CAPTURE(content.file);
      CAPTURE(name.file);
      check_failed(judge(bytes, name.file), Check::name, "fw-name");
    }
  }
}

TEST_CASE("a name that the kernel does not ask for is noted, not judged") {
  const auto bytes = synthetic("sbl.bin", "1.20").build(authority());
  for (const char* name : {"", "other.bin", "fw4.bin"}) {
    const auto report = judge(bytes, name);
    CHECK(report.verdict == Verdict::good);
    CHECK(report.outcome(Check::name) == Outcome::not_applicable);
    CHECK(report.notes.size() == 1);
  }
}

TEST_CASE("bytes that no hash covers are counted, and noted when they are no fill") {
  auto image = synthetic("sbl.bin", "1.20");
  image.gap = std::string(10, '\xFF') + std::string(5, '\0');
  auto report = judge(image.build(authority()));
  REQUIRE(report.uncovered);
  CHECK(report.uncovered->bytes == 15);
  CHECK(report.uncovered->not_fill == 0);
  CHECK(report.notes.empty());
  image.gap = "abc";
  report = judge(image.build(authority()));
  CHECK(report.verdict == Verdict::good);
  REQUIRE(report.uncovered);
  CHECK(report.uncovered->not_fill == 3);
  CHECK(report.notes.size() == 1);
}
