#include "sim/cli/log.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

#include "os/file.hpp"
#include "os/private_folder.hpp"

namespace qaic::sim::cli {

std::string utc_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now - seconds);
  const std::time_t time = seconds.count();
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string fraction = std::to_string(1000 + milliseconds.count());
  fraction[0] = '.';
  return std::string(text.data(), size) + fraction + "Z";
}

base::Result<Log> Log::create(const std::string& path) {
  QAIC_TRY(os::Fd file, os::open_log(path));
  return Log(std::move(file));
}

void Log::add(std::string_view who, std::string_view line) {
  std::string text = utc_now() + " ";
  text += who;
  text += ": ";
  text += line;
  text += '\n';
  (void)os::write_all(file_.get(), base::as_bytes(text));
}

}  // namespace qaic::sim::cli
