#include "base/duration.hpp"

#include <doctest/doctest.h>

using qaic::base::parse_duration;
using std::chrono::milliseconds;

TEST_CASE("durations have a unit or are seconds") {
  CHECK(parse_duration("90") == milliseconds(90000));
  CHECK(parse_duration("1.5s") == milliseconds(1500));
  CHECK(parse_duration("20ms") == milliseconds(20));
  CHECK(parse_duration("2m") == milliseconds(120000));
  CHECK(parse_duration("2min") == milliseconds(120000));
  CHECK(parse_duration("0") == milliseconds(0));
  CHECK(parse_duration("0.2ms") == milliseconds(1));
}

TEST_CASE("what is no duration, or longer than a day, is none") {
  for (const char* wrong : {"", "s", "-1s", "5h", "5 s", "5ss", "inf", "nan", "1e400", "25000m"})
    CHECK_FALSE(parse_duration(wrong));
}
