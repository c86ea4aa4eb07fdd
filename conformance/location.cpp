#include "conformance/location.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "os/file.hpp"

namespace qaic::conformance {

namespace {

constexpr std::chrono::milliseconds kPollInterval{20};

std::string last_part(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

// The first entry of `folder` that begins with `prefix` and has no '_' in it.
std::string entry_of(const std::string& folder, std::string_view prefix) {
  const auto names = os::list_folder(folder);
  if (!names.has_value()) return {};
  for (const std::string& name : *names) {
    if (name.starts_with(prefix) && name.find('_') == std::string::npos) return name;
  }
  return {};
}

}  // namespace

int write_attribute(const std::string& path, std::string_view text) {
  const os::Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return -errno;
  return ::write(fd.get(), text.data(), text.size()) < 0 ? -errno : 0;
}

std::optional<Location> Location::find(const std::string& node) {
  const auto device = os::read_link("/sys/class/accel/" + last_part(node) + "/device");
  if (!device.has_value()) return std::nullopt;
  return Location(last_part(*device));
}

std::optional<Location> Location::of(Run& run, const std::string& node) {
  auto card = find(node);
  if (!run.prepared("find the card in sysfs", card ? 0 : -ENOENT)) return std::nullopt;
  return card;
}

std::string Location::node() const {
  const std::string name = entry_of(function() + "/accel", "accel");
  return name.empty() ? name : "/dev/accel/" + name;
}

std::string Location::mhi() const {
  return entry_of(function(), "mhi");
}

std::optional<unsigned> Location::dbc_state(unsigned dbc) const {
  const auto text =
      os::read_text("/sys/class/accel/" + last_part(node()) + "/dbc" + std::to_string(dbc) + "_state");
  if (!text.has_value() || text->empty()) return std::nullopt;
  return static_cast<unsigned>(text->front() - '0');
}

int Location::reset_soc() const {
  return write_attribute(function() + "/" + mhi() + "/soc_reset", "1");
}

int Location::wait_until_online(std::chrono::seconds limit) const {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const std::string path = node();
    int result = -ENOENT;
    if (!path.empty()) {
      const auto fd = os::open_file(path, os::OpenMode::read_write);
      result = fd.has_value() ? 0 : -fd.error().code;
    }
    if (result == 0 || std::chrono::steady_clock::now() >= deadline) return result;
    std::this_thread::sleep_for(kPollInterval);
  }
}

}  // namespace qaic::conformance
