#include "tools/qaic-run/fit.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace qaic;
using namespace qaic::tools::run;

namespace {

// 4 NSPs, 3 semaphores, 2 multicast ids, and 1 byte more than 5 MB.
nlohmann::json inspection() {
  return nlohmann::json::parse(R"({
    "program": {"resources": {"nsps": 4, "semaphores": 3, "multicast_ids": 2, "memory_bytes": 5242881}}})");
}

qaic_status enough() {
  qaic_status status{};
  status.nsp_total = 14;
  status.nsp_free = 4;
  status.dram_total_mb = 100;
  status.dram_free_mb = 6;
  status.vc_total = 16;
  status.vc_free = 1;
  status.semaphore_total = 32;
  status.semaphore_free = 3;
  status.mcid_total = 16;
  status.mcid_free = 2;
  status.networks_active = 2;
  return status;
}

}  // namespace

TEST_CASE("a program fits where just enough of everything is free") {
  const auto fit = fit_of(inspection(), enough());
  CHECK(fit.fits());
  CHECK_FALSE(fit.shortage("net"));
  REQUIRE(fit.needs.size() == 5);
  CHECK(fit.needs[1].resource == "memory_mb");
  CHECK(fit.needs[1].needed == 6);
}

TEST_CASE("one less of any resource is named as what is short") {
  std::uint32_t qaic_status::*const fields[] = {&qaic_status::nsp_free, &qaic_status::dram_free_mb,
                                                &qaic_status::vc_free, &qaic_status::semaphore_free,
                                                &qaic_status::mcid_free};
  for (std::size_t i = 0; i < std::size(fields); ++i) {
    auto status = enough();
    status.*fields[i] -= 1;
    const auto fit = fit_of(inspection(), status);
    CHECK_FALSE(fit.fits());
    const auto shortage = fit.shortage("net");
    REQUIRE(shortage);
    CHECK(shortage->exit_code == 5);
    CHECK(shortage->what.find(fit.needs[i].unit) != std::string::npos);
    CHECK(shortage->hint == "2 networks are active; the card is open in: no other process that can be seen");
  }
}

TEST_CASE("who has the card open is named where something is short") {
  auto status = enough();
  status.nsp_free = 0;
  auto fit = fit_of(inspection(), status);
  fit.holders.seen = {{4711, 1, 1000, "python3"}};
  const auto shortage = fit.shortage("net");
  REQUIRE(shortage);
  CHECK(shortage->hint == "2 networks are active; the card is open in: process 4711 (python3)");
}

TEST_CASE("what the whole card does not have is said before what is only short now") {
  auto status = enough();
  status.nsp_free = 0;
  status.semaphore_total = 2;
  status.semaphore_free = 2;
  const auto shortage = fit_of(inspection(), status).shortage("net");
  REQUIRE(shortage);
  CHECK(shortage->exit_code == 9);
  CHECK(shortage->what == "net does not fit: it needs 3 semaphores, 2 of 2 are free");
}
