#include "tools/common/holders.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace qaic;
using qaic::tools::holders_json;
using qaic::tools::holders_text;

TEST_CASE("holders are named, the first five of them") {
  os::FileHolders holders;
  CHECK(holders_text(holders) == "no other process that can be seen");
  holders.seen = {{1, 1, 0, "a"}};
  CHECK(holders_text(holders) == "process 1 (a)");
  holders.seen = {{1, 1, 0, "a"}, {2, 1, 0, "b"}, {3, 1, 0, "c"}};
  CHECK(holders_text(holders) == "process 1 (a), process 2 (b) and process 3 (c)");
  for (int i = 4; i < 9; ++i) holders.seen.push_back({i, 1, 0, "x"});
  CHECK(holders_text(holders) ==
        "process 1 (a), process 2 (b), process 3 (c), process 4 (x), process 5 (x) and 3 more");
}

TEST_CASE("what cannot be seen is said as far as it is known") {
  os::FileHolders holders;
  holders.closed_to_us = 1;
  CHECK(holders_text(holders) ==
        "no other process that can be seen; 1 process cannot be looked into without root");
  holders.closed_to_us = 2;
  holders.others_hidden = true;
  CHECK(holders_text(holders) ==
        "no other process that can be seen; 2 processes cannot be looked into without root; there may be "
        "others that /proc does not show here");
}

TEST_CASE("a process that calls itself something wild spoils neither terminal nor document") {
  os::FileHolders holders;
  holders.seen = {{7, 1, 12, "\x1b[2J\xff)\n"}};
  CHECK(holders_text(holders) == "process 7 (\\x1b[2J\xEF\xBF\xBD)\\x0a)");
  const auto json = holders_json(holders);
  CHECK(json.at("processes").at(0).at("uid") == 12);
  CHECK(json.at("processes").at(0).at("command") == "\x1b[2J\xEF\xBF\xBD)\n");
  CHECK_NOTHROW((void)json.dump());
}
