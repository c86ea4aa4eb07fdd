#include "sim/cli/failure.hpp"

#include <cstdio>

namespace qaic::sim::cli {

int print_failure(const base::Error& error) {
  std::fprintf(stderr, "qaic-sim: %s\n", error.what.c_str());
  if (!error.hint.empty()) std::fprintf(stderr, "  hint: %s\n", error.hint.c_str());
  std::fprintf(stderr, "  id: %s (qaic-util explain %s)\n", error.id.c_str(), error.id.c_str());
  return static_cast<int>(error.kind);
}

}  // namespace qaic::sim::cli
