// Result<T>: a value or an Error. Never throws for an expected failure.
#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "base/error.hpp"

namespace qaic::base {

template <class T>
using Result = tl::expected<T, Error>;

// return fail(make_error(...));
inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace qaic::base

// QAIC_TRY(auto value, expression): gives the value of a Result or returns its
// error from the enclosing function. QAIC_CHECK(expression) for Result<void>.
#define QAIC_TRY_CAT2(a, b) a##b
#define QAIC_TRY_CAT(a, b) QAIC_TRY_CAT2(a, b)
#define QAIC_TRY(declaration, ...) \
  QAIC_TRY_IMPL(QAIC_TRY_CAT(qaic_result_, __LINE__), declaration, __VA_ARGS__)
#define QAIC_TRY_IMPL(name, declaration, ...)                                \
  auto name = (__VA_ARGS__);                                                 \
  if (!name.has_value()) return ::qaic::base::fail(std::move(name).error()); \
  declaration = std::move(*name)
#define QAIC_CHECK(...) QAIC_CHECK_IMPL(QAIC_TRY_CAT(qaic_result_, __LINE__), __VA_ARGS__)
#define QAIC_CHECK_IMPL(name, ...) \
  auto name = (__VA_ARGS__);       \
  if (!name.has_value()) return ::qaic::base::fail(std::move(name).error())
