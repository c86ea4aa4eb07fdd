#include "tools/common/terminal.hpp"

#include <doctest/doctest.h>

using qaic::tools::printable;

TEST_CASE("text from a file is shown without what would steer the terminal") {
  CHECK(printable("x y \xC3\xA9 \xE2\x82\xAC") == "x y \xC3\xA9 \xE2\x82\xAC");
  CHECK(printable("\x1b[31mred\n\t\x7f") == "\\x1b[31mred\\x0a\\x09\\x7f");
  CHECK(printable(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(printable("\xC2\x9B 2J") == "\\x9b 2J");  // CSI as one character
  CHECK(printable("\xC2\xA0") == "\xC2\xA0");     // the first one that is none
  CHECK(printable("\xFF\xC2") == "\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(printable("").empty());
}
