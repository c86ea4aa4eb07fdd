#include <doctest/doctest.h>

#include "lib/program/checks.hpp"
#include "tests/lib_program/samples.hpp"
#include "wire/qpc.hpp"

namespace {

using namespace qaic;

constexpr auto kVtcm = wire::qpc::NspMemory::vtcm;

using Tables = std::vector<std::vector<program::NspMulticastEntry>>;

// Reasons of multicast-peer, a line each, for three NSPs of one id that the
// host does not have: NSP 0 writes 4096 bytes to both others.
std::string reasons(void (*change)(Tables&)) {
  program::Metadata m = samples::metadata();
  m.num_nsps = 3;
  m.host_multicast.clear();
  m.requests.clear();
  m.nsp_multicast.assign(3, {{0, 0, 4096, kVtcm, false}});
  m.nsp_multicast[0][0].mask = 6;
  change(m.nsp_multicast);
  program::Findings findings;
  program::check_multicast(m, findings);
  std::string out;
  for (const auto& finding : findings.list()) {
    CHECK(finding.rule == "multicast-peer");
    CHECK(finding.severity == program::Severity::warning);
    CHECK(finding.place == "metadata.nspMulticastTables[0][0]");
    out += finding.reason + "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("an NSP that another one writes to must have as much of the id") {
  CHECK(reasons([](Tables&) {}).empty());
  CHECK(reasons([](Tables& tables) { tables[2][0].size = 4095; }) ==
        "NSP 0 writes 4096 bytes by multicast id 0 to NSP 2, which has 4095 there\n");
  CHECK(reasons([](Tables& tables) {
          tables[1][0].size = 0;
          tables[2].clear();
        }) ==
        "NSP 0 writes 4096 bytes by multicast id 0 to NSP 1, which has 0 there\n"
        "NSP 0 writes 4096 bytes by multicast id 0 to NSP 2, which has no entry for it\n");
  // Not named, not asked; and nothing lands on the NSP that writes.
  CHECK(reasons([](Tables& tables) {
          tables[0][0].mask = 3;
          tables[2].clear();
        }).empty());
}

TEST_CASE("where dynamic entries lead is not known before the program runs") {
  const auto small = [](Tables& tables) { tables[1][0].size = tables[2][0].size = 1; };
  CHECK(!reasons(small).empty());
  CHECK(reasons([](Tables& tables) {
          tables[1][0].size = tables[2][0].size = 1;
          tables[0][0].dynamic = true;
        }).empty());
  CHECK(reasons([](Tables& tables) { tables[1][0] = tables[2][0] = {0, 0, 1, kVtcm, true}; }).empty());
}
