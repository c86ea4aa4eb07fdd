#include "tools/common/terminal.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "base/json_writer.hpp"
#include "os/terminal.hpp"

namespace qaic::tools {

namespace {

constexpr int kStdout = 1;

}  // namespace

bool use_color(ColorMode mode) {
  if (mode != ColorMode::automatic) return mode == ColorMode::always;
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  return os::is_terminal(kStdout);
}

std::string toned(std::string_view text, Tone tone, bool color) {
  if (!color || tone == Tone::plain) return std::string(text);
  const char* start = "";
  switch (tone) {
    case Tone::plain:
      break;
    case Tone::good:
      start = "\x1b[32m";
      break;
    case Tone::warning:
      start = "\x1b[33m";
      break;
    case Tone::bad:
      start = "\x1b[31m";
      break;
    case Tone::dim:
      start = "\x1b[2m";
      break;
  }
  return std::string(start) + std::string(text) + "\x1b[0m";
}

std::string printable(std::string_view text) {
  std::string out;
  const std::string utf8 = base::to_utf8(text);
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    const auto next = static_cast<unsigned char>(i + 1 < utf8.size() ? utf8[i + 1] : 0);
    if (c < 0x20 || c == 0x7F) {
      out += fmt::format("\\x{:02x}", c);
    } else if (c == 0xC2 && next < 0xA0) {  // U+0080 to U+009F are control characters, too
      out += fmt::format("\\x{:02x}", next);
      ++i;
    } else {
      out += utf8[i];
    }
  }
  return out;
}

}  // namespace qaic::tools
