#include "lib/sysfs/pci_address.hpp"

#include <charconv>

namespace qaic::sysfs {

namespace {

// Takes hex digits up to `end_mark` (the whole rest for '\0') off `text`.
std::optional<std::uint32_t> take_hex(std::string_view& text, char end_mark, std::uint32_t most) {
  const std::size_t end = end_mark == '\0' ? text.size() : text.find(end_mark);
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  std::uint32_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + end, value, 16);
  if (error != std::errc() || stop != text.data() + end || value > most) return std::nullopt;
  text.remove_prefix(end_mark == '\0' ? end : end + 1);
  return value;
}

void append_hex(std::string& out, std::uint32_t value, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
    out += "0123456789abcdef"[(value >> shift) & 0xF];
  }
}

}  // namespace

std::optional<PciAddress> parse_pci_address(std::string_view text) {
  const auto domain = take_hex(text, ':', 0xFFFFFFFF);
  const auto bus = domain ? take_hex(text, ':', 0xFF) : std::nullopt;
  const auto device = bus ? take_hex(text, '.', 0x1F) : std::nullopt;
  const auto function = device ? take_hex(text, '\0', 7) : std::nullopt;
  if (!function) return std::nullopt;
  return PciAddress{*domain, static_cast<std::uint8_t>(*bus), static_cast<std::uint8_t>(*device),
                    static_cast<std::uint8_t>(*function)};
}

std::string to_text(const PciAddress& address) {
  std::string out;
  out.reserve(16);
  append_hex(out, address.domain, address.domain > 0xFFFF ? 8 : 4);
  out += ':';
  append_hex(out, address.bus, 2);
  out += ':';
  append_hex(out, address.device, 2);
  out += '.';
  append_hex(out, address.function, 1);
  return out;
}

}  // namespace qaic::sysfs
