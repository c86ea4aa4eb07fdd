// The verbs of qaic-fw. Each gives an exit code.
#pragma once

#include <string>
#include <vector>

#include "tools/common/command_line.hpp"

namespace qaic::tools::fw {

inline constexpr const char* kTool = "qaic-fw";

struct VerifyOptions {
  std::vector<std::string> paths;           // files and folders; none = where the kernel looks
  std::string root;                         // prefix of the folders where the kernel looks
  std::vector<std::string> accepted_roots;  // SHA-384 of certificates
};

// Is each image whole, signed by whom, and do they fit together?
int run_verify(const GlobalOptions& options, const VerifyOptions& verify);

// What runs on each card against what is installed.
int run_status(const GlobalOptions& options, const std::string& root);

}  // namespace qaic::tools::fw
