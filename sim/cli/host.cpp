#include "sim/cli/host.hpp"

#include <charconv>
#include <set>
#include <string_view>

#include "os/file.hpp"

namespace qaic::sim::cli {

namespace {

// Numbers N of entries "<prefix>N" in a folder.
std::set<unsigned> numbers_in(const std::string& folder, std::string_view prefix) {
  std::set<unsigned> out;
  const auto names = os::list_folder(folder);
  if (!names) return out;
  for (const std::string& name : *names) {
    if (!std::string_view(name).starts_with(prefix)) continue;
    unsigned number = 0;
    const char* end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + prefix.size(), end, number);
    if (error == std::errc{} && rest == end) out.insert(number);
  }
  return out;
}

}  // namespace

syscall::Taken taken_on_host() {
  syscall::Taken taken;
  if (const auto names = os::list_folder("/sys/bus/pci/devices")) {
    taken.pci_addresses.insert(names->begin(), names->end());
  }
  taken.minors = numbers_in("/sys/class/accel", "accel");
  taken.mhi = numbers_in("/sys/bus/mhi/devices", "mhi");
  return taken;
}

std::string online_cpus() {
  return os::read_text("/sys/devices/system/cpu/online").value_or("0");
}

}  // namespace qaic::sim::cli
