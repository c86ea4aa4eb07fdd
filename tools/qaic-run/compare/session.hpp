// `qaic-run compare`: two reports of bench against each other. Opens no card.
#pragma once

namespace qaic::tools::run::comparing {

// `argv` from "compare" on. Gives an exit code: 1 when a --fail-if holds.
int compare_reports(int argc, char** argv);

}  // namespace qaic::tools::run::comparing
