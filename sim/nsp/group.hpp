// The running NSPs of one activation: their processes, memories, and what they
// say.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "os/child.hpp"
#include "os/mapping.hpp"
#include "os/wakeup.hpp"
#include "sim/device/ports.hpp"
#include "sim/nsp/command_ring.hpp"
#include "sim/nsp/control.h"
#include "sim/nsp/cores.hpp"

namespace qaic::sim::nsp {

class QemuGroup : public device::CoreGroup {
 public:
  // Starts the processes; `program` has been checked by the card, ranges and
  // counts are checked again here.
  static base::Result<std::unique_ptr<QemuGroup>> start(QemuCores& cores, std::uint32_t id,
                                                        const device::CoreProgram& program);
  ~QemuGroup() override;
  QemuGroup(const QemuGroup&) = delete;
  QemuGroup& operator=(const QemuGroup&) = delete;

  [[nodiscard]] std::uint32_t id() const override { return id_; }
  base::MutableBytes l2tcm(unsigned nsp) override;
  base::MutableBytes vtcm(unsigned nsp) override;
  void notify() override;

  // Appends what was reported through the watched descriptors `source`
  // (kCommands, or 1 + nsp).
  static constexpr std::uint32_t kCommands = 0;
  void collect(std::uint32_t source, std::vector<device::CoreEvent>& events);

 private:
  struct Process {
    os::Child child;
    os::Fd notices;
    os::Fd errors;             // standard error
    std::string notice_bytes;  // not yet a whole notice
    std::string error_text;    // its tail
    std::string fatal;         // errFatal's text
    bool ended = false;
  };

  QemuGroup(QemuCores& cores, std::uint32_t id) : cores_(cores), id_(id) {}
  base::Result<void> make_memories(const device::CoreProgram& program);
  base::Result<void> make_image(const device::CoreProgram& program);
  base::Result<void> make_windows(const device::CoreProgram& program);
  base::Result<void> make_window(unsigned index, std::uint64_t offset, std::uint64_t size);
  void fill_control(const device::CoreProgram& program);
  base::Result<void> start_processes();
  base::Result<void> start_process(unsigned nsp, os::Pipe notices, os::Pipe errors);

  void take_commands(std::vector<device::CoreEvent>& events);
  void take_notices(unsigned nsp, std::vector<device::CoreEvent>& events);
  void take_end(unsigned nsp, std::vector<device::CoreEvent>& events);
  [[nodiscard]] device::CoreEvent event(device::CoreEvent::Kind kind, unsigned nsp) const;
  [[nodiscard]] nsp_control& control();
  [[nodiscard]] CommandRing& ring();

  QemuCores& cores_;
  std::uint32_t id_;
  os::Fd control_file_;
  os::Mapping control_map_;
  os::Fd local_file_;
  os::Mapping local_map_;
  os::Fd image_file_;
  os::Fd commands_event_;
  std::vector<os::Fd> windows_;  // duplicates of the DDR file
  std::uint32_t local_stride_ = 0;
  std::uint32_t vtcm_offset_ = 0;
  std::uint32_t l2tcm_size_ = 0;
  std::uint32_t vtcm_size_ = 0;
  std::vector<Process> processes_;
};

}  // namespace qaic::sim::nsp
