// A card with scripted ports, and control messages put together by hand.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "sim/device/card.hpp"
#include "tests/support/card_ports.hpp"
#include "tests/wire/hex.hpp"

namespace qaic::tests {

// Little-endian bytes of a number, as hex.
inline std::string hex32(std::uint32_t value) {
  std::string out;
  for (int i = 0; i < 4; ++i) out += hex_of(base::bytes_of(base::Le<std::uint8_t>(value >> (8 * i) & 0xFF)));
  return out;
}
inline std::string hex64(std::uint64_t value) {
  return hex32(static_cast<std::uint32_t>(value)) + hex32(static_cast<std::uint32_t>(value >> 32));
}
// Text in a field of `width` bytes.
inline std::string hex_text(std::string_view text, std::size_t width) {
  return hex_of(base::as_bytes(text)) + zeros(width - text.size());
}

// A wire message of these transactions (each already hex).
inline std::string message_hex(std::uint32_t sequence, std::uint32_t handle,
                               std::initializer_list<std::string> transactions) {
  std::string body;
  for (const std::string& transaction : transactions) body += packed(transaction);
  return "00000000 51414943" + hex32(sequence) + hex32(static_cast<std::uint32_t>(32 + body.size() / 2)) +
         hex32(static_cast<std::uint32_t>(transactions.size())) + hex32(handle) + "ffffffff 00000000" + body;
}
// A passthrough transaction around a command.
inline std::string passthrough_hex(std::string_view command) {
  const std::string body = packed(command);
  return "04000000" + hex32(static_cast<std::uint32_t>(8 + body.size() / 2)) + body;
}

struct TestCard : World {
  explicit TestCard(sim::device::CardConfig c = sim::device::stock_config(wire::nnc::Sku::pcie_pro, 0, 0))
      : config(std::move(c)), card(config, ports()) {
    card.boot();
  }

  // The reply to one message as hex; empty if there is not exactly one.
  std::string ask(std::string_view hex) {
    card.control(bytes_of_hex(hex));
    return only_reply();
  }
  std::string only_reply() {
    const auto replies = card.take_replies();
    return replies.size() == 1 ? hex_of(replies.front()) : std::string();
  }
  // Sends transactions as user `handle`; the reply's transactions as hex.
  std::string send(std::uint32_t handle, std::initializer_list<std::string> transactions) {
    const std::string reply = ask(message_hex(++sequence, handle, transactions));
    return reply.size() < 64 ? reply : reply.substr(64);
  }
  // One command; the response's bytes as hex, transaction header removed.
  std::string command(std::uint32_t handle, std::string_view hex) {
    const std::string reply = send(handle, {passthrough_hex(hex)});
    return reply.size() < 16 ? reply : reply.substr(16);
  }

  sim::device::CardConfig config;
  sim::device::Card card;
  std::uint32_t sequence = 0;
};

// The little-endian number at byte `offset` of hex.
inline std::uint64_t number_at(std::string_view hex, std::size_t offset, std::size_t width) {
  const auto bytes = bytes_of_hex(hex.substr(offset * 2, width * 2));
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return value;
}
inline std::int32_t status_at(std::string_view hex, std::size_t offset) {
  return static_cast<std::int32_t>(number_at(hex, offset, 4));
}

}  // namespace qaic::tests
