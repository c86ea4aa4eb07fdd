// The verbs of qaic-util. Each gives an exit code.
#pragma once

#include <string>

#include "tools/common/command_line.hpp"
#include "tools/qaic-util/report.hpp"

namespace qaic::tools::util {

int run_query(const GlobalOptions& options);   // -q
int run_table(const GlobalOptions& options);   // no verb
int run_list(const GlobalOptions& options);    // opens no device node
int run_show(const GlobalOptions& options);    // everything about each card
int run_health(const GlobalOptions& options);  // a verdict with reasons
// What an error id means and what to do; "" lists all ids.
int run_explain(const GlobalOptions& options, const std::string& id);

}  // namespace qaic::tools::util
