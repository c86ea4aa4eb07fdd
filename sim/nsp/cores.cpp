#include "sim/nsp/cores.hpp"

#include <algorithm>
#include <utility>

#include "os/child.hpp"
#include "os/file.hpp"
#include "sim/nsp/code_check.hpp"
#include "sim/nsp/group.hpp"

namespace qaic::sim::nsp {
base::Result<std::unique_ptr<QemuCores>> QemuCores::create(Options options) {
  if (options.emulator.empty()) options.emulator = os::find_in_path("qemu-hexagon");
  if (options.shim.empty()) options.shim = os::beside_executable(QAIC_LIBEXEC_FROM_BIN "/nsp-shim.elf");
  if (options.store_trap.empty())
    options.store_trap = os::beside_executable(QAIC_LIBEXEC_FROM_BIN "/nsp-store-trap.so");
  std::unique_ptr<QemuCores> cores(new QemuCores(std::move(options)));
  QAIC_TRY(cores->ddr_file_, os::memory_file("qaic-ddr", cores->options_.ddr_bytes));
  QAIC_TRY(cores->ddr_,
           os::Mapping::shared(cores->ddr_file_.get(), 0, static_cast<std::size_t>(cores->options_.ddr_bytes),
                               os::Mapping::Access::read_write));
  QAIC_TRY(cores->watched_, os::FdSet::create());
  return cores;
}

QemuCores::~QemuCores() = default;

std::vector<device::CoreEvent> QemuCores::take_events() {
  std::vector<device::CoreEvent> events;
  for (const std::uint64_t key : watched_.ready()) {
    const auto id = static_cast<std::uint32_t>(key >> 32);
    const auto group =
        std::find_if(groups_.begin(), groups_.end(), [id](const auto* g) { return g->id() == id; });
    if (group != groups_.end()) (*group)->collect(static_cast<std::uint32_t>(key), events);
  }
  return events;
}

void QemuCores::forget_ddr(std::uint64_t offset, std::uint64_t size) {
  constexpr std::uint64_t kPage = 4096;
  if (offset > options_.ddr_bytes || size > options_.ddr_bytes - offset) return;
  // Whole pages go back to the system; the edges may be shared with another range.
  const std::uint64_t begin = (offset + kPage - 1) & ~(kPage - 1);
  const std::uint64_t end = (offset + size) & ~(kPage - 1);
  const auto clear = [this](std::uint64_t from, std::uint64_t to) {
    const auto part = ddr().subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
    std::fill(part.begin(), part.end(), std::byte{0});
  };
  if (begin >= end || !os::punch_hole(ddr_file_.get(), begin, end - begin))
    return clear(offset, offset + size);
  clear(offset, begin);
  clear(end, offset + size);
}

std::string QemuCores::unavailable_reason() {
#if !defined(__x86_64__)
  return "network code runs only on x86-64 hosts";
#else
  if (options_.emulator.empty()) return "qemu-hexagon was not found in PATH (Debian package qemu-user)";
  const auto missing = [](const std::string& path) { return os::file_kind(path) != os::FileKind::regular; };
  if (missing(options_.emulator)) return options_.emulator + " does not exist";
  if (missing(options_.shim)) {
    return options_.shim + " does not exist: it is built only where clang and lld for Hexagon are found";
  }
  if (missing(options_.store_trap)) return options_.store_trap + " does not exist";
  return {};
#endif
}

base::Result<void> QemuCores::check_code(const std::vector<device::CoreSegment>& segments) {
  return nsp::check_code(segments);
}

base::Result<std::unique_ptr<device::CoreGroup>> QemuCores::start(const device::CoreProgram& program) {
  const std::string reason = unavailable_reason();
  if (!reason.empty()) {
    return base::fail(base::make_error(base::ErrorKind::unsupported, "cores-unavailable", reason));
  }
  QAIC_TRY(std::unique_ptr<device::CoreGroup> group, QemuGroup::start(*this, next_group_, program));
  ++next_group_;
  return group;
}

}  // namespace qaic::sim::nsp
