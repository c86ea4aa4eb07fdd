#include "conformance/copy.hpp"

#include <algorithm>
#include <cstring>

namespace qaic::conformance {

namespace {
constexpr std::uint8_t kNeverRaised = 30;
}

std::optional<Bo> attached(Run& run, const Session& session, uapi::Direction direction, std::uint64_t size,
                           std::uint64_t device_address) {
  const uapi::AttachSliceEntry entry[] = {slice(size, device_address)};
  return attached(run, session, direction, size, entry);
}

std::optional<Bo> attached(Run& run, const Session& session, uapi::Direction direction, std::uint64_t size,
                           std::span<const uapi::AttachSliceEntry> slices) {
  auto bo = Bo::make(run, session.node, size);
  if (!bo) return std::nullopt;
  const int result = session.node.attach(session.channel.dbc, bo->handle, direction, slices);
  if (!run.prepared("attach", result)) return std::nullopt;
  return bo;
}

int execute_and_wait(const Session& session, const Bo& bo, std::uint32_t timeout_ms) {
  const int result = session.node.execute(session.channel.dbc, {bo.handle});
  return result < 0 ? result : session.node.wait(session.channel.dbc, bo.handle, timeout_ms);
}

bool read_card(Run& run, const Session& session, std::uint64_t device_address, base::MutableBytes out) {
  const auto bo = attached(run, session, uapi::Direction::from_device, out.size(), device_address);
  if (!bo || !run.prepared("read the card's memory", execute_and_wait(session, *bo))) return false;
  std::memcpy(out.data(), bo->bytes().data(), out.size());
  return run.prepared("detach", session.node.detach(bo->handle));
}

bool write_card(Run& run, const Session& session, std::uint64_t device_address, base::Bytes in) {
  const auto bo = attached(run, session, uapi::Direction::to_device, in.size(), device_address);
  if (!bo) return false;
  std::memcpy(bo->bytes().data(), in.data(), in.size());
  if (!run.prepared("write the card's memory", execute_and_wait(session, *bo))) return false;
  return run.prepared("detach", session.node.detach(bo->handle));
}

bool same(base::Bytes a, base::Bytes b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

std::optional<Bo> stuck(Run& run, const Session& session) {
  auto entry = slice(64, session.channel.device_address);
  entry.sem[0] = semaphore(Sync::pre, uapi::SemaphoreCommand::wait_equal, kNeverRaised, 0xABC);
  auto bo = attached(run, session, uapi::Direction::to_device, 4096, {&entry, 1});
  if (!bo || !run.prepared("EXECUTE_BO", session.node.execute(session.channel.dbc, {bo->handle}))) {
    return std::nullopt;
  }
  return bo;
}

}  // namespace qaic::conformance
