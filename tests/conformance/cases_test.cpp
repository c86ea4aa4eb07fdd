// The suite's own parts that need no node.
#include <doctest/doctest.h>

#include <cerrno>
#include <set>
#include <string>

#include "conformance/groups.hpp"
#include "conformance/node.hpp"

using namespace qaic;
using namespace qaic::conformance;

TEST_CASE("every case has a name of its own, group and words") {
  std::set<std::string> names;
  for (const auto group : {node_cases(), manage_cases(), transaction_cases(), bo_cases(), mmap_cases(),
                           slice_cases(), execute_cases(), partial_cases(), semaphore_cases(),
                           doorbell_cases(), wait_cases(), perf_cases(), lifetime_cases()}) {
    CHECK(!group.empty());
    for (const Case& one : group) {
      const std::string name = one.name;
      CHECK_MESSAGE(names.insert(name).second, name);
      CHECK_MESSAGE(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == std::string::npos,
                    name);
    }
  }
}

TEST_CASE("a result is judged by the series that is expected") {
  std::FILE* out = std::tmpfile();
  REQUIRE(out != nullptr);
  Settings settings;
  settings.kernel = Kernel::v7;
  Run on_7(settings, "a.case", out);
  on_7.result("what", -EFAULT, {-EFAULT, -EINVAL});
  CHECK_FALSE(on_7.failed());
  settings.kernel = Kernel::v6_12;
  Run on_6_12(settings, "a.case", out);
  on_6_12.result("what", -EFAULT, {-EFAULT, -EINVAL});
  CHECK(on_6_12.failed());
  std::fclose(out);
}

TEST_CASE("any value of 0 and more is success") {
  CHECK(result_name(0) == "ok");
  CHECK(result_name(5) == "ok");
  CHECK(result_name(-EINVAL) == "EINVAL");
  CHECK(result_name(-ECANCELED) == "ECANCELED");
}

TEST_CASE("what was observed is printed once per look, with case and name") {
  std::FILE* out = std::tmpfile();
  REQUIRE(out != nullptr);
  const Settings settings;
  Run run(settings, "a.case", out);
  run.result("first", -EINVAL, -EINVAL);
  run.equal("second", std::uint64_t{3}, 4);
  CHECK(run.failed());
  std::rewind(out);
  char text[256] = {};
  const std::size_t size = std::fread(text, 1, sizeof(text) - 1, out);
  CHECK(std::string(text, size) ==
        "# observed a.case first EINVAL\n"
        "# observed a.case second 3\n"
        "# a.case: second: expected 4, got 3\n");
  std::fclose(out);
}

TEST_CASE("a failed preparation fails the case") {
  std::FILE* out = std::tmpfile();
  REQUIRE(out != nullptr);
  const Settings settings;
  Run run(settings, "a.case", out);
  CHECK(run.prepared("good", 0));
  CHECK_FALSE(run.failed());
  CHECK_FALSE(run.prepared("bad", -ENODEV));
  CHECK(run.failed());
  std::fclose(out);
}
