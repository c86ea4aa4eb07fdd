#include "sim/cli/card_settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>

#include "sim/cli/latency_setting.hpp"

namespace qaic::sim::cli {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;

namespace {

// A decimal number, or a hexadecimal one with 0x, up to `most`.
std::optional<std::uint64_t> number(std::string_view text, std::uint64_t most) {
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

struct Setting {
  std::string_view key;
  bool (*apply)(device::CardConfig&, std::string_view);
};

template <auto Member>
bool set_number(device::CardConfig& config, std::string_view text) {
  using T = std::remove_reference_t<decltype(config.*Member)>;
  const auto value = number(text, std::numeric_limits<T>::max());
  if (value) config.*Member = static_cast<T>(*value);
  return value.has_value();
}

template <auto Member>
bool set_text(device::CardConfig& config, std::string_view text) {
  config.*Member = std::string(text);
  return true;
}

struct Fault {
  std::string_view name;
  bool device::Faults::*member;
};
constexpr std::array<Fault, 6> kFaults{{{"data-bit", &device::Faults::data_bit},
                                        {"protocol-version", &device::Faults::protocol_version},
                                        {"reply-crc", &device::Faults::reply_crc},
                                        {"silent-handshake", &device::Faults::silent_handshake},
                                        {"silent-status", &device::Faults::silent_status},
                                        {"silent-terminate", &device::Faults::silent_terminate}}};

// NAME[,NAME]...
bool set_faults(device::CardConfig& config, std::string_view names) {
  for (;;) {
    const auto comma = names.find(',');
    const auto found = std::find_if(kFaults.begin(), kFaults.end(),
                                    [&](const Fault& fault) { return fault.name == names.substr(0, comma); });
    if (found == kFaults.end()) return false;
    config.faults.*(found->member) = true;
    if (comma == std::string_view::npos) return true;
    names.remove_prefix(comma + 1);
  }
}

bool set_latency(device::CardConfig& config, std::string_view text) {
  const auto latency = parse_latency(text);
  if (latency) config.latency = *latency;
  return latency.has_value();
}

std::string hint_of(std::string_view key) {
  if (key == "fault") return "faults: " + fault_names();
  if (key == "latency") return std::string(kLatencyForm);
  return "KEY=VALUE; numbers are decimal, or hexadecimal with 0x";
}

using Config = device::CardConfig;
constexpr std::array<Setting, 14> kSettings{
    {{"board_serial", set_text<&Config::board_serial>},
     {"complex_id", set_number<&Config::complex_id>},
     {"dram_bytes", set_number<&Config::dram_bytes>},
     {"fault", set_faults},
     {"features", set_number<&Config::features>},
     {"hw_serial", set_text<&Config::hw_serial>},
     {"hw_version", set_number<&Config::hw_version>},
     {"latency", set_latency},
     {"need_reset_to_retire_pages", set_number<&Config::need_reset_to_retire_pages>},
     {"nsp_count", set_number<&Config::nsp_count>},
     {"nsp_pg_mask", set_number<&Config::nsp_pg_mask>},
     {"pvs_image_version", set_number<&Config::pvs_image_version>},
     {"qsm_version", set_text<&Config::qsm_version>},
     {"retired_pages", set_number<&Config::retired_pages>}}};

}  // namespace

std::string fault_names() {
  std::string names;
  for (const auto& fault : kFaults) names += (names.empty() ? "" : ", ") + std::string(fault.name);
  return names;
}

std::string setting_names() {
  std::string names;
  for (const auto& setting : kSettings) names += (names.empty() ? "" : ", ") + std::string(setting.key);
  return names;
}

CardSetting split_setting(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return {std::nullopt, text};
  const auto card = number(text.substr(0, colon), std::numeric_limits<unsigned>::max());
  if (!card) return {std::nullopt, text};
  return {static_cast<std::size_t>(*card), text.substr(colon + 1)};
}

Result<void> apply_setting(device::CardConfig& config, std::string_view setting) {
  const auto equals = setting.find('=');
  const std::string_view key = setting.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : setting.substr(equals + 1);
  for (const auto& known : kSettings) {
    if (known.key != key) continue;
    if (equals != std::string_view::npos && !value.empty() && known.apply(config, value)) return {};
    return fail(make_error(ErrorKind::usage, "sim-setting",
                           "'" + std::string(value) + "' does not fit " + std::string(key), hint_of(key)));
  }
  return fail(make_error(ErrorKind::usage, "sim-setting", "a card has no setting '" + std::string(key) + "'",
                         "settings: " + setting_names()));
}

}  // namespace qaic::sim::cli
