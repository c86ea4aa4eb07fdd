#include "lib/firmware/version.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace qaic;
using namespace qaic::firmware;
using namespace std::string_literals;

namespace {

// One ordinary segment over the whole text, then `unhashed` bytes in none.
Versions find_in(const std::string& text, std::size_t unhashed = 0) {
  Image image;
  image.bytes = base::as_bytes(text);
  image.segments.push_back({1, 5, 0, text.size() - unhashed, 0});
  return find_versions(image);
}

}  // namespace

TEST_CASE("the release is the two numbers after the family") {
  CHECK(release_of("SBL.AIC.1.20.2.1") == Release{1, 20});
  CHECK(release_of("TZ.AIC.1.19.0.3-1-G8F15A640F") == Release{1, 19});
  CHECK(release_of("SBL.AIC.1.20") == Release{1, 20});
  for (const char* bad : {"", "SBL", "SBL.AIC.", "SBL.AIC.1", "SBL.AIC.1.", "SBL.AIC.x.1", "SBL.AIC.1.x",
                          "SBL.AIC.1.20x", "SBL.AIC.99999999999.1", "SBL.XYZ.1.20"}) {
    CAPTURE(bad);
    CHECK_FALSE(release_of(bad));
  }
}

// As in sbl.bin of 1.20: the text after the tags is the genuine spelling.
TEST_CASE("variant and OEM version belong to the version before them") {
  const auto versions = find_in(
      "\xff\0QC_IMAGE_VERSION_STRING=SBL.AIC.1.20.2.1\0SBL.AIC.1.20.2.1\0\xffIMAGE_VARIANT_STRING=AIC100_"
      "REL\0"
      "OEM_IMAGE_VERSION_STRING= \0junk\x18QC_IMAGE_VERSION_STRING=TZ.AIC.1.19.0.3-1-G8F15A640F\0"
      "IMAGE_VARIANT_STRING=aic100.XBL_SEC_dbg\0OEM_IMAGE_VERSION_STRING=builder-02\0"s);
  REQUIRE(versions.components.size() == 2);
  const auto* sbl = versions.find("SBL");
  REQUIRE(sbl != nullptr);
  CHECK(sbl->text == "SBL.AIC.1.20.2.1");
  CHECK(sbl->variant == "AIC100_REL");
  CHECK_FALSE(sbl->oem);
  const auto* tz = versions.find("TZ");
  REQUIRE(tz != nullptr);
  CHECK(tz->variant == "aic100.XBL_SEC_dbg");
  CHECK(tz->oem == "builder-02");
  CHECK_FALSE(versions.build);
}

// As in fw1.bin of 1.20.
TEST_CASE("a bare version and the build's UUID and time are found") {
  const auto versions = find_in(
      "\0OEM_IMAGE_UUID_STRING=Q_SENTINEL_{380CDD35-919D-4D5F-917C-C11C9FDC6862}_20251220_1159\0QSM.AIC.1.20."
      "2.5\0"
      "\xd6TZ.AIC.1.20.0.3-1-G33F36BFCF\0"s);
  REQUIRE(versions.find("QSM") != nullptr);
  CHECK(versions.find("QSM")->text == "QSM.AIC.1.20.2.5");
  CHECK(versions.find("QSM")->release == Release{1, 20});
  REQUIRE(versions.find("TZ") != nullptr);
  REQUIRE(versions.build);
  CHECK(versions.build->uuid == "380CDD35-919D-4D5F-917C-C11C9FDC6862");
  CHECK(versions.build->time == "2025-12-20T11:59");
}

TEST_CASE("a UUID without a date has no time") {
  const auto versions = find_in("\0OEM_IMAGE_UUID_STRING=Q_SENTINEL_{X}_2025\0"s);
  REQUIRE(versions.build);
  CHECK(versions.build->uuid == "X");
  CHECK_FALSE(versions.build->time);
  REQUIRE(find_in("\0OEM_IMAGE_UUID_STRING=plain\0"s).build);
  CHECK_FALSE(find_in("\0OEM_IMAGE_UUID_STRING=plain\0"s).build->uuid);
}

TEST_CASE("a string that only mentions a version is none") {
  CHECK(find_in("\0see QSM.AIC.1.20.2.5\0x.AIC.1.2\0.AIC.1.2\0QSM.AIC.none\0"s).components.empty());
}

TEST_CASE("a version outside the hashed segments proves nothing and is not found") {
  const auto text = "code\0QC_IMAGE_VERSION_STRING=SBL.AIC.1.20.2.1\0"s;
  CHECK(find_in(text).components.size() == 1);
  CHECK(find_in(text, text.size() - 4).components.empty());
}
