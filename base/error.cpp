#include "base/error.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

namespace qaic::base {

namespace {

ErrorKind kind_of_errno(int number) {
  switch (number) {
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::permission;
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return ErrorKind::no_card;
    case EAGAIN:
    case EBUSY:
    case ENOSPC:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return ErrorKind::unavailable;
    case ETIMEDOUT:
      return ErrorKind::deadline;
    case ENOSYS:
    case ENOTTY:
    case EOPNOTSUPP:
      return ErrorKind::unsupported;
    default:
      return ErrorKind::device;
  }
}

}  // namespace

std::string code_text(const Error& error) {
  switch (error.domain) {
    case ErrorDomain::none:
      return {};
    case ErrorDomain::system:
      return std::generic_category().message(error.code);
    case ErrorDomain::card:
      return "card status " + std::to_string(error.code);
  }
  return {};
}

Error make_error(ErrorKind kind, std::string_view id, std::string what, std::string hint) {
  return Error{kind, ErrorDomain::none, 0, std::string(id), std::move(what), std::move(hint)};
}

Error system_error(int error_number, std::string_view id, std::string what, std::string hint) {
  Error error{kind_of_errno(error_number),
              ErrorDomain::system,
              error_number,
              std::string(id),
              std::move(what),
              std::move(hint)};
  error.what += ": " + code_text(error);
  return error;
}

}  // namespace qaic::base
