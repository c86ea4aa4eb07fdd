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

}  // namespace qaic::tools
