// `qaic-qpc extract`: the segments of a program as files, and a description
// from which `pack` makes the program again.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "lib/program/program.hpp"
#include "os/file.hpp"
#include "tools/common/terminal.hpp"
#include "tools/qaic-qpc/describe.hpp"
#include "tools/qaic-qpc/description.hpp"
#include "tools/qaic-qpc/input.hpp"
#include "tools/qaic-qpc/json_difference.hpp"
#include "tools/qaic-qpc/verbs.hpp"
#include "wire/qpc.hpp"

namespace qaic::qpc {
namespace {

namespace fs = std::filesystem;
namespace wqpc = wire::qpc;
using base::ErrorKind;
using base::fail;
using base::make_error;
using Json = nlohmann::json;

constexpr std::string_view kDescriptionFile = "description.json";

struct ExtractOptions {
  std::string file;
  std::string folder;
  bool force = false;
};

struct File {
  std::string name;
  base::Bytes bytes;
};

// Segments are named by the file that is extracted; a name must not lead out of the folder.
base::Result<void> check_name(const std::string& name) {
  const bool odd = name == "." || name == ".." || name == kDescriptionFile || name.size() > 200 ||
                   name.find_first_of("/\\") != std::string::npos ||
                   std::ranges::any_of(name, [](unsigned char c) { return c < 0x20 || c >= 0x7F; });
  if (!odd) return {};
  return fail(make_error(ErrorKind::bad_input, "qpc-segment-name",
                         "a segment has a name that no file is given: '" + name + "'",
                         "qaic-qpc inspect shows what is in the program"));
}

base::Result<void> write_files(const ExtractOptions& options, const std::vector<File>& files) {
  const auto path_of = [&](const File& file) { return options.folder + "/" + file.name; };
  for (const auto& file : files) {
    if (options.force || os::file_kind(path_of(file)) == os::FileKind::missing) continue;
    return fail(make_error(ErrorKind::refused, "file-exists", path_of(file) + " is there already",
                           "--force replaces it"));
  }
  std::error_code error;
  fs::create_directories(options.folder, error);
  if (error) {
    return fail(make_error(ErrorKind::permission, "file-write",
                           fmt::format("cannot make folder '{}': {}", options.folder, error.message()),
                           "name a folder that can be made"));
  }
  for (const auto& file : files) {
    QAIC_CHECK(input(os::write_file(path_of(file), file.bytes)));
  }
  return {};
}

// What of `program` would not come back: places in the description.
std::vector<std::string> lost(const program::Program& program, const std::string& description) {
  const auto* constants = program.container.find(wqpc::kConstants);
  const std::uint64_t size = constants == nullptr ? 0 : constants->bytes.size();
  const auto again = read_description(description, program.elf_bytes, size);
  if (!again) return {again.error().what};
  program::Program made;
  made.metadata = again->metadata;
  made.descriptor = again->descriptor;
  made.constants.static_ecc = again->static_ecc;
  made.constants.dynamic_ecc = again->dynamic_ecc;
  std::vector<Difference> found;
  add_differences(Json(describe(program)), Json(describe(made)), "", found);
  std::vector<std::string> out;
  for (const auto& difference : found) out.push_back(difference.path);
  if (!out.empty()) return out;
  if (program::write_metadata(program.metadata) != program::write_metadata(made.metadata)) {
    out.emplace_back("metadata");
  }
  if (program::write_descriptor(program.descriptor) != program::write_descriptor(made.descriptor)) {
    out.emplace_back("descriptor");
  }
  return out;
}

// Segments as `pack` makes them, or not at all.
void add_unmade_segments(const program::Program& program, std::vector<std::string>& out) {
  constexpr std::string_view kMade[] = {wqpc::kNetworkElf, wqpc::kNetworkDescriptor, wqpc::kConstants,
                                        wqpc::kConstantsDescriptor};
  for (const auto& segment : program.container.segments) {
    const std::string path = "segments." + segment.name;
    const bool is_constants = segment.name == wqpc::kConstants;
    if (std::ranges::find(kMade, segment.name) == std::end(kMade) ||
        (is_constants && segment.bytes.empty())) {
      out.push_back(path);
    } else if (segment.offset != (is_constants ? program.constants.static_size : 0)) {
      out.push_back(path + ".offset");
    }
  }
}

// Parts of a program that are not read, so that no description holds them.
void add_unread(const program::Program& program, std::vector<std::string>& out) {
  for (const auto& field : program.metadata.unread) out.push_back("metadata." + field);
  for (const auto& field : program.descriptor.unread) out.push_back("descriptor." + field);
  const auto* bare = program.elf.find_section(wqpc::kBareMetadataSection);
  const auto* other = program.elf.find_section(wqpc::kMetadataSection);
  if (bare != nullptr && other != nullptr) {
    constexpr std::size_t kPrefix = sizeof(wqpc::MetadataPrefix);
    const bool same = other->bytes.size() == kPrefix + bare->bytes.size() &&
                      std::ranges::equal(other->bytes.subspan(kPrefix), bare->bytes);
    if (!same) out.emplace_back("elf.metadata");
  }
  add_unmade_segments(program, out);
}

Outcome report(const ExtractOptions& options, const std::vector<File>& files,
               const std::vector<std::string>& not_described) {
  Outcome out;
  auto rows = Json::array();
  for (const auto& file : files) {
    out.text += fmt::format("{}/{}  {} B\n", options.folder, file.name, file.bytes.size());
    rows.push_back({{"name", file.name}, {"size_bytes", file.bytes.size()}});
  }
  for (const auto& place : not_described) {
    out.text += fmt::format("not in {}: {}\n", kDescriptionFile, tools::printable(place));
  }
  out.document = {{"file", options.file},
                  {"folder", options.folder},
                  {"files", std::move(rows)},
                  {"not_described", not_described}};
  return out;
}

base::Result<Outcome> extract(const ExtractOptions& options) {
  QAIC_TRY(const os::Mapping mapped, map_file(program_path(options.file)));
  QAIC_TRY(const program::Container container,
           of_file(program::parse_container(mapped.bytes()), options.file));
  std::vector<File> files;
  for (const auto& segment : container.segments) {
    QAIC_CHECK(check_name(segment.name));
    files.push_back({segment.name, segment.bytes});
  }
  // Of another kind of program, the segments at least.
  std::string description;
  std::vector<std::string> not_described;
  const auto read = program::read_program(mapped.bytes());
  if (read) {
    description =
        describe(*read).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
    not_described = lost(*read, description);
    add_unread(*read, not_described);
    files.push_back({std::string(kDescriptionFile), base::as_bytes(description)});
  }
  QAIC_CHECK(write_files(options, files));
  Outcome out = report(options, files, not_described);
  if (!read) out.error = read.error();
  return out;
}

}  // namespace

Run register_extract(CLI::App& app) {
  const auto options = std::make_shared<ExtractOptions>();
  CLI::App* verb = app.add_subcommand("extract", "Write the segments to files, with a description for pack");
  verb->add_option("FILE", options->file, "Program file, or a folder with programqpc.bin")->required();
  verb->add_option("FOLDER", options->folder, "Where to; made if it is not there")->required();
  verb->add_flag("--force", options->force, "Replace files that are there");
  return [options] {
    auto done = extract(*options);
    if (done) return std::move(*done);
    Outcome out;
    out.document = {{"file", options->file}, {"folder", options->folder}};
    out.error = done.error();
    return out;
  };
}

}  // namespace qaic::qpc
