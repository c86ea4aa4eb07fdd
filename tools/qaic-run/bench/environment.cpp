#include "tools/qaic-run/bench/environment.hpp"

#include <charconv>
#include <string_view>
#include <thread>

#include "os/file.hpp"
#include "os/host.hpp"
#include "os/mapping.hpp"
#include "tools/qaic-run/bench/sha256.hpp"

namespace qaic::tools::run::bench {

namespace {

constexpr std::size_t kCpuInfoLimit = 4U << 20;

std::optional<std::string> cpu_model() {
  const auto bytes = os::read_file("/proc/cpuinfo", kCpuInfoLimit);
  if (!bytes) return std::nullopt;
  const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  for (const std::string_view key : {"model name", "Model"}) {
    const std::size_t at = text.find(key);
    if (at == std::string_view::npos) continue;
    const std::string_view line = text.substr(at, text.find('\n', at) - at);
    const std::size_t value = line.find(": ");
    if (value != std::string_view::npos) return std::string(line.substr(value + 2));
  }
  return std::nullopt;
}

std::optional<std::string> text_of(const char* path) {
  auto text = os::read_text(path);
  if (!text || text->empty()) return std::nullopt;
  return std::move(*text);
}

std::optional<double> load_average() {
  const auto text = text_of("/proc/loadavg");
  if (!text) return std::nullopt;
  double value = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), value);
  if (read.ec != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

Environment environment_now() {
  Environment environment;
  if (const auto host = os::this_host()) environment.kernel = host->kernel;
  environment.cpu = cpu_model();
  if (const unsigned cpus = std::thread::hardware_concurrency(); cpus != 0) environment.cpus = cpus;
  environment.governor = text_of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  environment.load_average = load_average();
  return environment;
}

ProgramFile program_file(const std::string& program) {
  ProgramFile result;
  result.path = program;
  if (os::file_kind(program) == os::FileKind::folder) result.path += "/programqpc.bin";
  const auto file = os::open_file(result.path, os::OpenMode::read);
  if (!file) return result;
  const auto size = os::file_size(file->get());
  if (!size) return result;
  result.size_bytes = *size;
  const auto mapped =
      os::Mapping::shared(file->get(), 0, static_cast<std::size_t>(*size), os::Mapping::Access::read);
  if (mapped) result.sha256 = sha256(mapped->bytes());
  return result;
}

}  // namespace qaic::tools::run::bench
