#include "tests/networks/seen_ioctls.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>

#include "wire/uapi.hpp"

namespace {

qaic::tests::Execution last;

}  // namespace

const qaic::tests::Execution& qaic::tests::last_execution() {
  return last;
}

// The definitions of an executable come before those of its libraries.
extern "C" __attribute__((visibility("default"))) int ioctl(int fd, unsigned long request, ...) noexcept {
  namespace uapi = qaic::wire::uapi;
  std::va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  if (request == uapi::kIoctlExecuteBo || request == uapi::kIoctlPartialExecuteBo) {
    const auto& execute = *static_cast<const uapi::Execute*>(argument);
    last = {request == uapi::kIoctlPartialExecuteBo, {}};
    const auto* entries = reinterpret_cast<const uapi::PartialExecuteEntry*>(execute.data);
    for (std::uint32_t i = 0; last.partial && i < execute.count; ++i)
      last.resizes.push_back(entries[i].resize);
  }
  return static_cast<int>(::syscall(SYS_ioctl, fd, request, argument));
}
