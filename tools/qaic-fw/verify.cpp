// `qaic-fw verify`: is each image whole, signed by whom, and do they fit
// together.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "os/file.hpp"
#include "tools/common/envelope.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/terminal.hpp"
#include "tools/qaic-fw/image_file.hpp"
#include "tools/qaic-fw/verbs.hpp"

namespace qaic::tools::fw {

namespace {

using nlohmann::json;

// Images that were given together: one folder, or what the kernel would load.
struct Set {
  std::string origin;  // a folder, or "kernel search order"
  json report;         // "qaic.fw-set/1"
  std::optional<Failure> finding;
};

struct Verification {
  std::vector<std::string> searched;
  std::vector<CheckedFile> files;
  std::vector<json> reports;  // of files, null for one that cannot be read
  std::vector<Set> sets;
  std::vector<std::string> notes;
  std::vector<Failure> failures;
};

Failure simple_failure(int code, const char* id, std::string what, std::string hint) {
  return Failure{code, id, std::move(what), std::move(hint), std::nullopt};
}

void add_files(Verification& out, const std::vector<ImageFile>& files, const VerifyOptions& verify) {
  for (const auto& file : files) {
    out.files.push_back(check_file(file, verify.accepted_roots));
    const auto& checked = out.files.back();
    out.reports.push_back(checked.image ? json::parse(checked.image->report()) : json(nullptr));
    if (const auto failure = checked.failure()) out.failures.push_back(*failure);
    if (out.reports.back().is_null()) continue;
    for (const auto& note : out.reports.back()["notes"]) {
      out.notes.push_back(fmt::format("{}: {}", file.path, note.get<std::string>()));
    }
  }
}

void add_folders(Verification& out, const std::vector<std::string>& folders, const std::string& origin,
                 const VerifyOptions& verify) {
  const auto images = find_images(folders);
  out.failures.insert(out.failures.end(), images.failures.begin(), images.failures.end());
  for (const auto& file : images.shadowed) {
    out.notes.push_back(file.path + ": never loaded, the kernel finds another " + file.name + " before it");
  }
  for (const auto& path : images.ignored)
    out.notes.push_back(path + ": not checked, the kernel asks for no such name");
  const auto first = out.files.size();
  add_files(out, images.effective, verify);

  std::vector<const qaic::fw::Image*> together;
  for (auto file = out.files.begin() + static_cast<std::ptrdiff_t>(first); file != out.files.end(); ++file) {
    if (file->image) together.push_back(&*file->image);
  }
  const auto set = qaic::fw::ImageSet::check(together);
  if (!set || images.effective.empty()) return;
  out.sets.push_back({origin, json::parse(set->report()), std::nullopt});
  auto& added = out.sets.back();
  if (const auto finding = set->finding()) {
    added.finding = simple_failure(static_cast<int>(finding->kind()), finding->id(),
                                   fmt::format("{}: {}", origin, finding->what()), finding->hint());
    out.failures.push_back(*added.finding);
  }
  for (const auto& name : added.report["absent"]) {
    out.notes.push_back(
        fmt::format("{}: no {}, which distributions ship; a card that asks for it will not boot", origin,
                    name.get<std::string>()));
  }
}

Verification collect(const VerifyOptions& verify) {
  Verification out;
  if (verify.paths.empty()) {
    out.searched = kernel_folders(verify.root);
    add_folders(out, out.searched, "kernel search order", verify);
    if (out.files.empty() && out.failures.empty()) {
      out.failures.push_back(
          simple_failure(kVerdictNo, "fw-not-installed",
                         "no firmware image is installed where the kernel looks: " +
                             fmt::format("{}", fmt::join(out.searched, ", ")),
                         "install your distribution's package, on Debian firmware-qcom-soc"));
    }
    return out;
  }
  for (const auto& path : verify.paths) {
    if (os::file_kind(path) != os::FileKind::folder) {
      add_files(out, {image_file(path)}, verify);
      continue;
    }
    const auto before = out.files.size() + out.failures.size();
    out.searched.push_back(path);
    add_folders(out, {path}, path, verify);
    if (out.files.size() + out.failures.size() == before) {
      out.failures.push_back(simple_failure(kBadInput, "fw-no-images",
                                            path + " holds no image that the kernel would ask for",
                                            "name the folder with sbl.bin in it"));
    }
  }
  return out;
}

// A verdict "no" outweighs what could not be judged.
int exit_code_of(const Verification& verification) {
  if (verification.failures.empty()) return kDone;
  for (const auto& failure : verification.failures) {
    if (failure.exit_code == kVerdictNo) return kVerdictNo;
  }
  return verification.failures.front().exit_code;
}

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : std::string("-");
}

std::string main_version(const json& report) {
  const auto& versions = report["versions"];
  return versions.is_array() && !versions.empty() ? text_of(versions[0]["text"]) : "-";
}

void append_signatures(std::string& text, const Verification& verification) {
  struct Signatures {
    json root;
    std::size_t images = 0;
    std::string first, last, until;
  };
  std::map<std::string, Signatures> roots;
  for (const auto& report : verification.reports) {
    if (report.is_null() || report["signer"].is_null() || report["signer"]["root"].is_null()) continue;
    const auto& signer = report["signer"];
    const auto& leaf = signer["certificates"][0];
    auto& entry = roots[signer["root"]["sha384"]];
    const auto day = leaf["not_before"].get<std::string>().substr(0, 10);
    const auto until = leaf["not_after"].get<std::string>().substr(0, 10);
    entry.root = signer["root"];
    entry.first = entry.images == 0 ? day : std::min(entry.first, day);
    entry.last = entry.images == 0 ? day : std::max(entry.last, day);
    entry.until = entry.images == 0 ? until : std::min(entry.until, until);
    ++entry.images;
  }
  for (const auto& [digest, entry] : roots) {
    fmt::format_to(std::back_inserter(text), "\n{} signed under: {}\n  root SHA-384: {}\n  proves: {}\n",
                   entry.images == 1 ? "1 image" : fmt::format("{} images", entry.images),
                   text_of(entry.root["label"]), digest, text_of(entry.root["proves"]));
    fmt::format_to(std::back_inserter(text),
                   "  signing certificates from {} to {}, valid until {} or longer\n", entry.first,
                   entry.last, entry.until);
  }
}

std::string text_report(const Verification& verification, bool color) {
  std::string text;
  std::size_t width = 4;
  for (const auto& file : verification.files) width = std::max(width, file.file.path.size());
  const auto line = [&](std::string_view file, const std::string& verdict, std::string_view version,
                        std::string_view built) {
    fmt::format_to(std::back_inserter(text), "{:<{}}  {}  {:<28}  {}\n", file, width, verdict, version,
                   built);
  };
  if (!verification.files.empty()) line("FILE", fmt::format("{:<12}", "VERDICT"), "VERSION", "BUILT");
  for (std::size_t i = 0; i < verification.files.size(); ++i) {
    const auto& report = verification.reports[i];
    const bool judged = !report.is_null();
    const auto verdict = judged ? text_of(report["verdict"]) : std::string("not_checked");
    const auto tone = verdict == "good" ? Tone::good : Tone::bad;
    const bool has_build = judged && report.contains("build") && report["build"].is_object();
    line(verification.files[i].file.path, toned(fmt::format("{:<12}", verdict), tone, color),
         judged ? main_version(report) : "-", has_build ? text_of(report["build"]["time"]) : "-");
    if (const auto failure = verification.files[i].failure()) {
      fmt::format_to(std::back_inserter(text), "  {} [{}]\n", failure->what, failure->id);
    }
  }
  for (const auto& set : verification.sets) {
    if (set.finding) {
      fmt::format_to(std::back_inserter(text), "\n{} [{}]\n", set.finding->what, set.finding->id);
    } else if (!set.report["releases"].empty()) {
      fmt::format_to(std::back_inserter(text), "\n{}: the images are of one release, {}\n", set.origin,
                     text_of(*set.report["releases"].begin()));
    }
  }
  append_signatures(text, verification);
  if (!verification.notes.empty()) text += '\n';
  for (const auto& note : verification.notes) fmt::format_to(std::back_inserter(text), "note: {}\n", note);
  return text;
}

const char* compression_name(Compression compression) {
  switch (compression) {
    case Compression::none:
      return "none";
    case Compression::zstd:
      return "zstd";
    case Compression::xz:
      return "xz";
  }
  return "none";
}

json json_report(const Verification& verification, int exit_code) {
  json document = envelope("qaic.fw-verify/1", kTool, {}, exit_code, json::array(), verification.failures);
  document["searched"] = verification.searched;
  document["images"] = json::array();
  for (std::size_t i = 0; i < verification.files.size(); ++i) {
    const auto& checked = verification.files[i];
    json row{{"path", checked.file.path},
             {"compression", compression_name(checked.file.compression)},
             {"report", verification.reports[i]}};
    row["unreadable"] = checked.unreadable ? to_json(*checked.unreadable) : json(nullptr);
    document["images"].push_back(std::move(row));
  }
  document["sets"] = json::array();
  for (const auto& set : verification.sets) {
    document["sets"].push_back({{"origin", set.origin}, {"report", set.report}});
  }
  document["notes"] = verification.notes;
  return document;
}

}  // namespace

int run_verify(const GlobalOptions& options, const VerifyOptions& verify) {
  const auto verification = collect(verify);
  const int exit_code = exit_code_of(verification);
  int written = kDone;
  if (options.json) {
    written = write_document(json_report(verification, exit_code), options.output_file);
  } else {
    const bool color = use_color(options.color) && options.output_file.empty();
    written = write_text(text_report(verification, color), options.output_file, kTool);
  }
  for (const auto& failure : verification.failures) print_failure(kTool, failure);
  return written != kDone ? written : exit_code;
}

}  // namespace qaic::tools::fw
