// A value, or the status that refuses it.
#pragma once

#include <tl/expected.hpp>

#include "wire/nnc.hpp"

namespace qaic::sim::device {

template <class T>
using Granted = tl::expected<T, wire::nnc::Status>;

}  // namespace qaic::sim::device
