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

}  // namespace qaic::api
