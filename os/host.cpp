#include "os/host.hpp"

#include <sys/utsname.h>

namespace qaic::os {

std::optional<Host> this_host() {
  utsname name{};
  if (::uname(&name) != 0) return std::nullopt;
  return Host{name.nodename, name.release, name.machine};
}

}  // namespace qaic::os
