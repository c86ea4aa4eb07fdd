#include "sim/syscall/watched_calls.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>

#include "os/redirected_mapping.hpp"
#include "os/seccomp.hpp"

namespace qaic::sim::syscall {

std::vector<sock_filter> watched_calls() {
  using Condition = os::SyscallFilter::Condition;
  constexpr auto kNot = Condition::Sense::not_equal;
  constexpr std::uint32_t kAll = 0xFFFFFFFF;
  constexpr std::uint32_t kIoctlType = 0xFF00;
  constexpr std::uint32_t kShared = MAP_SHARED | MAP_ANONYMOUS | os::kRedirectedMapping;

  os::SyscallFilter filter;
  for (const char type : {'d', 'b'}) {  // of DRM, and of dma-bufs
    const std::array ioctl{Condition{1, kIoctlType, static_cast<std::uint32_t>(type) << 8}};
    filter.notify(SYS_ioctl, ioctl);
  }
  const std::array openat{Condition{2, O_ACCMODE, O_RDONLY, kNot}};
  filter.notify(SYS_openat, openat);
  filter.notify(SYS_openat2, {});
#ifdef SYS_open
  const std::array open{Condition{1, O_ACCMODE, O_RDONLY, kNot}};
  filter.notify(SYS_open, open);
#endif
#ifdef SYS_creat
  filter.notify(SYS_creat, {});
#endif
  const std::array mmap{Condition{3, kShared, MAP_SHARED}};
  filter.notify(SYS_mmap, mmap);
  filter.notify(SYS_fstatfs, {});
  filter.notify(SYS_readlinkat, {});
#ifdef SYS_readlink
  filter.notify(SYS_readlink, {});
#endif
  // Short writes, for attributes; not of 8 bytes, or every eventfd would be slow.
  const std::array write{Condition{2, ~std::uint32_t{31}, 0}, Condition{2, kAll, 8, kNot},
                         Condition{2, kAll, 0, kNot}};
  filter.notify(SYS_write, write);
  const std::array socket{Condition{0, kAll, AF_NETLINK}, Condition{2, kAll, NETLINK_KOBJECT_UEVENT}};
  filter.notify(SYS_socket, socket);
  return filter.build();
}

}  // namespace qaic::sim::syscall
