// `qaic-fw status`: what runs on each card against what is installed. The card
// tells its versions in its STATUS reply; the installed images tell theirs in
// plain text, and count only when hashes and signature hold.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/probe_client.hpp"
#include "tools/common/selection.hpp"
#include "tools/common/status_json.hpp"
#include "tools/qaic-fw/image_file.hpp"
#include "tools/qaic-fw/verbs.hpp"

namespace qaic::tools::fw {

namespace {

using nlohmann::json;

struct Installed {
  std::string path;
  std::optional<std::string> version;
  std::optional<Failure> failure;  // why there is no version
};
using InstalledByName = std::map<std::string, Installed>;

// Which component of the card comes from which file.
struct Component {
  const char* key;
  const char* version_name;  // as the image spells it
  std::string file;
  std::string running;
};

enum class State { same, differs, unknown };

struct Comparison {
  Component component;
  std::optional<std::string> installed;
  State state = State::unknown;
  std::string reason;  // when unknown
};

const char* word(State state) {
  switch (state) {
    case State::same:
      return "same";
    case State::differs:
      return "differs";
    case State::unknown:
      return "unknown";
  }
  return "unknown";
}

constexpr std::array<std::pair<const char*, const char*>, 4> kVersioned{
    {{"sbl.bin", "SBL"}, {"fw1.bin", "QSM"}, {"fw2.bin", "NSP"}, {"fw9.bin", "NSP"}}};

InstalledByName read_installed(const InstalledImages& images) {
  InstalledByName out;
  for (const auto& [name, component] : kVersioned) {
    const auto file = std::find_if(images.effective.begin(), images.effective.end(),
                                   [n = std::string_view(name)](const ImageFile& f) { return f.name == n; });
    if (file == images.effective.end()) {
      out[name] = {"", std::nullopt,
                   Failure{kVerdictNo, "fw-not-installed",
                           fmt::format("no {} is installed where the kernel looks", name),
                           "install your distribution's package, on Debian firmware-qcom-soc", std::nullopt}};
      continue;
    }
    const auto checked = check_file(*file, {});
    Installed row{file->path, std::nullopt, checked.failure()};
    if (!row.failure) row.version = checked.image->version(component);
    if (!row.failure && !row.version) {
      row.failure = Failure{kVerdictNo, "fw-no-version",
                            fmt::format("{} names no {} version", file->path, component), "", std::nullopt};
    }
    out[name] = std::move(row);
  }
  return out;
}

std::vector<Comparison> compare(const qaic_status& status, const InstalledByName& installed) {
  // Cards with the safety feature run the NSP image of their own.
  const bool fusa = std::string_view(status.nsp_image_variant).starts_with("aic100.nsp_fusa.");
  const std::array<Component, 3> components{
      {{"sbl", "SBL", "sbl.bin", status.sbl_image_name},
       {"qsm", "QSM", "fw1.bin", status.fw_qc_image_version},
       {"nsp", "NSP", fusa ? "fw9.bin" : "fw2.bin", status.nsp_qc_image_version}}};
  std::vector<Comparison> out;
  for (const auto& component : components) {
    Comparison row{component, std::nullopt, State::unknown, ""};
    const auto& there = installed.at(component.file);
    row.installed = there.version;
    if (component.running.empty()) {
      row.reason = "card-gives-no-version";
    } else if (!there.version) {
      row.reason = there.failure->id;
    } else {
      row.state = component.running == *there.version ? State::same : State::differs;
    }
    out.push_back(std::move(row));
  }
  return out;
}

struct Finding {
  const char* id;
  std::string message;
};

std::vector<Finding> findings_of(const qaic_status& status, const std::vector<Comparison>& rows) {
  const bool hybrid_boot = (status.features >> QAIC_FEATURE_HYBRID_BOOT & 1) != 0;
  std::vector<Finding> out;
  std::string differing;
  for (const auto& row : rows) {
    if (row.state != State::differs) continue;
    const auto what = fmt::format("{} runs, {} is installed", row.component.running, *row.installed);
    if (hybrid_boot && row.component.key == std::string_view("sbl")) {
      // Inferred from how the vendor's updater treats such cards.
      out.push_back({"fw-sbl-in-flash", what +
                                            "; the card has hybrid boot, so its SBL comes from flash memory "
                                            "and a reset may not change it"});
    } else {
      differing += (differing.empty() ? "" : "; ") + what;
    }
  }
  if (!differing.empty()) {
    out.insert(out.begin(), {"fw-reset-needed", "a reset is needed to run what is installed: " + differing});
  }
  return out;
}

json row_json(const Comparison& row) {
  json out{{"running", row.component.running.empty() ? json(nullptr) : json(row.component.running)},
           {"installed", row.installed ? json(*row.installed) : json(nullptr)},
           {"file", row.component.file},
           {"state", word(row.state)}};
  out["reason"] = row.reason.empty() ? json(nullptr) : json(row.reason);
  return out;
}

json installed_json(const InstalledByName& installed) {
  json out = json::object();
  for (const auto& [name, row] : installed) {
    out[name] = {{"path", row.path.empty() ? json(nullptr) : json(row.path)},
                 {"version", row.version ? json(*row.version) : json(nullptr)},
                 {"failure", row.failure ? to_json(*row.failure) : json(nullptr)}};
  }
  return out;
}

void append_card(std::string& text, const qaic_card_info& card, const ProbeAnswer& answer,
                 const std::vector<Comparison>& rows, const std::vector<Finding>& findings) {
  fmt::format_to(std::back_inserter(text), "card {} ({}): {}\n", card.qid, card.pci_address,
                 state_name(answer));
  for (const auto& row : rows) {
    fmt::format_to(std::back_inserter(text), "  {}  {:<28}  {:<28}  {}{}\n", row.component.version_name,
                   row.component.running.empty() ? "-" : row.component.running, row.installed.value_or("-"),
                   word(row.state), row.reason.empty() ? "" : fmt::format(" ({})", row.reason));
  }
  for (const auto& finding : findings) {
    fmt::format_to(std::back_inserter(text), "  {} [{}]\n", finding.message, finding.id);
  }
}

std::string installed_text(const InstalledByName& installed) {
  std::string text = "installed:\n";
  for (const auto& [name, row] : installed) {
    if (row.version) {
      fmt::format_to(std::back_inserter(text), "  {:<28}  {}\n", *row.version, row.path);
    } else {
      fmt::format_to(std::back_inserter(text), "  {:<28}  {} [{}]\n", "-", row.failure->what,
                     row.failure->id);
    }
  }
  return text;
}

}  // namespace

int run_status(const GlobalOptions& options, const std::string& root) {
  const auto images = find_images(kernel_folders(root));
  const auto installed = read_installed(images);
  const auto selection = select_cards(options.devices, options.timeout);
  const auto answers = probe(selection.cards, options.timeout);
  std::vector<Failure> failures = images.failures;
  failures.insert(failures.end(), selection.failures.begin(), selection.failures.end());

  json devices = json::array();
  std::string text;
  bool answered = false;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto& card = selection.cards[i];
    json row{{"qid", card.qid}, {"pci_address", card.pci_address}, {"state", state_name(answers[i])}};
    row["components"] = json::object();
    row["findings"] = json::array();
    std::vector<Comparison> rows;
    std::vector<Finding> findings;
    if (answers[i].status) {
      answered = true;
      rows = compare(*answers[i].status, installed);
      for (const auto& comparison : rows) row["components"][comparison.component.key] = row_json(comparison);
      findings = findings_of(*answers[i].status, rows);
      for (const auto& finding : findings) {
        row["findings"].push_back({{"id", finding.id}, {"message", finding.message}});
      }
    } else {
      failures.push_back(*answers[i].failure);
    }
    append_card(text, card, answers[i], rows, findings);
    devices.push_back(std::move(row));
  }
  int exit_code = kDone;
  if (!failures.empty()) {
    exit_code = answered
                    ? int{kPartial}
                    : std::max_element(failures.begin(), failures.end(), [](const auto& a, const auto& b) {
                        return a.exit_code < b.exit_code;
                      })->exit_code;
  }
  int written = kDone;
  if (options.json) {
    auto document =
        envelope("qaic.fw-status/1", kTool, options.devices, exit_code, std::move(devices), failures);
    document["searched"] = images.searched;
    document["installed"] = installed_json(installed);
    written = write_document(document, options.output_file);
  } else {
    const auto columns = fmt::format("       {:<28}  {:<28}\n", "RUNNING", "INSTALLED");
    written = write_text((text.empty() ? "" : columns + text) + installed_text(installed),
                         options.output_file, kTool);
  }
  for (const auto& failure : failures) print_failure(kTool, failure);
  return written != kDone ? written : exit_code;
}

}  // namespace qaic::tools::fw
