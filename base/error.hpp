// An error as a value: what kind of failure, where the number in it comes
// from, what was tried on which object, and what to do about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qaic::base {

// What the caller can do about an error. The numbers are the exit codes of all
// tools (their man pages), so that the mapping exists once.
enum class ErrorKind : std::uint32_t {
  verdict = 1,       // a check ran and said no
  usage = 2,         // the caller asked for something that does not exist
  no_card = 3,       // no matching card, or no driver
  permission = 4,    // not allowed to open or change it
  unavailable = 5,   // not ready, busy, or not enough free at this moment
  deadline = 6,      // no answer in time
  device = 7,        // card, kernel or transport failed
  bad_input = 9,     // a file is wrong, or no such card could ever hold it
  unsupported = 10,  // this kernel, driver, firmware or host cannot do it
  refused = 11,      // an interlock stands; the hint names what releases it
  internal = 12,     // our own bug
};

// Whose number `Error::code` is.
enum class ErrorDomain : std::uint32_t {
  none = 0,    // code is 0
  system = 1,  // errno of the host
  card = 2,    // NNC status of the card, negative
};

struct Error {
  ErrorKind kind = ErrorKind::internal;
  ErrorDomain domain = ErrorDomain::none;
  std::int32_t code = 0;
  std::string id;    // stable, kebab-case, known to `qaic-util explain`
  std::string what;  // what failed, on which object, and why: one line
  std::string hint;  // one command or one sentence; may be empty
};

// The errno or NNC status as text, "" for ErrorDomain::none.
std::string code_text(const Error& error);

// An Error without a number from outside.
Error make_error(ErrorKind kind, std::string_view id, std::string what, std::string hint = {});

// An Error from an errno value: the kind follows from the number (EACCES is
// permission, ENOENT and ENODEV no_card, EBUSY unavailable, ETIMEDOUT deadline,
// others device) and the text of the number is appended to `what`.
Error system_error(int error_number, std::string_view id, std::string what, std::string hint = {});

}  // namespace qaic::base
