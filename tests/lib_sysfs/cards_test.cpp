#include "lib/sysfs/cards.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "lib/core/inventory.hpp"
#include "lib/sysfs/visible.hpp"

namespace core = qaic::core;
namespace sysfs = qaic::sysfs;
namespace fs = std::filesystem;

namespace {

// A /sys of our own in a temporary folder, laid out as the kernel does: the
// bus folder holds links, the card's parts are below the PCI function.
class Tree {
 public:
  Tree() {
    std::string name = (fs::temp_directory_path() / "qaic-sysfs-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    root_ = name;
    fs::create_directories(root_ / "bus/pci/devices");
  }
  ~Tree() { fs::remove_all(root_); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  [[nodiscard]] std::string root() const { return root_.string(); }

  void write(const fs::path& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text << '\n';
  }

  // A PCI function; gives its folder relative to the root.
  [[nodiscard]] fs::path add(const std::string& address, const std::string& vendor,
                             const std::string& device) const {
    const fs::path folder = fs::path("devices/pci0000:00") / address;
    write(folder / "vendor", vendor);
    write(folder / "device", device);
    write(folder / "class", "0x120000");
    fs::create_directory_symlink(root_ / folder, root_ / "bus/pci/devices" / address);
    return folder;
  }

  void link(const fs::path& path, const std::string& target) const {
    fs::create_directories((root_ / path).parent_path());
    fs::create_symlink(target, root_ / path);
  }
  void folder(const fs::path& path) const { fs::create_directories(root_ / path); }

 private:
  fs::path root_;
};

std::vector<sysfs::Card> cards_of(const Tree& tree) {
  auto cards = sysfs::read_cards(tree.root());
  REQUIRE(cards.has_value());
  return *cards;
}

}  // namespace

TEST_CASE("a host without a PCI bus has no cards") {
  const auto cards = sysfs::read_cards("/nonexistent");
  REQUIRE(cards.has_value());
  CHECK(cards->empty());
  CHECK_FALSE(sysfs::driver_present("/nonexistent"));
}

TEST_CASE("only Cloud AI functions are cards") {
  const Tree tree;
  (void)tree.add("0000:00:1f.0", "0x8086", "0xa100");
  (void)tree.add("0000:01:00.0", "0x17cb", "0xa100");
  (void)tree.add("0000:02:00.0", "0x17cb", "0xa080");
  (void)tree.add("0000:03:00.0", "0x17cb", "0xa110");
  (void)tree.add("0000:04:00.0", "0x17cb", "0x1101");
  const auto cards = cards_of(tree);
  REQUIRE(cards.size() == 3);
  CHECK(cards[0].device == 0xA100);
  CHECK(cards[1].device == 0xA080);
  CHECK(cards[2].device == 0xA110);
  CHECK(sysfs::pci_info(cards[0]) == "Processing accelerators Qualcomm Device a100");
  CHECK(sysfs::pci_info(cards[1]) == "Processing accelerators Qualcomm Device a080");
}

TEST_CASE("cards are in numeric order of their address") {
  const Tree tree;
  for (const char* address :
       {"10000:01:00.0", "0000:0a:00.0", "0000:9a:00.0", "0000:09:00.0", "0000:09:00.1"}) {
    (void)tree.add(address, "0x17cb", "0xa100");
  }
  const auto cards = cards_of(tree);
  std::vector<std::string> order;
  for (const auto& card : cards) order.push_back(sysfs::to_text(card.address));
  CHECK(order == std::vector<std::string>{"0000:09:00.0", "0000:09:00.1", "0000:0a:00.0", "0000:9a:00.0",
                                          "00010000:01:00.0"});
}

TEST_CASE("everything a bound card shows is read") {
  const Tree tree;
  const auto folder = tree.add("0000:01:00.0", "0x17cb", "0xa100");
  tree.folder(folder / "accel/accel3");
  tree.folder(folder / "mhi7/mhi7_QAIC_CONTROL");
  tree.folder(folder / "mhi_not_a_number");
  tree.link(folder / "driver", "../../../bus/pci/drivers/qaic");
  tree.folder("bus/pci/drivers/qaic");
  tree.write(folder / "max_link_speed", "16.0 GT/s PCIe");
  tree.write(folder / "max_link_width", "8");
  tree.write(folder / "current_link_speed", "2.5 GT/s PCIe");
  tree.write(folder / "current_link_width", "4");
  tree.write(folder / "numa_node", "1");
  tree.write(folder / "hwmon/hwmon5/temp2_input", "28000");
  tree.write(folder / "hwmon/hwmon5/power1_input", "5250000");
  tree.write(folder / "hwmon/hwmon5/power1_max", "75000000");
  const auto cards = cards_of(tree);
  REQUIRE(cards.size() == 1);
  const auto& card = cards[0];
  CHECK(card.node == "accel3");
  CHECK(card.mhi == "mhi7");
  CHECK(card.driver == "qaic");
  CHECK(card.pci_class == 0x120000);
  REQUIRE(card.link_max.has_value());
  CHECK(card.link_max->mtps == 16000);
  CHECK(card.link_max->width == 8);
  REQUIRE(card.link_current.has_value());
  CHECK(card.link_current->mtps == 2500);
  CHECK(card.link_current->width == 4);
  CHECK(card.numa_node == 1);
  CHECK(card.soc_temperature_millicelsius == 28000);
  CHECK(card.board_power_microwatts == 5250000);
  CHECK(card.tdp_cap_microwatts == 75000000);
  CHECK(sysfs::driver_present(tree.root()));
}

TEST_CASE("what a card does not show is absent, not zero") {
  const Tree tree;
  const auto folder = tree.add("0000:01:00.0", "0x17cb", "0xa100");
  tree.write(folder / "max_link_speed", "Unknown");
  tree.write(folder / "max_link_width", "8");
  tree.write(folder / "current_link_speed", "16.0 GT/s PCIe");
  tree.write(folder / "current_link_width", "255");
  tree.write(folder / "numa_node", "-1");
  const auto cards = cards_of(tree);
  REQUIRE(cards.size() == 1);
  CHECK(cards[0].node.empty());
  CHECK(cards[0].driver.empty());
  CHECK(cards[0].mhi.empty());
  CHECK_FALSE(cards[0].link_max.has_value());
  CHECK_FALSE(cards[0].link_current.has_value());
  CHECK_FALSE(cards[0].numa_node.has_value());
  CHECK_FALSE(cards[0].soc_temperature_millicelsius.has_value());
  CHECK_FALSE(cards[0].board_power_microwatts.has_value());
  CHECK_FALSE(cards[0].tdp_cap_microwatts.has_value());
}

TEST_CASE("link speeds of all generations are read, nonsense is not") {
  CHECK(sysfs::parse_link_speed("2.5 GT/s PCIe") == 2500);
  CHECK(sysfs::parse_link_speed("5.0 GT/s PCIe") == 5000);
  CHECK(sysfs::parse_link_speed("32.0 GT/s PCIe") == 32000);
  CHECK(sysfs::parse_link_speed("64 GT/s") == 64000);
  for (const char* text :
       {"", "Unknown", "Unknown speed", "16.0", "0.0 GT/s", "-1 GT/s", "99999999999 GT/s"}) {
    CHECK_MESSAGE(!sysfs::parse_link_speed(text).has_value(), text);
  }
}

TEST_CASE("PCI addresses are read as the kernel writes them and nothing else") {
  const auto address = sysfs::parse_pci_address("0000:9a:1f.7");
  REQUIRE(address.has_value());
  CHECK(sysfs::to_text(*address) == "0000:9a:1f.7");
  for (const char* text : {"", "0000:01:00", "0000:01:00.8", "0000:01:20.0", "0000:100:00.0", "zzzz:01:00.0",
                           "0000:01:00.0x", ":01:00.0"}) {
    CHECK_MESSAGE(!sysfs::parse_pci_address(text).has_value(), text);
  }
}

TEST_CASE("a list of visible cards is numbers and commas") {
  CHECK(sysfs::parse_visible_devices("0,2") == std::vector<std::uint32_t>{0, 2});
  CHECK(sysfs::parse_visible_devices("") == std::vector<std::uint32_t>{});
  for (const char* text : {",", "0,", "a", "0 2", "-1", "0,,2", "99999999999", "all"}) {
    const auto list = sysfs::parse_visible_devices(text);
    REQUIRE_MESSAGE(!list.has_value(), text);
    CHECK(list.error().id == "visible-devices");
    CHECK(list.error().kind == qaic::base::ErrorKind::usage);
  }
}

TEST_CASE("hiding a card does not renumber the others") {
  const Tree tree;
  for (const char* address : {"0000:01:00.0", "0000:02:00.0", "0000:03:00.0"}) {
    (void)tree.add(address, "0x17cb", "0xa100");
  }
  const auto all = core::read_inventory(tree.root(), std::nullopt);
  REQUIRE(all.has_value());
  for (const auto& card : all->cards) CHECK(card.visible);
  const auto some = core::read_inventory(tree.root(), "2,0");
  REQUIRE(some.has_value());
  REQUIRE(some->cards.size() == 3);
  CHECK(some->cards[0].visible);
  CHECK_FALSE(some->cards[1].visible);
  CHECK(some->cards[2].visible);
  CHECK(some->cards[2].qid == 2);
  CHECK_FALSE(core::read_inventory(tree.root(), "2,zero").has_value());
}
