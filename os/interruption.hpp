// SIGINT and SIGTERM as a question, so that work can end between two steps.
#pragma once

namespace qaic::os {

// From now on SIGINT and SIGTERM are only noted (calls that sleep end with
// EINTR). Ending a process that does not heed them is its starter's matter.
void note_interruption();
// The number of the signal that came, 0 if none.
[[nodiscard]] int interrupted_by();

}  // namespace qaic::os
