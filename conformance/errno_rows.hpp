// Which case provokes which error of the driver: every row of kernel-interface
// §1.10, and those that no program can provoke, with the reason.
#pragma once

#include <span>
#include <string>

namespace qaic::conformance {

struct ErrnoRow {
  const char* ioctl;
  int error;
  const char* cause;
  const char* provoked_by;  // name of a case; nullptr: see `reason`
  const char* reason = nullptr;
};

[[nodiscard]] std::span<const ErrnoRow> errno_rows();

// One line per row, tab-separated: ioctl, errno, cause, case, or "-" and the reason.
[[nodiscard]] std::string errno_rows_text();

}  // namespace qaic::conformance
