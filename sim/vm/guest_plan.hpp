// What the guest's first process is to do: a file in its initramfs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace qaic::sim::vm {

// A folder of the host that the guest mounts over 9p.
struct Share {
  std::string tag;   // of the 9p device
  std::string path;  // where it stands, on the host and in the guest
};

struct GuestPlan {
  std::vector<std::string> modules;    // files to load before anything else, in order
  std::string driver;                  // the file of qaic.ko; "" when it is built in
  std::string driver_parameters;       // "NAME=VALUE NAME=VALUE"
  unsigned nodes = 1;                  // accel nodes that should come online
  std::uint64_t ready_timeout_ms = 0;  // how long to wait for that; 0: not at all
  std::string firmware_tag;            // 9p tag of the firmware images; "" for none
  std::vector<Share> writable;         // folders the command may write in
  std::string folder;                  // the command's current folder
  std::uint64_t umask = 022;
  std::vector<std::string> command;      // argv
  std::vector<std::string> environment;  // NAME=VALUE
};

inline constexpr const char* kPlanFile = "/plan";
inline constexpr const char* kRootTag = "qaic-root";  // 9p tag of the host's root
inline constexpr const char* kPortName = "qaic-sim";  // of the virtio-serial port
// The driver's file, as the command finds it, to unload and load it again.
inline constexpr const char* kDriverInGuest = "/run/qaic-vm/qaic.ko";
inline constexpr const char* kFirmwareInGuest = "/run/qaic-vm/firmware";

[[nodiscard]] std::string encode_plan(const GuestPlan& plan);
// Error id: vm-plan.
[[nodiscard]] base::Result<GuestPlan> decode_plan(std::string_view text);

}  // namespace qaic::sim::vm
