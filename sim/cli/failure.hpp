// An error as the user sees it.
#pragma once

#include "base/error.hpp"

namespace qaic::sim::cli {

// Three lines on stderr: what, hint, id. Gives the exit code.
int print_failure(const base::Error& error);

}  // namespace qaic::sim::cli
