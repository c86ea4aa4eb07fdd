#include "os/terminal.hpp"

#include <unistd.h>

namespace qaic::os {

bool is_terminal(int fd) {
  return ::isatty(fd) == 1;
}

}  // namespace qaic::os
