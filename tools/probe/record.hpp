// What the probe child writes to its stdout, one record per card, each smaller
// than PIPE_BUF so that threads may write at once.
#pragma once

#include <limits.h>
#include <qaic/qaic.h>

#include <cstdint>

namespace qaic::tools {

// Parent and child are built together; the version catches a stale child.
inline constexpr std::uint32_t kProbeRecordVersion = 1;

struct ProbeRecord {
  std::uint32_t version;
  std::uint32_t position;  // of the card in the child's arguments
  std::uint32_t failed;    // 1: `error` holds, 0: `status` holds
  std::uint32_t reserved;
  union {
    qaic_status status;
    qaic_error error;
  };
};
static_assert(sizeof(ProbeRecord) <= PIPE_BUF);

}  // namespace qaic::tools
