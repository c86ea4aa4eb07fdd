// What a kernel function gives back: a value, or a positive errno.
#pragma once

#include <cerrno>
#include <tl/expected.hpp>

namespace qaic::sim::driver {

template <class T>
using Answer = tl::expected<T, int>;

inline tl::unexpected<int> refuse(int error_number) {
  return tl::unexpected<int>(error_number);
}

}  // namespace qaic::sim::driver
