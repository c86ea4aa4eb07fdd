#include "sim/cli/line_limit.hpp"

#include <doctest/doctest.h>

using qaic::sim::cli::LineLimit;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

TEST_CASE("so many lines a second are written, and how many were not") {
  LineLimit limit(3);
  CHECK(limit.pass({"a", "b"}, 5s) == Lines{"a", "b"});
  CHECK_FALSE(limit.keeps_back());
  CHECK(limit.pass({"c", "d", "e"}, 5s + 900ms) == Lines{"c"});
  CHECK(limit.keeps_back());
  CHECK(limit.pass({"f"}, 5s + 999ms).empty());
  CHECK(limit.pass({"g", "h", "i", "j"}, 6s) == Lines{"3 more lines", "g", "h", "i"});
  CHECK(limit.pass({}, 6s + 500ms).empty());
  CHECK(limit.pass({}, 7s) == Lines{"1 more lines"});
  CHECK_FALSE(limit.keeps_back());
}

TEST_CASE("what was kept back is told at the end") {
  LineLimit limit(1);
  CHECK(limit.rest().empty());
  CHECK(limit.pass({"a", "b", "c"}, 5s) == Lines{"a"});
  CHECK(limit.rest() == "2 more lines");
  CHECK(limit.rest().empty());
}
