#include "sim/pci/bus_master.hpp"

namespace qaic::sim::pci {

namespace {

tl::unexpected<base::Error> refused() {
  return base::fail(base::make_error(base::ErrorKind::device, "sim-dma-fault",
                                     "the host has not made the card a bus master"));
}

}  // namespace

base::Result<void> BusMaster::read(base::BusAddr from, base::MutableBytes out) {
  return right_ == Right::granted ? memory_.read(from, out) : refused();
}

base::Result<void> BusMaster::write(base::BusAddr to, base::Bytes in) {
  return right_ == Right::granted ? memory_.write(to, in) : refused();
}

void BusMaster::raise(unsigned vector) {
  if (right_ == Right::granted) interrupts_.raise(vector);
}

}  // namespace qaic::sim::pci
