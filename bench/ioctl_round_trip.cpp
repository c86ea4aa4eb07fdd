// ioctl_round_trip NODE COUNT: times MMAP_BO, the ioctl that does least, and
// prints median and 99th percentile in nanoseconds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "os/fd.hpp"
#include "os/file.hpp"
#include "wire/uapi.hpp"

int main(int argc, char** argv) {
  using namespace qaic;
  using Clock = std::chrono::steady_clock;
  if (argc != 3) return 2;
  const auto count = static_cast<std::size_t>(std::strtoul(argv[2], nullptr, 10));
  const auto node = os::open_file(argv[1], os::OpenMode::read_write);
  if (!node || count == 0) {
    std::fprintf(stderr, "%s\n", node ? "COUNT is 0" : node.error().what.c_str());
    return 1;
  }
  wire::uapi::CreateBo bo{4096, 0, 0};
  if (os::ioctl_once(node->get(), wire::uapi::kIoctlCreateBo, &bo) < 0) return 1;
  std::vector<long> times(count);
  for (auto& time : times) {
    wire::uapi::MmapBo map{bo.handle, 0, 0};
    const auto start = Clock::now();
    const int result = os::ioctl_once(node->get(), wire::uapi::kIoctlMmapBo, &map);
    time = static_cast<long>((Clock::now() - start).count());
    if (result < 0) return 1;
  }
  std::sort(times.begin(), times.end());
  std::printf("%ld %ld\n", times[count / 2], times[count * 99 / 100]);
  return 0;
}
