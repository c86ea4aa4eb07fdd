// A file that keeps what the cards have to say: one line each, with the time.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::sim::cli {

// Time as all documents write it: "2026-01-31T12:00:00.000Z".
[[nodiscard]] std::string utc_now();

class Log {
 public:
  // Starts it anew. Error id: file-open.
  static base::Result<Log> create(const std::string& path);
  // A line that cannot be written is lost.
  void add(std::string_view who, std::string_view line);

 private:
  explicit Log(os::Fd file) : file_(std::move(file)) {}
  os::Fd file_;
};

}  // namespace qaic::sim::cli
