// Life of a DMA bridge channel on the host's side. Source: kernel-interface
// §1.9, §2.5, §6.6.
#include <string>

#include "sim/driver/state.hpp"

namespace qaic::sim::driver {

Answer<void> Driver::State::give_up(File& file, std::uint32_t dbc) {
  if (dbcs[dbc].owner != &file) return refuse(EPERM);
  dbcs[dbc].owner = nullptr;
  return {};
}

// Completes what is queued by force; its sleepers find no owner.
void Driver::State::flush(Dbc& dbc) {
  std::vector<Bo*> queued;
  queued.swap(dbc.queued);
  for (Bo* bo : queued) {
    bo->queued = false;
    bo->slices_done = 0;
    bo->req_id = 0;
    bo->profile = {};
    complete(*bo);
    release_if_unused(*bo);
  }
}

void Driver::State::release_channel(Dbc& dbc) {
  dbc.owner = nullptr;
  flush(dbc);
  while (!dbc.sliced.empty()) detach(*dbc.sliced.back());
  dbc.queue.reset();
  dbc.queue_user = nullptr;
  dbc.in_use = false;
}

void Driver::State::set_state(Dbc& dbc, unsigned state) {
  if (dbc.state == state) return;
  dbc.state = state;
  uevents.push_back({Uevent::Device::accel,
                     "change",
                     {{"DBC_ID", std::to_string(dbc.id)}, {"DBC_STATE", std::to_string(state)}}});
}

}  // namespace qaic::sim::driver
