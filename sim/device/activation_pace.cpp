// Activations under a latency model.
#include "sim/device/activation.hpp"
#include "sim/device/unexecuted.hpp"

namespace qaic::sim::device {

namespace nnc = wire::nnc;

namespace {

// Cards of one simulated host have one seed; their times still differ.
std::uint64_t stream_of(const std::string& hw_serial) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : hw_serial) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace

Result<std::unique_ptr<CoreGroup>> Activations::start_cores(std::uint32_t id, const CoreProgram& program) {
  if (latency_.execute) return ports_.cores.start(program);
  journal_.add(name_of(id) + " of \"" + program.name +
               "\" is not executed (latency model): what it gives out means nothing");
  return std::make_unique<UnexecutedGroup>(id, program);
}

// What the latency model says of this network's inferences.
void Activations::set_pace(Activation& activation) {
  Channel& channel = *channels_[activation.dbc];
  if (!latency_.execute) channel.set_unattended();
  const auto& last = activation.network().last_request;
  if (!latency_.is_modelled() || !last) return;
  InferenceEnd end{last->to_device, last->offset, last->times};
  switch (last->memory) {
    case LastRequest::Memory::window:
      end.address +=
          kMulticastBase + (activation.multicast_ids.offset() + last->window) * nnc::kMulticastWindow;
      break;
    case LastRequest::Memory::shared_ddr:
      end.address += kDdrBase + activation.shared.offset();
      break;
    case LastRequest::Memory::dynamic_ddr:
      end.address += kDdrBase + activation.dynamic_offset();
      break;
  }
  channel.set_pace(latency_, stream_of(hw_serial_) + activation.dbc, end);
}

}  // namespace qaic::sim::device
