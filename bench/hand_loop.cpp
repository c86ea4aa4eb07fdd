#include "bench/hand_loop.hpp"

#include <sys/ioctl.h>

#include "lib/core/program_file.hpp"

namespace qaic::bench {

base::Result<HandLoop> HandLoop::load(const std::string& node, const std::string& path) {
  QAIC_TRY(const auto device, core::Device::open(node));
  QAIC_TRY(const auto file, core::ProgramFile::open(path));
  HandLoop loop;
  QAIC_TRY(loop.network_, core::Network::load(device, file.program()));
  const core::Network& network = *loop.network_;
  const program::Plan& plan = network.plan();
  for (const auto& bo : plan.bos) {
    QAIC_TRY(core::Buffer buffer, core::Buffer::create(device, bo.size));
    std::vector<wire::uapi::AttachSliceEntry> slices;
    for (const auto& slice : bo.slices) slices.push_back(program::resolve(slice, network.bases()));
    QAIC_CHECK(buffer.attach(network.dbc(), bo.direction, slices));
    loop.entries_.push_back({buffer.handle().value, static_cast<std::uint32_t>(bo.direction)});
    loop.buffers_.push_back(std::move(buffer));
  }
  for (std::size_t bo = 0; bo < plan.bos.size(); ++bo) {
    if (plan.bos[bo].direction != wire::uapi::Direction::from_device) continue;
    loop.waits_.push_back({loop.entries_[bo].handle, 5000, network.dbc().value, 0});
  }
  return loop;
}

bool HandLoop::run(unsigned count) const {
  const int fd = network_->device()->fd();
  for (unsigned i = 0; i < count; ++i) {
    wire::uapi::Execute execute{};
    execute.count = static_cast<std::uint32_t>(entries_.size());
    execute.dbc_id = network_->dbc().value;
    execute.data = reinterpret_cast<std::uintptr_t>(entries_.data());
    if (::ioctl(fd, wire::uapi::kIoctlExecuteBo, &execute) != 0) return false;
    for (const wire::uapi::Wait& wait : waits_) {
      wire::uapi::Wait request = wait;
      if (::ioctl(fd, wire::uapi::kIoctlWaitBo, &request) != 0) return false;
    }
  }
  return true;
}

}  // namespace qaic::bench
