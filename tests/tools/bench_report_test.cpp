#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

#include "tools/qaic-run/bench/card_state.hpp"
#include "tools/qaic-run/bench/options.hpp"
#include "tools/qaic-run/bench/report.hpp"
#include "tools/qaic-run/bench/sha256.hpp"
#include "tools/qaic-run/bench/svg.hpp"
#include "tools/qaic-run/bench/text_histogram.hpp"

using namespace qaic::tools::run::bench;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string hash_of(const std::string& text) {
  return sha256(qaic::base::as_bytes(text));
}

}  // namespace

TEST_CASE("SHA-256 gives the digests of its standard") {
  // FIPS 180-4 examples, and lengths around a block and its padding.
  CHECK(hash_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hash_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(hash_of(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  CHECK(hash_of(std::string(55, 'a')) == "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
  CHECK(hash_of(std::string(64, 'a')) == "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

TEST_CASE("lists are numbers above zero between commas, and nothing else") {
  CHECK(parse_list("8") == std::vector<double>{8});
  CHECK(parse_list("1,2,4.5") == std::vector<double>{1, 2, 4.5});
  for (const char* wrong :
       {"", ",", "1,", ",1", "1,,2", "1;2", "0", "-1", "1 ,2", "x", "nan", "inf", "1e999"}) {
    INFO(wrong);
    CHECK(!parse_list(wrong));
  }
  std::string long_list = "1";
  for (int i = 0; i < 32; ++i) long_list += ",1";
  CHECK(!parse_list(long_list));
}

TEST_CASE("text is broken at spaces, within 80 columns, a number not from its unit") {
  const std::string text =
      "the quick brown fox jumps over the lazy dog and takes almost as long as 99.5 % of the others, which "
      "is "
      "12.5 µs of 7 s in sum";
  const auto lines = lines_of(wrapped(text, 4));
  REQUIRE(lines.size() == 2);
  for (const auto& line : lines) {
    CHECK(columns(line) <= 80);
    CHECK(line.starts_with("    "));
  }
  CHECK(lines[1].starts_with("    99.5 % of"));
}

TEST_CASE("a drawn histogram has all inferences, few lines and no long ones") {
  Histogram latencies;
  CHECK(text_histogram(latencies).empty());
  for (std::uint64_t i = 0; i < 990; ++i) latencies.record(200'000 + 1'000 * i);
  for (int i = 0; i < 10; ++i) latencies.record(50'000'000);
  const auto lines = lines_of(text_histogram(latencies));
  CHECK(lines.size() == 15);
  double sum = 0;
  for (const auto& line : lines) {
    CHECK(columns(line) <= 80);
    const std::size_t at = line.find(" %");
    REQUIRE(at != std::string::npos);
    sum += std::stod(line.substr(line.rfind(' ', at - 1)));
  }
  CHECK(sum == doctest::Approx(100).epsilon(0.01));
  CHECK(lines.back().find("50.0 ms") != std::string::npos);
  Histogram same;
  for (int i = 0; i < 5; ++i) same.record(1000);
  CHECK(lines_of(text_histogram(same)).size() == 1);
}

TEST_CASE("open loops of one rate and several depths are told apart") {
  BenchReport report;
  for (const std::size_t depth : {4U, 8U}) {
    Measurement& point = report.points.emplace_back();
    point.load = {depth, 200.0, ArrivalKind::constant};
    point.series.record(1, 1000);
    point.inferences = 1;
    point.bound = "So.";
  }
  CHECK(depths_differ(report));
  const std::string text = report_text(report);
  for (const char* wanted : {"asked@d", "200.0@4", "200.0@8", "200.0 per second at depth 4: So."}) {
    INFO(wanted);
    CHECK(text.find(wanted) != std::string::npos);
  }
  CHECK(report_svg(report).find("200/s, depth 8") != std::string::npos);
  report.points.pop_back();
  CHECK(!depths_differ(report));
  CHECK(report_text(report).find("200.0@4") == std::string::npos);
}

TEST_CASE("axes have round ticks around what they show") {
  const auto plain = [](double value) { return std::to_string(static_cast<long>(value)); };
  const Axis linear = linear_axis(930, plain);
  CHECK(linear.high == 1000);
  CHECK(linear.ticks.size() == 6);
  const Axis log = log_axis(130, 18'000, plain);
  CHECK(log.low == doctest::Approx(100));
  CHECK(log.high == doctest::Approx(20'000));
  CHECK(log.part(log.low) == 0);
  CHECK(log.part(1e9) == 1);
  CHECK(linear_axis(0, plain).high > 0);
  CHECK(log_axis(0, 0, plain).high > 0);
}

TEST_CASE("text in a picture cannot end its element") {
  Svg svg(10, 10);
  svg.text(0, 0, "a<b>&\"\n", Svg::Anchor::start, 10);
  CHECK(svg.finish().find(">a&lt;b&gt;&amp;&quot; </text>") != std::string::npos);
}

TEST_CASE("only fields that differ are changes; absent is no zero") {
  CardState before;
  before.answer.failure = qaic::tools::Failure{};
  before.correctable = 3;
  CardState after = before;
  CHECK(changes(state_json(before), state_json(after)).empty());
  after.correctable = 5;
  after.uncorrectable = 0;
  const auto found = changes(state_json(before), state_json(after));
  CHECK(found.size() == 2);
  CHECK(found["correctable_errors"]["after"] == 5);
  CHECK(found["uncorrectable_errors"]["before"] == nullptr);
}
