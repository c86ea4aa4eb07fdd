#include "sim/syscall/topology.hpp"

#include <array>
#include <cstdio>

namespace qaic::sim::syscall {

namespace {

constexpr std::uint32_t kRootBus = 0x80;
constexpr std::uint32_t kLastDomain = 0xFFFF;

std::uint32_t free_domain(const std::set<std::string>& addresses) {
  // The upper half of a domain's buses, in the first domain where it is unused.
  for (std::uint32_t domain = 0; domain < kLastDomain; ++domain) {
    bool used = false;
    for (const std::string& address : addresses) {
      unsigned other_domain = 0;
      unsigned bus = 0;
      if (std::sscanf(address.c_str(), "%x:%x:", &other_domain, &bus) != 2) continue;
      used |= other_domain == domain && bus >= kRootBus;
    }
    if (!used) return domain;
  }
  return kLastDomain;
}

unsigned first_free(std::set<unsigned>& taken) {
  unsigned number = 0;
  while (taken.contains(number)) ++number;
  taken.insert(number);
  return number;
}

}  // namespace

std::string PciAddress::text() const {
  std::array<char, 32> buffer{};
  (void)std::snprintf(buffer.data(), buffer.size(), "%04x:%02x:%02x.%x", domain, bus, device, function);
  return buffer.data();
}

base::Result<Topology> place_boards(unsigned boards, unsigned socs_per_board, const Taken& taken) {
  if (boards == 0 || boards > kMaxNodes || boards * socs_per_board > kMaxNodes) {
    return base::fail(base::make_error(base::ErrorKind::usage, "sim-too-many-cards",
                                       "between 1 and " + std::to_string(kMaxNodes / socs_per_board) +
                                           " such cards can be simulated, not " + std::to_string(boards)));
  }
  Topology out;
  auto minors = taken.minors;
  auto mhi = taken.mhi;
  const std::uint32_t domain = free_domain(taken.pci_addresses);
  out.root = "pci" + PciAddress{domain, kRootBus, 0, 0}.text().substr(0, 7);
  const std::string root_path = "devices/" + out.root;

  std::uint32_t next_bus = kRootBus + 1;
  const auto add_slot = [&](const std::string& parent, unsigned board, unsigned soc) {
    Slot slot;
    slot.address = {domain, next_bus++, 0, 0};
    slot.path = parent + "/" + slot.address.text();
    slot.board = board;
    slot.soc = soc;
    slot.minor = first_free(minors);
    slot.mhi = first_free(mhi);
    out.slots.push_back(slot);
  };

  for (unsigned board = 0; board < boards; ++board) {
    Bridge port;
    port.kind = Bridge::Kind::root_port;
    port.address = {domain, kRootBus, 1 + board / 8, board % 8};
    port.path = root_path + "/" + port.address.text();
    port.secondary = next_bus;
    const std::size_t port_at = out.bridges.size();
    out.bridges.push_back(port);
    if (socs_per_board == 1) {
      add_slot(port.path, board, 0);
    } else {
      Bridge upstream;
      upstream.kind = Bridge::Kind::switch_upstream;
      upstream.address = {domain, next_bus++, 0, 0};
      upstream.path = port.path + "/" + upstream.address.text();
      upstream.secondary = next_bus++;
      const std::size_t upstream_at = out.bridges.size();
      out.bridges.push_back(upstream);
      for (unsigned soc = 0; soc < socs_per_board; ++soc) {
        Bridge down;
        down.kind = Bridge::Kind::switch_downstream;
        down.address = {domain, upstream.secondary, soc, 0};
        down.path = upstream.path + "/" + down.address.text();
        down.secondary = next_bus;
        down.subordinate = next_bus;
        out.bridges.push_back(down);
        add_slot(down.path, board, soc);
      }
      out.bridges[upstream_at].subordinate = next_bus - 1;
    }
    out.bridges[port_at].subordinate = next_bus - 1;
  }
  return out;
}

}  // namespace qaic::sim::syscall
