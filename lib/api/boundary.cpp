#include "lib/api/boundary.hpp"

#include <string>

namespace qaic::api {

void set_error(qaic_error* out, const base::Error& error) {
  if (out == nullptr) return;
  out->kind = static_cast<std::uint32_t>(error.kind);
  out->domain = static_cast<std::uint32_t>(error.domain);
  out->code = error.code;
  set_text(out->id, error.id);
  set_text(out->what, error.what);
  set_text(out->hint, error.hint);
}

base::Error null_argument(std::string_view name) {
  return base::make_error(base::ErrorKind::usage, "null-argument",
                          "the argument `" + std::string(name) + "` is NULL");
}

base::Error size_not_set() {
  return base::make_error(base::ErrorKind::usage, "struct-size",
                          "a struct was passed whose member `size` is not set");
}

base::Result<void> refuse_null(std::string_view name) {
  return base::fail(null_argument(name));
}

base::Result<void> refuse_size() {
  return base::fail(size_not_set());
}

}  // namespace qaic::api
