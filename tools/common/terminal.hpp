// What the terminal can show.
#pragma once

#include <string>
#include <string_view>

namespace qaic::tools {

enum class ColorMode { automatic, always, never };

// Colour on stdout: never with NO_COLOR set or when it is no terminal, unless
// asked for.
bool use_color(ColorMode mode);

enum class Tone { plain, good, warning, bad, dim };
// `text` in a tone, or unchanged without colour.
std::string toned(std::string_view text, Tone tone, bool color);

// `text` as it can be shown: control characters, which would move the cursor or
// begin a line that looks like the tool's own, become \\x1b and the like, and what is
// not UTF-8 becomes U+FFFD. For names and messages that hold what a file says.
std::string printable(std::string_view text);

}  // namespace qaic::tools
