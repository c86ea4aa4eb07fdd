// Networks from stock clang, read as the card reads them: words that the
// emulator does not know are refused as code and let pass as data.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "os/file.hpp"
#include "sim/device/elf.hpp"
#include "sim/nsp/code_check.hpp"

using namespace qaic;

namespace {

std::vector<sim::device::CoreSegment> load(const std::string& name) {
  const auto file = os::read_file(QAIC_PROGRAMS "/" + name, 1U << 20);
  REQUIRE_MESSAGE(file, name);
  const auto elf = sim::device::read_elf(*file);
  REQUIRE_MESSAGE(elf, elf.error().what);
  return elf->segments;
}

bool has_word(base::Bytes bytes, std::uint32_t word) {
  for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
    if (base::read_struct<base::le32>(bytes, at)->get() == word) return true;
  }
  return false;
}

void check_refused(const std::string& name, std::uint32_t word, const char* text, const char* kind) {
  CAPTURE(name);
  const auto segments = load(name);
  const auto checked = sim::nsp::check_code(segments);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().id == "code-unsupported");
  CHECK(checked.error().what.find(text) != std::string::npos);
  CHECK(checked.error().what.find(kind) != std::string::npos);
  CHECK(std::any_of(segments.begin(), segments.end(),
                    [&](const auto& segment) { return has_word(segment.file_bytes, word); }));
}

}  // namespace

TEST_CASE("networks with floating-point vector code are refused") {
  check_refused("float-qfloat.elf", 0x1fb4ff35, "(0x1fb4ff35)", "qf16, qf32");
  check_refused("float-ieee.elf", 0x1fceed21, "(0x1fceed21)", "hf, sf");
}

TEST_CASE("the same words as read-only data beside the code are not") {
  auto segments = load("float-data.elf");
  const auto code =
      std::find_if(segments.begin(), segments.end(), [](const auto& s) { return s.executable; });
  REQUIRE(code != segments.end());
  REQUIRE(has_word(code->file_bytes, 0x1fb4ff35));  // in the executable segment
  CHECK(sim::nsp::check_code(segments));
  // Without sections that say better it would be taken for code.
  code->code = {{0, static_cast<std::uint32_t>(code->file_bytes.size() & ~std::size_t{3})}};
  CHECK_FALSE(sim::nsp::check_code(segments));
}
