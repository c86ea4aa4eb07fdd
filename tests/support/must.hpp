// What a test cannot go on without.
#pragma once

#include <doctest/doctest.h>

#include <qaic/qaic.hpp>
#include <string>
#include <utility>

namespace qaic::tests {

template <class T>
T must(Expected<T> expected) {
  REQUIRE_MESSAGE(expected.has_value(), std::string(expected.error().what()));
  return std::move(*expected);
}

}  // namespace qaic::tests
