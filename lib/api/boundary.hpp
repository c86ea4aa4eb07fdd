// The edge between C++ and C: errors out, exceptions stopped, structs copied
// no further than the caller's size.
#pragma once

#include <qaic/qaic.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>

#include "base/result.hpp"

namespace qaic::api {

// Copies what fits, always terminated.
template <std::size_t N>
void set_text(char (&field)[N], std::string_view text) {
  const std::size_t size = std::min(text.size(), N - 1);
  std::memcpy(field, text.data(), size);
  std::memset(field + size, 0, N - size);
}

// Fills the caller's error, if there is one.
void set_error(qaic_error* out, const base::Error& error);

// Runs `body`, which returns base::Result<void>; 0, or -1 with *error filled.
// The one place where exceptions end.
template <class Body>
[[gnu::always_inline]] inline int guard(qaic_error* error, Body&& body) noexcept {
  try {
    const base::Result<void> result = body();
    if (result) return 0;
    set_error(error, result.error());
  } catch (const std::bad_alloc&) {
    set_error(error, base::make_error(base::ErrorKind::unavailable, "memory", "out of memory"));
  } catch (const std::exception& exception) {
    set_error(error, base::make_error(base::ErrorKind::internal, "exception", exception.what()));
  } catch (...) {
    set_error(error, base::make_error(base::ErrorKind::internal, "exception", "unknown exception"));
  }
  return -1;
}

[[nodiscard]] base::Error null_argument(std::string_view name);
[[nodiscard, gnu::cold]] base::Error size_not_set();
[[nodiscard, gnu::cold]] base::Result<void> refuse_null(std::string_view name);
[[nodiscard, gnu::cold]] base::Result<void> refuse_size();

// Copies `filled` to the caller's struct under the size rule of qaic.h: as many
// bytes as the caller's `size` says, zero where it is newer than this library.
template <class Struct>
[[nodiscard]] base::Result<void> give(Struct* out, Struct filled) {
  if (out == nullptr) return refuse_null("out");
  const std::size_t size = out->size;
  if (size < sizeof(out->size)) return refuse_size();
  filled.size = out->size;
  const std::size_t known = std::min(size, sizeof(Struct));
  std::memcpy(static_cast<void*>(out), &filled, known);
  if (size > known) std::memset(reinterpret_cast<char*>(out) + known, 0, size - known);
  return {};
}

// The caller's struct under the same rule: zero what it does not know of.
template <class Struct>
[[nodiscard]] base::Result<Struct> taken(const Struct& in) {
  if (in.size < sizeof(in.size)) return base::fail(size_not_set());
  Struct out{};
  std::memcpy(static_cast<void*>(&out), &in, std::min<std::size_t>(in.size, sizeof(Struct)));
  return out;
}

}  // namespace qaic::api
