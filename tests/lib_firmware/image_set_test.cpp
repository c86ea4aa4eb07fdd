#include "lib/firmware/image_set.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <utility>

#include "tests/lib_firmware/synthetic_image.hpp"

using namespace qaic;
using namespace qaic::firmware;

namespace {

// Reports of synthetic images: file name, release.
SetReport set_of(const std::vector<std::pair<std::string, std::string>>& images) {
  static const test::Authority authority;
  std::deque<Report> reports;
  std::vector<const Report*> pointers;
  for (const auto& [file, release] : images) {
    reports.push_back(
        verify(test::synthetic(file, release).build(authority), file, {{authority.root_sha384()}}));
    pointers.push_back(&reports.back());
  }
  return check_set(pointers);
}

}  // namespace

TEST_CASE("six images of one release are a whole and consistent set") {
  const auto set = set_of({{"sbl.bin", "1.20"},
                           {"fw1.bin", "1.20"},
                           {"fw2.bin", "1.20"},
                           {"fw5.bin", "1.20"},
                           {"fw9.bin", "1.20"},
                           {"fw10.bin", "1.20"}});
  CHECK(set.consistent());
  CHECK(set.absent.empty());
  CHECK(set.releases.size() == 4);
  CHECK(set.releases.at("fw1.bin") == Release{1, 20});
}

TEST_CASE("any image of another release is a finding") {
  for (const char* odd : {"sbl.bin", "fw1.bin", "fw2.bin", "fw9.bin"}) {
    CAPTURE(odd);
    std::vector<std::pair<std::string, std::string>> images;
    for (const char* file : {"sbl.bin", "fw1.bin", "fw2.bin", "fw9.bin"}) {
      images.emplace_back(file, std::string(file) == odd ? "1.18" : "1.20");
    }
    const auto set = set_of(images);
    REQUIRE(set.findings.size() == 1);
    CHECK(set.findings[0].id == "fw-set-mixed");
    CHECK(set.findings[0].what.find(std::string(odd) + " is 1.18") != std::string::npos);
  }
}

TEST_CASE("images that distributions ship and are not there are named") {
  const auto set = set_of({{"sbl.bin", "1.20"}, {"fw5.bin", "1.20"}});
  CHECK(set.consistent());
  CHECK(set.absent == std::vector<std::string>{"fw1.bin", "fw2.bin", "fw9.bin", "fw10.bin"});
}

TEST_CASE("a bad image is not compared") {
  // fw9's content under fw2's name
  static const test::Authority authority;
  const VerifyOptions options{{authority.root_sha384()}};
  const auto sbl = verify(test::synthetic("sbl.bin", "1.20").build(authority), "sbl.bin", options);
  const auto wrong = verify(test::synthetic("fw9.bin", "1.18").build(authority), "fw2.bin", options);
  REQUIRE(wrong.verdict == Verdict::bad);
  CHECK(check_set({&sbl, &wrong}).consistent());
}
