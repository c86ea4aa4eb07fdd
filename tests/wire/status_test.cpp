// runtime-protocols §3.1, offset A = from the start of the response command.
#include <doctest/doctest.h>

#include <cstddef>

#include "wire/nnc.hpp"

using namespace qaic::wire::nnc;

TEST_CASE("STATUS response fields lie at the documented offsets") {
  CHECK(offsetof(StatusResponse, type) == 0);
  CHECK(offsetof(StatusResponse, status) == 4);
  CHECK(offsetof(StatusResponse, format_version) == 8);
  CHECK(offsetof(StatusResponse, fw_major) == 16);
  CHECK(offsetof(StatusResponse, fw_build) == 19);
  CHECK(offsetof(StatusResponse, fw_qc_image_version) == 20);
  CHECK(offsetof(StatusResponse, fw_oem_image_version) == 58);
  CHECK(offsetof(StatusResponse, fw_image_variant) == 96);
  CHECK(offsetof(StatusResponse, hw_version) == 112);
  CHECK(offsetof(StatusResponse, hw_serial) == 116);
  CHECK(offsetof(StatusResponse, board_serial) == 132);
  CHECK(offsetof(StatusResponse, compiler_version) == 164);
  CHECK(offsetof(StatusResponse, resources) == 168);
  CHECK(offsetof(StatusResponse, performance) == 208);
  CHECK(offsetof(StatusResponse, constants_loaded) == 264);
  CHECK(offsetof(StatusResponse, constants_in_use) == 268);
  CHECK(offsetof(StatusResponse, networks_loaded) == 272);
  CHECK(offsetof(StatusResponse, networks_active) == 273);
  CHECK(offsetof(StatusResponse, metadata_major) == 274);
  CHECK(offsetof(StatusResponse, metadata_minor) == 276);
  CHECK(offsetof(StatusResponse, command_major) == 278);
  CHECK(offsetof(StatusResponse, command_minor) == 280);
  CHECK(offsetof(StatusResponse, sbl_image_name) == 282);
  CHECK(offsetof(StatusResponse, need_reset_to_retire_pages) == 306);
  CHECK(offsetof(StatusResponse, pvs_image_version) == 308);
  CHECK(offsetof(StatusResponse, nsp_pg_mask) == 312);
  CHECK(offsetof(StatusResponse, qts_time_offset_us) == 320);
  CHECK(offsetof(StatusResponse, retired_pages) == 328);
  CHECK(offsetof(StatusResponse, sku_type) == 332);
  CHECK(offsetof(StatusResponse, complex_id) == 333);
  CHECK(offsetof(StatusResponse, nsp_fw_major) == 336);
  CHECK(offsetof(StatusResponse, nsp_qc_image_version) == 344);
  CHECK(offsetof(StatusResponse, nsp_oem_image_version) == 408);
  CHECK(offsetof(StatusResponse, nsp_image_variant) == 456);
  CHECK(sizeof(StatusResponse) == 504);
}

TEST_CASE("the resource block is bytes 168 to 207 of a STATUS response") {
  constexpr std::size_t kBase = offsetof(StatusResponse, resources);
  CHECK(kBase + offsetof(ResourceInfo, dram_free) == 172);
  CHECK(kBase + offsetof(ResourceInfo, fragmentation) == 176);
  CHECK(kBase + offsetof(ResourceInfo, vc_total) == 180);
  CHECK(kBase + offsetof(ResourceInfo, vc_free) == 181);
  CHECK(kBase + offsetof(ResourceInfo, nsp_total) == 182);
  CHECK(kBase + offsetof(ResourceInfo, nsp_free) == 183);
  CHECK(kBase + offsetof(ResourceInfo, mcid_total) == 184);
  CHECK(kBase + offsetof(ResourceInfo, mcid_free) == 188);
  CHECK(kBase + offsetof(ResourceInfo, semaphore_total) == 192);
  CHECK(kBase + offsetof(ResourceInfo, semaphore_free) == 196);
  CHECK(kBase + offsetof(ResourceInfo, pc_total) == 200);
  CHECK(kBase + offsetof(ResourceInfo, pc_reserved) == 201);
}

TEST_CASE("the performance block is bytes 208 to 263 of a STATUS response") {
  constexpr std::size_t kBase = offsetof(StatusResponse, performance);
  CHECK(kBase + offsetof(PerformanceInfo, nsp_frequency) == 208);
  CHECK(kBase + offsetof(PerformanceInfo, ddr_frequency) == 212);
  CHECK(kBase + offsetof(PerformanceInfo, comp_frequency) == 216);
  CHECK(kBase + offsetof(PerformanceInfo, mem_frequency) == 220);
  CHECK(kBase + offsetof(PerformanceInfo, sys_frequency) == 224);
  CHECK(kBase + offsetof(PerformanceInfo, peak_compute) == 232);
  CHECK(kBase + offsetof(PerformanceInfo, dram_bw) == 240);
}

TEST_CASE("RESOURCE_INFO has its status at 48, PERFORMANCE_INFO at 4") {
  CHECK(offsetof(ResourceInfoResponse, info) == 8);
  CHECK(offsetof(ResourceInfoResponse, status) == 48);
  CHECK(offsetof(PerformanceInfoResponse, status) == 4);
  CHECK(offsetof(PerformanceInfoResponse, info) == 8);
}
