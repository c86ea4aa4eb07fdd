// The DRM core in front of the driver: argument copying and the core's own
// ioctls. Source: kernel-interface §1.1, §1.2.
#include <algorithm>
#include <array>
#include <string_view>

#include "sim/driver/state.hpp"

namespace qaic::sim::driver {

namespace {

using namespace wire::uapi;

constexpr std::uint32_t kDriverNumbers[] = {
    kIoctlManage,           kIoctlCreateBo, kIoctlMmapBo,      kIoctlAttachSliceBo, kIoctlExecuteBo,
    kIoctlPartialExecuteBo, kIoctlWaitBo,   kIoctlPerfStatsBo, kIoctlDetachSliceBo,
};
constexpr std::uint32_t kCoreNumbers[] = {
    kIoctlDrmVersion,         kIoctlDrmGemClose,        kIoctlDrmGetCap,
    kIoctlDrmPrimeHandleToFd, kIoctlDrmPrimeFdToHandle, kIoctlDrmSetClientName,
};
constexpr std::uint32_t kDriverEnd = 0xA0;      // DRM_COMMAND_END
constexpr std::uint64_t kClientNameLimit = 64;  // DRM_CLIENT_NAME_MAX_LEN

// The kernel's own number for `nr`, or 0: an unknown one is EINVAL.
std::uint32_t known_number(std::uint32_t nr) {
  if (nr >= kDrmCommandBase && nr < kDriverEnd) {
    const auto index = nr - kDrmCommandBase;
    return index < std::size(kDriverNumbers) ? kDriverNumbers[index] : 0;
  }
  for (const auto number : kCoreNumbers) {
    if (ioctl_nr(number) == nr) return number;
  }
  return 0;
}

constexpr auto kNoDir = std::uint32_t{0};
constexpr std::uint32_t kIn = static_cast<std::uint32_t>(IoctlDir::write);
constexpr std::uint32_t kOut = static_cast<std::uint32_t>(IoctlDir::read);

// One text field of DRM_IOCTL_VERSION: as much as fits, and the whole length.
int copy_field(ClientMemory& client, std::uint64_t buffer, std::uint64_t& length, std::string_view text) {
  const std::string_view part =
      text.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(length, text.size())));
  length = text.size();
  if (part.empty() || buffer == 0) return 0;
  return client.write(buffer, base::as_bytes(part)) ? 0 : -EFAULT;
}

int version(DrmVersion& args, ClientMemory& client) {
  args.major = 0;
  args.minor = 0;
  args.patchlevel = 0;
  int result = copy_field(client, args.name, args.name_len, "qaic");
  if (result == 0) result = copy_field(client, args.date, args.date_len, "0");
  if (result == 0) result = copy_field(client, args.desc, args.desc_len, "Qualcomm Cloud AI Accelerators");
  return result;
}

int get_cap(DrmGetCap& args) {
  args.value = 0;
  switch (args.capability) {
    case 0x6:  // TIMESTAMP_MONOTONIC
      args.value = 1;
      return 0;
    case 0x5:  // PRIME: import and export
      args.value = 3;
      return 0;
    case 0x13:  // SYNCOBJ
    case 0x14:  // SYNCOBJ_TIMELINE
      return 0;
    default:
      return -EOPNOTSUPP;
  }
}

int set_client_name(const DrmSetClientName& args, ClientMemory& client) {
  if (args.name_len > kClientNameLimit) return -EINVAL;
  std::array<char, kClientNameLimit> name{};
  const std::span used(name.data(), static_cast<std::size_t>(args.name_len));
  if (!used.empty() && !client.read(args.name, std::as_writable_bytes(used))) return -EFAULT;
  const bool graphic = std::all_of(used.begin(), used.end(), [](char c) { return c > ' ' && c < 0x7F; });
  return graphic ? 0 : -EINVAL;
}

}  // namespace

std::optional<int> Driver::State::drm_ioctl(File& file, std::uint32_t request, std::uint64_t argument,
                                            std::shared_ptr<ClientMemory> client, CallId call, Done done) {
  if (ioctl_type(request) != 'd') return -ENOTTY;
  const std::uint32_t nr = ioctl_nr(request);
  const std::uint32_t number = known_number(nr);
  if (number == 0) return -EINVAL;

  const auto directions =
      static_cast<std::uint32_t>(ioctl_dir(request)) & static_cast<std::uint32_t>(ioctl_dir(number));
  const std::size_t caller_size = ioctl_size(request);
  const std::size_t in_size = (directions & kIn) != kNoDir ? caller_size : 0;
  const std::size_t out_size = (directions & kOut) != kNoDir ? caller_size : 0;
  const std::size_t size = std::max({in_size, out_size, std::size_t{ioctl_size(number)}});

  std::array<std::byte, 1 << 14> storage;  // the largest size a number can say; only `size` is touched
  const base::MutableBytes data(storage.data(), size);
  if (in_size != 0 && !client->read(argument, data.first(in_size))) return -EFAULT;
  std::fill(data.begin() + static_cast<std::ptrdiff_t>(in_size), data.end(), std::byte{0});

  // The core's own ioctls go on working on a file whose device went.
  const bool of_driver = nr >= kDrmCommandBase && nr < kDriverEnd;
  if (file.unplugged && of_driver) return -ENODEV;

  // The two that can sleep copy their arguments back themselves.
  if (number == kIoctlManage) {
    return manage({call, &file, std::move(client), std::move(done)}, argument, data.first(out_size),
                  load<ManageMessage>(data));
  }
  if (number == kIoctlWaitBo) {
    return wait({call, &file, std::move(client), std::move(done)}, load<wire::uapi::Wait>(data));
  }

  int result = of_driver ? driver_ioctl(file, nr, data, *client) : core_ioctl(file, nr, data, *client);
  if (out_size != 0 && !client->write(argument, data.first(out_size))) result = -EFAULT;
  return result;
}

int Driver::State::core_ioctl(File& file, std::uint32_t nr, base::MutableBytes data, ClientMemory& client) {
  switch (nr) {
    case ioctl_nr(kIoctlDrmVersion): {
      auto args = load<DrmVersion>(data);
      const int result = version(args, client);
      store(data, args);
      return result;
    }
    case ioctl_nr(kIoctlDrmGemClose):
      return gem_close(file, load<DrmGemClose>(data).handle);
    case ioctl_nr(kIoctlDrmGetCap): {
      auto args = load<DrmGetCap>(data);
      const int result = get_cap(args);
      store(data, args);
      return result;
    }
    case ioctl_nr(kIoctlDrmPrimeHandleToFd): {
      auto args = load<DrmPrimeHandle>(data);
      const int result = handle_to_fd(file, args, client);
      store(data, args);
      return result;
    }
    case ioctl_nr(kIoctlDrmPrimeFdToHandle): {
      auto args = load<DrmPrimeHandle>(data);
      const int result = fd_to_handle(file, args, client);
      store(data, args);
      return result;
    }
    case ioctl_nr(kIoctlDrmSetClientName):
      return set_client_name(load<DrmSetClientName>(data), client);
    default:
      return -EINVAL;
  }
}

int Driver::State::driver_ioctl(File& file, std::uint32_t nr, base::MutableBytes data, ClientMemory& client) {
  switch (nr) {
    case ioctl_nr(kIoctlCreateBo): {
      auto args = load<CreateBo>(data);
      const int result = create_bo(file, args);
      store(data, args);
      return result;
    }
    case ioctl_nr(kIoctlMmapBo): {
      auto args = load<MmapBo>(data);
      const int result = mmap_bo(file, args);
      store(data, args);
      return result;
    }
    case ioctl_nr(kIoctlAttachSliceBo):
      return attach_slice(file, load<AttachSlice>(data), client);
    case ioctl_nr(kIoctlExecuteBo):
      return execute(file, load<Execute>(data), Extent::whole, client);
    case ioctl_nr(kIoctlPartialExecuteBo):
      return execute(file, load<Execute>(data), Extent::partial, client);
    case ioctl_nr(kIoctlPerfStatsBo):
      return perf_stats(file, load<PerfStats>(data), client);
    case ioctl_nr(kIoctlDetachSliceBo):
      return detach_slice(file, load<DetachSlice>(data));
    default:
      return -EINVAL;
  }
}

}  // namespace qaic::sim::driver
