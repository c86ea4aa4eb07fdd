// Copying from and to a mapping of a file that somebody else may make shorter:
// the SIGBUS that this brings becomes an answer.
#pragma once

#include "base/bytes.hpp"

namespace qaic::os {

// Copies from.size() bytes; `to` is as long. False if a page of either is not
// there any more; some bytes may have been copied then. Installs a handler for
// SIGBUS the first time; a SIGBUS from elsewhere ends the process as before.
[[nodiscard]] bool guarded_copy(base::MutableBytes to, base::Bytes from);

}  // namespace qaic::os
