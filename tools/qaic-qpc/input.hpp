// Files named on the command line.
#pragma once

#include <string>

#include "base/result.hpp"
#include "os/mapping.hpp"

namespace qaic::qpc {

// A file named on the command line that is not there is a wrong file, not a
// missing card, which is what the number of the error alone would say.
template <class T>
base::Result<T> input(base::Result<T> result) {
  if (!result && result.error().kind != base::ErrorKind::permission) {
    result.error().kind = base::ErrorKind::bad_input;
    if (result.error().hint.empty()) result.error().hint = "check the name of the file";
  }
  return result;
}

// What is wrong with the content of a file is said with its name.
template <class T>
base::Result<T> of_file(base::Result<T> result, const std::string& path) {
  if (!result) result.error().what.insert(0, path + ": ");
  return result;
}

// The program in a folder, if `given` is one.
[[nodiscard]] std::string program_path(const std::string& given);

// The whole file, mapped.
[[nodiscard]] base::Result<os::Mapping> map_file(const std::string& path);

}  // namespace qaic::qpc
