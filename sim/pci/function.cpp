#include "sim/pci/function.hpp"

#include <algorithm>

#include "sim/device/resources.hpp"
#include "wire/dbc.hpp"

namespace qaic::sim::pci {

using base::Bytes;
using base::MutableBytes;

namespace {

constexpr std::uint32_t kWord = 4;  // bytes

// Any range of 32-bit registers, ascending; of a register that is touched in
// part, the part is handed out.
template <class ReadWord>
void read_words(std::uint64_t offset, MutableBytes out, ReadWord read) {
  while (!out.empty()) {
    const auto inside = static_cast<std::size_t>(offset % kWord);
    const std::size_t count = std::min<std::size_t>(kWord - inside, out.size());
    const base::le32 value(read(static_cast<std::uint32_t>(offset - inside)));
    std::copy_n(base::bytes_of(value).begin() + static_cast<std::ptrdiff_t>(inside), count, out.begin());
    out = out.subspan(count);
    offset += count;
  }
}

// Registers take whole words; a write of less goes nowhere.
template <class WriteWord>
void write_words(std::uint64_t offset, Bytes in, WriteWord write) {
  while (!in.empty()) {
    const auto inside = static_cast<std::size_t>(offset % kWord);
    const std::size_t count = std::min<std::size_t>(kWord - inside, in.size());
    if (count == kWord) write(static_cast<std::uint32_t>(offset), base::read_struct<base::le32>(in)->get());
    in = in.subspan(count);
    offset += count;
  }
}

struct BridgePlace {
  base::DbcId dbc;
  wire::dbc::Register reg;
};

std::optional<BridgePlace> bridge_place(std::uint32_t offset) {
  if (offset < wire::dbc::kFirstBlock) return std::nullopt;
  const std::uint32_t dbc = (offset - wire::dbc::kFirstBlock) / wire::dbc::kBlockStride;
  const std::uint32_t reg = (offset - wire::dbc::kFirstBlock) % wire::dbc::kBlockStride;
  if (dbc >= device::kChannels || reg > static_cast<std::uint32_t>(wire::dbc::Register::response_tail))
    return std::nullopt;
  return BridgePlace{base::DbcId(dbc), static_cast<wire::dbc::Register>(reg)};
}

}  // namespace

Function::Function(Identity identity, mhi::Controller& controller, device::Card& card, BusMaster& bus_master)
    : identity_(identity),
      controller_(controller),
      card_(card),
      bus_master_(bus_master),
      config_(identity),
      spare_(wire::pci::kSpareBarSize) {
  obey_command();
}

std::uint64_t Function::region_size(Region region) const {
  switch (region) {
    case Region::bar0:
      return wire::pci::kMhiBarSize;
    case Region::bar2:
      return wire::pci::kBridgeBarSize;
    case Region::bar4:
      return wire::pci::kSpareBarSize;
    case Region::config:
      return wire::pci::kConfigSize;
    case Region::bar1:
    case Region::bar3:
    case Region::bar5:
    case Region::rom:
    case Region::vga:
      break;
  }
  return 0;
}

void Function::read(Region region, std::uint64_t offset, MutableBytes out) {
  switch (region) {
    case Region::bar0:
      return read_words(offset, out, [this](std::uint32_t at) { return controller_.read(at); });
    case Region::bar2:
      return read_words(offset, out, [this](std::uint32_t at) { return read_bridge(at); });
    case Region::bar4:
      std::copy_n(spare_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
      return;
    case Region::config:
      return config_.read(static_cast<std::uint32_t>(offset), out);
    case Region::bar1:
    case Region::bar3:
    case Region::bar5:
    case Region::rom:
    case Region::vga:
      return;
  }
}

void Function::write(Region region, std::uint64_t offset, Bytes in) {
  switch (region) {
    case Region::bar0:
      return write_words(offset, in,
                         [this](std::uint32_t at, std::uint32_t value) { controller_.write(at, value); });
    case Region::bar2:
      return write_words(offset, in,
                         [this](std::uint32_t at, std::uint32_t value) { write_bridge(at, value); });
    case Region::bar4:
      std::copy(in.begin(), in.end(), spare_.begin() + static_cast<std::ptrdiff_t>(offset));
      return;
    case Region::config:
      return write_config(static_cast<std::uint32_t>(offset), in);
    case Region::bar1:
    case Region::bar3:
    case Region::bar5:
    case Region::rom:
    case Region::vga:
      return;
  }
}

void Function::reset() {
  config_.reset();
  obey_command();
  std::fill(spare_.begin(), spare_.end(), std::byte{0});
  controller_.reset();
}

unsigned Function::interrupt_count(InterruptKind kind) const {
  switch (kind) {
    case InterruptKind::msi:
      return identity_.messages == Messages::msi ? wire::pci::kVectors : 0;
    case InterruptKind::msix:
      return identity_.messages == Messages::msix ? wire::pci::kVectors : 0;
    case InterruptKind::error:
      return 1;  // never raised; QEMU warns of a function without it
    case InterruptKind::intx:
    case InterruptKind::request:
      break;
  }
  return 0;
}

void Function::write_config(std::uint32_t offset, Bytes in) {
  if (config_.write(offset, in) == ConfigSpace::Effect::reset) return reset();
  obey_command();
}

void Function::obey_command() {
  bus_master_.set(config_.bus_master() ? BusMaster::Right::granted : BusMaster::Right::none);
}

std::uint32_t Function::read_bridge(std::uint32_t offset) const {
  const auto place = bridge_place(offset);
  return place ? card_.read_dbc(place->dbc, place->reg) : 0;
}

void Function::write_bridge(std::uint32_t offset, std::uint32_t value) {
  const auto place = bridge_place(offset);
  if (!place) return;
  card_.write_dbc(place->dbc, place->reg, value);
  controller_.pump();
}

}  // namespace qaic::sim::pci
