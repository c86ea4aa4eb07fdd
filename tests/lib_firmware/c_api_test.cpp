// The C interface as programs see it, through its C++ wrapper and bare.
#include <doctest/doctest.h>
#include <qaic/qaic-fw.h>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <qaic/qaic-fw.hpp>
#include <string>

#include "tests/lib_firmware/synthetic_image.hpp"

using namespace qaic;

namespace {

const test::Authority& authority() {
  static const test::Authority one;
  return one;
}

fw::Image good_image(const std::string& file) {
  auto image =
      fw::Image::verify(test::synthetic(file, "1.20").build(authority()), file, {authority().root_sha384()});
  REQUIRE(image);
  return std::move(*image);
}

}  // namespace

TEST_CASE("a good image has a verdict, versions and a report") {
  const auto image = good_image("fw1.bin");
  CHECK(image.verdict() == QAIC_FW_GOOD);
  CHECK_FALSE(image.failure());
  CHECK(image.version("QSM") == "QSM.AIC.1.20.2.5");
  CHECK_FALSE(image.version("NSP"));
  const auto report = nlohmann::json::parse(image.report());
  CHECK(report["schema"] == "qaic.fw-image/1");
  CHECK(report["verdict"] == "good");
  CHECK(report["failure"].is_null());
  CHECK(report["checks"].size() == 11);
  CHECK(report["software_id"] == "0xe");
  CHECK(report["build"]["time"] == "2025-12-20T11:59");
  CHECK(report["signer"]["root"]["sha384"] == authority().root_sha384());
  CHECK(report["elf"]["segments"][1]["role"] == "hash_segment");
}

TEST_CASE("a bad image is an object with a failure, not an error") {
  auto bytes = test::synthetic("sbl.bin", "1.20").build(authority());
  bytes.back() ^= std::byte{1};
  const auto image = fw::Image::verify(bytes, "sbl.bin");
  REQUIRE(image);
  CHECK(image->verdict() == QAIC_FW_BAD);
  REQUIRE(image->failure());
  CHECK(std::string(image->failure()->id()) == "fw-hash-mismatch");
  CHECK(image->failure()->kind() == QAIC_FW_ERROR_VERDICT);
  CHECK_FALSE(image->version("SBL"));
  const auto report = nlohmann::json::parse(image->report());
  CHECK(report["failure"]["id"] == "fw-hash-mismatch");
  CHECK(report["signer"].is_null());
  CHECK(report["versions"].is_null());

  const auto text = fw::Image::verify(base::as_bytes("hello"), "sbl.bin");
  REQUIRE(text);
  CHECK(text->verdict() == QAIC_FW_NOT_AN_IMAGE);
  CHECK(text->failure()->kind() == QAIC_FW_ERROR_BAD_INPUT);
}

TEST_CASE("wrong arguments are usage errors") {
  qaic_fw_error error{};
  qaic_fw_image* image = nullptr;
  CHECK(qaic_fw_image_verify("x", 1, nullptr, nullptr, nullptr, &error) == -1);
  CHECK(error.kind == QAIC_FW_ERROR_USAGE);
  CHECK(std::string(error.id) == "fw-argument");
  CHECK(qaic_fw_image_verify(nullptr, 1, nullptr, nullptr, &image, nullptr) == -1);
  qaic_fw_options options{};
  CHECK(qaic_fw_image_verify("x", 1, nullptr, &options, &image, nullptr) == -1);
  for (const char* root : {"", "abc", static_cast<const char*>(nullptr)}) {
    options = {sizeof(options), &root, 1};
    CHECK(qaic_fw_image_verify("x", 1, nullptr, &options, &image, &error) == -1);
    CHECK(image == nullptr);
  }
  qaic_fw_set* set = nullptr;
  CHECK(qaic_fw_set_check(nullptr, 1, &set, &error) == -1);
  CHECK(qaic_fw_set_check(nullptr, 0, nullptr, &error) == -1);
  qaic_fw_image_free(nullptr);
  qaic_fw_set_free(nullptr);
}

TEST_CASE("no name and no bytes are allowed") {
  qaic_fw_image* image = nullptr;
  REQUIRE(qaic_fw_image_verify(nullptr, 0, nullptr, nullptr, &image, nullptr) == 0);
  CHECK(qaic_fw_image_verdict(image) == QAIC_FW_NOT_AN_IMAGE);
  qaic_fw_image_free(image);
}

TEST_CASE("texts that are too long for the error are cut and terminated") {
  // A root with a long unknown fingerprint gives a long text; its hint fits.
  const auto image = fw::Image::verify(test::synthetic("sbl.bin", "1.20").build(authority()), "sbl.bin");
  REQUIRE(image);
  qaic_fw_error error;
  std::memset(&error, 'x', sizeof(error));
  REQUIRE(qaic_fw_image_failure(image->get(), &error) == 1);
  CHECK(std::string(error.id) == "fw-root-unknown");
  CHECK(std::strlen(error.what) < sizeof(error.what));
  CHECK(std::strlen(error.hint) < sizeof(error.hint));
}

TEST_CASE("a set outlives its images") {
  qaic_fw_set* set = nullptr;
  {
    const auto sbl = good_image("sbl.bin");
    const std::array<const qaic_fw_image*, 1> images{sbl.get()};
    REQUIRE(qaic_fw_set_check(images.data(), images.size(), &set, nullptr) == 0);
  }
  CHECK(qaic_fw_set_finding(set, nullptr) == 0);
  const auto report = nlohmann::json::parse(qaic_fw_set_report(set));
  CHECK(report["schema"] == "qaic.fw-set/1");
  CHECK(report["consistent"] == true);
  CHECK(report["releases"]["sbl.bin"] == "1.20");
  CHECK(report["absent"].size() == 5);
  qaic_fw_set_free(set);
}

TEST_CASE("a mixed set has a finding") {
  const auto sbl = good_image("sbl.bin");
  auto old = fw::Image::verify(test::synthetic("fw2.bin", "1.18").build(authority()), "fw2.bin",
                               {authority().root_sha384()});
  REQUIRE(old);
  const std::array<const fw::Image*, 2> images{&sbl, &*old};
  const auto set = fw::ImageSet::check(images);
  REQUIRE(set);
  REQUIRE(set->finding());
  CHECK(std::string(set->finding()->id()) == "fw-set-mixed");
  CHECK(set->finding()->kind() == QAIC_FW_ERROR_VERDICT);
}

TEST_CASE("the library says its version") {
  CHECK(std::string(qaic_fw_version()) == QAIC_VERSION);
}
