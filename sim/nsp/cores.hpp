// The port Cores on qemu-hexagon: one emulator process per NSP, all memories
// shared with it. DESIGN decision 4; runtime-protocols §6.
// Single-threaded, as the card that uses it. Must outlive its groups.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "os/mapping.hpp"
#include "os/wakeup.hpp"
#include "sim/device/ports.hpp"

namespace qaic::sim::nsp {

class QemuGroup;

class QemuCores : public device::Cores {
 public:
  struct Options {
    std::uint64_t ddr_bytes = 0;  // the card's DDR; memory is used where it is written
    // Empty: found in PATH, and next to the running program in
    // ../libexec/qaic.
    std::string emulator;
    std::string shim;
    std::string store_trap;  // the library that runs inside the emulator
  };

  // Succeeds also where network code cannot run: see unavailable_reason().
  static base::Result<std::unique_ptr<QemuCores>> create(Options options);
  ~QemuCores() override;
  QemuCores(const QemuCores&) = delete;
  QemuCores& operator=(const QemuCores&) = delete;

  // Readable (poll, epoll) while take_events() may have something to give.
  [[nodiscard]] int event_fd() const { return watched_.fd(); }
  // What happened since the last call, in order; never blocks, except for the
  // moment that a process which is dying needs to be gone.
  [[nodiscard]] std::vector<device::CoreEvent> take_events();

  base::MutableBytes ddr() override { return ddr_.writable_bytes(); }
  void forget_ddr(std::uint64_t offset, std::uint64_t size) override;
  std::string unavailable_reason() override;
  base::Result<void> check_code(const std::vector<device::CoreSegment>& segments) override;
  base::Result<std::unique_ptr<device::CoreGroup>> start(const device::CoreProgram& program) override;

 private:
  friend class QemuGroup;
  explicit QemuCores(Options options) : options_(std::move(options)) {}

  Options options_;
  os::Fd ddr_file_;
  os::Mapping ddr_;
  os::FdSet watched_;
  std::vector<QemuGroup*> groups_;  // alive
  std::uint32_t next_group_ = 1;
};

}  // namespace qaic::sim::nsp
