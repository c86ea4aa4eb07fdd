// A program (QPC) with the memory it was parsed from.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "lib/program/program.hpp"
#include "os/mapping.hpp"

namespace qaic::core {

// A file is mapped, so that its weights are read from disk only when the card
// pulls them; it must not change meanwhile.
class ProgramFile {
 public:
  // `path` is a file, or a folder that holds programqpc.bin. Errors:
  // program-open, and those of program::parse_program().
  static base::Result<ProgramFile> open(const std::string& path);
  // The bytes must outlive the result.
  static base::Result<ProgramFile> parse(base::Bytes bytes);

  [[nodiscard]] const program::Program& program() const { return program_; }

 private:
  os::Mapping mapping_;
  program::Program program_;
};

}  // namespace qaic::core
