// SIGINT and SIGTERM as a question, so that work can end between two steps.
#pragma once

namespace qaic::os {

// From now on the first SIGINT or SIGTERM is only noted (calls that sleep end
// with EINTR); a second one ends the process.
void note_interruption();
// The number of the signal that came, 0 if none.
[[nodiscard]] int interrupted_by();

}  // namespace qaic::os
