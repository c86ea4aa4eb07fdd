// STATUS, RESOURCE_INFO and PERFORMANCE_INFO: offsets of runtime-protocols §3.1
// counted by hand.
#include <doctest/doctest.h>

#include "sim/device/firmware.hpp"
#include "tests/sim_device/card_control.hpp"

using namespace qaic::tests;
using qaic::sim::device::stock_config;
using qaic::wire::nnc::Sku;

namespace {

std::string text_at(const std::string& hex, std::size_t offset, std::size_t width) {
  const auto bytes = bytes_of_hex(hex.substr(offset * 2, width * 2));
  const std::string all(qaic::base::as_text(bytes));
  return all.substr(0, all.find('\0'));
}

constexpr const char* kStatus = "0d000000 00 000000";

}  // namespace

TEST_CASE("STATUS reports what a stock Pro card is") {
  TestCard test;
  const std::string status = test.command(3, kStatus);
  REQUIRE(status.size() == 2 * 504);
  CHECK(number_at(status, 0, 4) == 14);
  CHECK(status_at(status, 4) == 0);
  CHECK(number_at(status, 8, 1) == 12);
  CHECK(number_at(status, 112, 4) == 0x00020000);
  CHECK(text_at(status, 116, 16) == "0x51b00000");
  CHECK(text_at(status, 132, 32) == "SIM471-12-000000");
  CHECK(number_at(status, 168, 4) == 32692);
  CHECK(number_at(status, 180, 1) == 16);
  CHECK(number_at(status, 182, 1) == 16);
  CHECK(number_at(status, 183, 1) == 16);
  CHECK(number_at(status, 184, 4) == 3072);
  CHECK(number_at(status, 192, 4) == 32);
  CHECK(number_at(status, 208, 4) == 825000000);
  CHECK(number_at(status, 212, 4) == 2133000000);
  CHECK(number_at(status, 232, 8) == 400000000000000);
  CHECK(number_at(status, 240, 8) == 0);
  CHECK(number_at(status, 274, 2) == 1);
  CHECK(number_at(status, 278, 2) == 17);
  CHECK(number_at(status, 280, 2) == 0);
  CHECK(number_at(status, 332, 1) == 3);
}

TEST_CASE("a request with the open runtime's eight extra bytes is answered alike") {
  TestCard test;
  const std::string exact = test.command(3, kStatus);
  CHECK(test.command(3, std::string(kStatus) + zeros(8)) == exact);
}

TEST_CASE("what is soldered and fused differs and STATUS says so") {
  auto config = stock_config(Sku::pcie_ultra, 2, 3);
  config.nsp_pg_mask = 0x8001;
  config.retired_pages = 7;
  config.need_reset_to_retire_pages = 1;
  TestCard test(config);
  const std::string status = test.command(0, kStatus);
  CHECK(text_at(status, 116, 16) == "0x51b00023");
  CHECK(text_at(status, 132, 32) == "SIM471-12-000002");
  CHECK(number_at(status, 182, 1) == 14);
  CHECK(number_at(status, 306, 1) == 1);
  CHECK(number_at(status, 308, 4) == 24);
  CHECK(number_at(status, 312, 8) == 0x8001);
  CHECK(number_at(status, 328, 4) == 7);
  CHECK(number_at(status, 332, 1) == 5);
  CHECK(number_at(status, 333, 1) == 3);
}

TEST_CASE("versions are read out of the images the card booted from") {
  TestCard test;
  test.storage.images["sbl.bin"] = std::string(
                                       "\x7f"
                                       "ELF\0\0",
                                       6) +
                                   "xxQC_IMAGE_VERSION_STRING=SBL.AIC.9.87.6.5" + std::string(3, '\0') +
                                   "IMAGE_VARIANT_STRING=AIC100_REL";
  test.storage.images["fw2.bin"] = std::string(40, '\0') + "QC_IMAGE_VERSION_STRING=NSP.AIC.9.86.5.4" +
                                   std::string(2, '\0') + "IMAGE_VARIANT_STRING=aic100.nsp.prodQ" +
                                   std::string(1, '\0');
  test.card.boot();
  const std::string status = test.command(3, kStatus);
  CHECK(text_at(status, 282, 24) == "SBL.AIC.9.87.6.5");
  CHECK(number_at(status, 336, 4) == 0x04055609);
  CHECK(text_at(status, 344, 64) == "NSP.AIC.9.86.5.4");
  CHECK(text_at(status, 456, 48) == "aic100.nsp.prodQ");
}

TEST_CASE("without images and without a stated QSM version there are no versions") {
  auto config = stock_config(Sku::pcie_pro, 0, 0);
  config.stated_qsm_version.clear();
  TestCard test(config);
  const std::string status = test.command(3, kStatus);
  CHECK(number_at(status, 16, 4) == 0xff000000);
  CHECK(text_at(status, 20, 38).empty());
  CHECK(text_at(status, 96, 16).empty());
  CHECK(text_at(status, 282, 24).empty());
  CHECK(number_at(status, 336, 4) == 0xff000000);
  CHECK(text_at(status, 344, 64).empty());
}

TEST_CASE("the QSM version is a setting, in text and in numbers") {
  auto config = stock_config(Sku::pcie_pro, 0, 0);
  config.qsm_version = "QSM.AIC.1.6.36";
  TestCard test(config);
  const std::string status = test.command(3, kStatus);
  CHECK(number_at(status, 16, 4) == 0xff240601);
  CHECK(text_at(status, 20, 38) == "QSM.AIC.1.6.36");
}

TEST_CASE("without a setting the QSM version is the one that fw1.bin carries") {
  TestCard test;
  test.storage.images["fw1.bin"] = std::string(9, '\0') + "QSM.AIC.1.20.2.5" + std::string(1, '\0');
  test.card.boot();
  const std::string status = test.command(3, kStatus);
  CHECK(number_at(status, 16, 4) == 0x05021401);
  CHECK(text_at(status, 20, 38) == "QSM.AIC.1.20.2.5");
}

TEST_CASE("RESOURCE_INFO and PERFORMANCE_INFO carry the same structs as STATUS") {
  TestCard test;
  const std::string status = test.command(3, kStatus);
  const std::string resources = test.command(3, "20000000 92100000 ffffffff 00000000");
  REQUIRE(resources.size() == 2 * 56);
  CHECK(number_at(resources, 0, 4) == 33);
  CHECK(resources.substr(16, 80) == status.substr(2 * 168, 80));
  CHECK(status_at(resources, 48) == 0);
  const std::string performance = test.command(3, "22000000 00000000");
  REQUIRE(performance.size() == 2 * 64);
  CHECK(number_at(performance, 0, 4) == 35);
  CHECK(performance.substr(16, 112) == status.substr(2 * 208, 112));
}

TEST_CASE("a resource group that does not exist is not found") {
  TestCard test;
  CHECK(status_at(test.command(3, "20000000 92100000 05000000 00000000"), 48) == -11);
}

TEST_CASE("numbers of a version end where the text goes on") {
  const auto version = qaic::sim::device::parse_version("TZ.AIC.1.18.1-1-7.2");
  CHECK(version.major == 1);
  CHECK(version.minor == 18);
  CHECK(version.patch == 0);
  CHECK(version.build == 0xFF);
  CHECK(qaic::sim::device::parse_version("SBL.AIC.1.300.2").minor == 0);
  CHECK(qaic::sim::device::parse_version("").build == 0xFF);
}
