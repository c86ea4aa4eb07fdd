// What came of a run, as text and as a row of the JSON document.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tools/qaic-run/card_run.hpp"

namespace qaic::tools::run {

[[nodiscard]] std::string report_text(const Job& job, const CardRun& run, const Criteria& criteria);
// `card` alone when nothing ran on it.
[[nodiscard]] nlohmann::json report_row(const Job& job, const qaic_card_info& card, const Outcome& outcome,
                                        const Criteria& criteria);

}  // namespace qaic::tools::run
