#include "tools/common/terminal.hpp"

#include <cstdlib>

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

}  // namespace qaic::tools
