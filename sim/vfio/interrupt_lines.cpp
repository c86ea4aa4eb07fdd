#include "sim/vfio/interrupt_lines.hpp"

#include <algorithm>

#include "os/received_fd.hpp"
#include "os/wakeup.hpp"

namespace qaic::sim::vfio {

bool InterruptLines::assign(pci::InterruptKind kind, unsigned start, std::vector<os::Fd> events) {
  if (!std::all_of(events.begin(), events.end(),
                   [](const os::Fd& event) { return os::tame_event(event.get()); })) {
    return false;
  }
  Lines& of_kind = lines(kind);
  if (of_kind.size() < start + events.size()) of_kind.resize(start + events.size());
  std::move(events.begin(), events.end(), of_kind.begin() + start);
  return true;
}

void InterruptLines::release(pci::InterruptKind kind, unsigned start, unsigned count) {
  Lines& of_kind = lines(kind);
  for (std::size_t i = start; i < of_kind.size() && i - start < count; ++i) of_kind[i].reset();
  while (!of_kind.empty() && !of_kind.back().valid()) of_kind.pop_back();
}

void InterruptLines::release(pci::InterruptKind kind) {
  lines(kind).clear();
}

void InterruptLines::clear() {
  for (Lines& of_kind : lines_) of_kind.clear();
}

void InterruptLines::trigger(pci::InterruptKind kind, unsigned line) {
  const Lines& of_kind = lines(kind);
  if (line < of_kind.size() && of_kind[line].valid()) os::set_event(of_kind[line].get());
}

void InterruptLines::raise(unsigned vector) {
  const auto kind =
      lines(pci::InterruptKind::msix).empty() ? pci::InterruptKind::msi : pci::InterruptKind::msix;
  const Lines& of_kind = lines(kind);
  const bool granted = vector < of_kind.size() && of_kind[vector].valid();
  trigger(kind, granted ? vector : 0);
}

}  // namespace qaic::sim::vfio
