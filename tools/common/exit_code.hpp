// Exit codes, the same in every tool (qaic-util(1), EXIT STATUS).
#pragma once

namespace qaic::tools {

enum ExitCode : int {
  kDone = 0,
  kVerdictNo = 1,
  kUsage = 2,
  kNoCard = 3,
  kPermission = 4,
  kUnavailable = 5,
  kDeadline = 6,
  kDeviceError = 7,
  kPartial = 8,
  kBadInput = 9,
  kUnsupported = 10,
  kRefused = 11,
  kOurBug = 12,
  kInterrupted = 130,
};

}  // namespace qaic::tools
