#include "lib/sysfs/cards.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>

#include "os/file.hpp"

namespace qaic::sysfs {

namespace {

using base::Result;

// A number as sysfs writes it: decimal, or hex after "0x".
template <std::integral T>
std::optional<T> parse_number(std::string_view text) {
  int radix = 10;
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
    radix = 16;
  }
  T value{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, radix);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

template <std::integral T>
std::optional<T> read_number(const std::string& path) {
  const auto text = os::read_text(path);
  return text ? parse_number<T>(*text) : std::nullopt;
}

bool is_ours(std::uint16_t device) {
  return device == kDeviceAic100 || device == kDeviceAic080 || device == kDeviceAic200;
}

// Whether `name` is `stem` and a number: "mhi0", "accel12".
bool is_numbered(std::string_view name, std::string_view stem) {
  if (!name.starts_with(stem)) return false;
  name.remove_prefix(stem.size());
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char digit) { return digit >= '0' && digit <= '9'; });
}

std::optional<Link> read_link_state(const std::string& folder, const char* speed_name,
                                    const char* width_name) {
  constexpr std::uint32_t kUnknownWidth = 255;  // the kernel's own mark
  const auto speed_text = os::read_text(folder + speed_name);
  const auto speed = speed_text ? parse_link_speed(*speed_text) : std::nullopt;
  const auto width = speed ? read_number<std::uint32_t>(folder + width_name) : std::nullopt;
  if (!width || *width == 0 || *width == kUnknownWidth) return std::nullopt;
  return Link{*speed, *width};
}

// temp2 is the SoC, power1 the board (runtime-protocols §3.2).
void read_hwmon(const std::string& folder, Card& card) {
  const auto names = os::list_folder(folder);
  if (!names) return;
  for (const std::string& name : *names) {
    const std::string sensors = folder + "/" + name + "/";
    if (!card.soc_temperature_millicelsius) {
      card.soc_temperature_millicelsius = read_number<std::int32_t>(sensors + "temp2_input");
    }
    if (!card.board_power_microwatts) {
      card.board_power_microwatts = read_number<std::uint64_t>(sensors + "power1_input");
    }
    if (!card.tdp_cap_microwatts) {
      card.tdp_cap_microwatts = read_number<std::uint64_t>(sensors + "power1_max");
    }
  }
}

std::string last_component(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

Card read_card(const std::string& folder, const PciAddress& address, std::uint16_t device) {
  Card card;
  card.address = address;
  card.vendor = kVendorQualcomm;
  card.device = device;
  card.pci_class = read_number<std::uint32_t>(folder + "class").value_or(0);
  // What is in the folder says what there is to read: a driver's parts come and
  // go, and asking for each by name would cost a failed call each.
  if (const auto names = os::list_folder(folder)) {
    for (const std::string& name : *names) {
      if (name == "accel") {
        if (const auto nodes = os::list_folder(folder + "accel")) {
          const auto node = std::find_if(nodes->begin(), nodes->end(),
                                         [](const auto& entry) { return is_numbered(entry, "accel"); });
          if (node != nodes->end()) card.node = *node;
        }
      } else if (name == "driver") {
        if (const auto target = os::read_link(folder + "driver")) card.driver = last_component(*target);
      } else if (name == "hwmon") {
        read_hwmon(folder + "hwmon", card);
      } else if (card.mhi.empty() && is_numbered(name, "mhi")) {
        card.mhi = name;
      }
    }
  }
  card.link_max = read_link_state(folder, "max_link_speed", "max_link_width");
  card.link_current = read_link_state(folder, "current_link_speed", "current_link_width");
  card.numa_node = read_number<std::int32_t>(folder + "numa_node");
  if (card.numa_node && *card.numa_node < 0) card.numa_node.reset();  // -1: the firmware names none
  return card;
}

}  // namespace

std::optional<std::uint32_t> parse_link_speed(std::string_view text) {
  std::uint32_t whole = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error != std::errc() || whole > 1'000'000) return std::nullopt;
  std::string_view rest(stop, static_cast<std::size_t>(text.data() + text.size() - stop));
  std::uint32_t tenths = 0;
  if (rest.size() >= 2 && rest[0] == '.' && rest[1] >= '0' && rest[1] <= '9') {
    tenths = static_cast<std::uint32_t>(rest[1] - '0');
    rest.remove_prefix(2);
  }
  if (!rest.starts_with(" GT/s")) return std::nullopt;
  const std::uint32_t mtps = whole * 1000 + tenths * 100;
  if (mtps == 0) return std::nullopt;
  return mtps;
}

Result<std::vector<Card>> read_cards(const std::string& root) {
  std::vector<Card> cards;
  const std::string bus = root + "/bus/pci/devices";
  if (os::file_kind(bus) == os::FileKind::missing) return cards;
  auto names = os::list_folder(bus);
  if (!names) {
    names.error().id = "sysfs-pci";
    return base::fail(std::move(names).error());
  }
  for (const std::string& name : *names) {
    const auto address = parse_pci_address(name);
    if (!address) continue;
    const std::string folder = bus + "/" + name + "/";
    if (read_number<std::uint16_t>(folder + "vendor") != kVendorQualcomm) continue;
    const auto device = read_number<std::uint16_t>(folder + "device");
    if (!device || !is_ours(*device)) continue;
    cards.push_back(read_card(folder, *address, *device));
  }
  std::sort(cards.begin(), cards.end(),
            [](const Card& left, const Card& right) { return left.address < right.address; });
  return cards;
}

bool driver_present(const std::string& root) {
  return os::file_kind(root + "/bus/pci/drivers/qaic") == os::FileKind::folder ||
         os::file_kind(root + "/module/qaic") == os::FileKind::folder;
}

std::string pci_info(const Card& card) {
  constexpr std::uint32_t kProcessingAccelerator = 0x1200;
  constexpr char kDigits[] = "0123456789abcdef";
  const auto hex4 = [&](std::uint32_t value) {
    return std::string{kDigits[(value >> 12) & 15], kDigits[(value >> 8) & 15], kDigits[(value >> 4) & 15],
                       kDigits[value & 15]};
  };
  const std::uint32_t base_class = card.pci_class >> 8;
  return (base_class == kProcessingAccelerator ? "Processing accelerators" : "Class " + hex4(base_class)) +
         std::string(" Qualcomm Device ") + hex4(card.device);
}

}  // namespace qaic::sysfs
