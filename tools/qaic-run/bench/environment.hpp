// What a figure depends on beside the card: a fingerprint of host and program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace qaic::tools::run::bench {

// What cannot be read is absent, not empty.
struct Environment {
  std::optional<std::string> kernel;
  std::optional<std::string> cpu;       // "model name" of the first
  std::optional<std::uint64_t> cpus;    // online
  std::optional<std::string> governor;  // of the first
  std::optional<double> load_average;   // of the last minute
};
[[nodiscard]] Environment environment_now();

struct ProgramFile {
  std::string path;  // of the file, not of its folder
  std::optional<std::string> sha256;
  std::optional<std::uint64_t> size_bytes;
};
// `program` as given: a QPC file, or a folder with programqpc.bin.
[[nodiscard]] ProgramFile program_file(const std::string& program);

}  // namespace qaic::tools::run::bench
