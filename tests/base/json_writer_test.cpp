#include "base/json_writer.hpp"

#include <doctest/doctest.h>

#include <limits>

using qaic::base::JsonWriter;

TEST_CASE("a document has its commas and colons in place") {
  JsonWriter json;
  json.begin_object().key("a").number(std::uint64_t{1}).key("b").begin_array().null().hex(255).end_array();
  json.key("c").boolean_true().key("d").begin_object().end_object().end_object();
  CHECK(json.text() == R"({"a":1,"b":[null,"0xff"],"c":true,"d":{}})");
}

TEST_CASE("text is escaped, and bytes that are not UTF-8 are replaced") {
  JsonWriter json;
  json.string("q\"\\\n\x01 \xC3\xA4 \xFF \xED\xA0\x80");
  CHECK(json.text() == "\"q\\\"\\\\\\n\\u0001 \xC3\xA4 \xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST_CASE("a number that is not finite is null, never a made-up figure") {
  JsonWriter json;
  json.begin_array().number(std::numeric_limits<double>::quiet_NaN()).number(0.1).end_array();
  CHECK(json.text() == "[null,0.1]");
}
