// `qaic-qpc pack`: a JSON description, an ELF file and constants become a QPC.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "lib/program/container.hpp"
#include "lib/program/elf.hpp"
#include "lib/program/inspect.hpp"
#include "lib/program/program.hpp"
#include "os/file.hpp"
#include "os/mapping.hpp"
#include "tools/qaic-qpc/description.hpp"
#include "tools/qaic-qpc/input.hpp"
#include "tools/qaic-qpc/verbs.hpp"
#include "wire/qpc.hpp"

namespace qaic::qpc {
namespace {

namespace fs = std::filesystem;
namespace wqpc = wire::qpc;
using base::fail;

constexpr std::size_t kMaxDescriptionBytes = 64U << 20;
constexpr std::size_t kMaxElfBytes = 1U << 30;

struct PackOptions {
  std::string description;
  std::string elf;
  std::string constants;
  std::string program;
};

base::Error cannot_write(const std::string& path, std::string_view why) {
  return base::make_error(base::ErrorKind::permission, "file-write",
                          fmt::format("cannot write '{}': {}", path, why),
                          "check the folder and the space left");
}

// What a program file must satisfy to be run, by the reader's own judgement;
// gives it as inspect shows it.
base::Result<std::string> check_file(const std::string& path) {
  QAIC_TRY(const os::Mapping file, map_file(path));
  QAIC_TRY(const program::Program parsed, program::parse_program(file.bytes()));
  QAIC_CHECK(program::plan_submission(parsed.metadata, parsed.descriptor));
  return program::inspect_json(parsed);
}

// Writes beside the target, checks and renames, so that a program file is whole
// and right, or not there. Segments are streamed: constants may be far larger than memory.
base::Result<std::string> write_segments(const std::string& path, std::vector<program::Segment> segments) {
  QAIC_TRY(const program::ContainerLayout layout, program::lay_out_container(segments));
  const std::string temporary = path + ".part";
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  if (!out) return fail(cannot_write(temporary, "it cannot be created"));
  std::uint64_t position = 0;
  const auto put = [&](base::Bytes bytes) {
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    position += bytes.size();
  };
  const auto pad_to = [&](std::uint64_t target) {
    const base::ByteVector zeros(static_cast<std::size_t>(target - position));
    put(zeros);
  };
  put(layout.head);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    pad_to(layout.starts[i]);
    put(segments[i].bytes);
  }
  pad_to(layout.size);
  out.close();
  std::error_code error;
  if (!out) {
    fs::remove(temporary, error);
    return fail(cannot_write(temporary, "writing failed"));
  }
  auto checked = check_file(temporary);
  if (!checked) {
    fs::remove(temporary, error);
    return checked;
  }
  fs::rename(temporary, path, error);
  if (error) {
    const std::string why = error.message();
    fs::remove(temporary, error);
    return fail(cannot_write(path, why));
  }
  return checked;
}

base::Result<std::string> pack(const PackOptions& options) {
  QAIC_TRY(const base::ByteVector text, input(os::read_file(options.description, kMaxDescriptionBytes)));
  QAIC_TRY(const base::ByteVector elf, input(os::read_file(options.elf, kMaxElfBytes)));
  os::Mapping constants;
  if (!options.constants.empty()) {
    QAIC_TRY(constants, map_file(options.constants));
  }
  QAIC_TRY(const Description description,
           read_description(base::as_text(text), elf, constants.bytes().size()));
  const base::ByteVector metadata = program::write_metadata(description.metadata);
  QAIC_TRY(base::ByteVector network, program::with_section(elf, wqpc::kMetadataSection, metadata));
  QAIC_TRY(const program::ElfFile parsed, program::parse_elf(elf));
  if (parsed.find_section(wqpc::kBareMetadataSection) != nullptr) {
    // An ELF file of another tool: this section would win over the new one.
    QAIC_TRY(network, program::with_section(network, wqpc::kBareMetadataSection,
                                            base::Bytes(metadata).subspan(sizeof(wqpc::MetadataPrefix))));
  }
  const base::ByteVector networkdesc = program::write_descriptor(description.descriptor);
  wqpc::ConstantsDescriptor constants_descriptor;
  constants_descriptor.static_size = description.metadata.static_constants_size;
  constants_descriptor.dynamic_size = description.metadata.dynamic_constants_size;
  constants_descriptor.static_ecc = description.static_ecc ? 1 : 0;
  constants_descriptor.dynamic_ecc = description.dynamic_ecc ? 1 : 0;

  std::vector<program::Segment> segments;
  segments.push_back({std::string(wqpc::kNetworkElf), network, 0});
  segments.push_back({std::string(wqpc::kNetworkDescriptor), networkdesc, 0});
  if (!constants.bytes().empty()) {
    segments.push_back({std::string(wqpc::kConstants), constants.bytes(), constants_descriptor.static_size});
    segments.push_back({std::string(wqpc::kConstantsDescriptor), base::bytes_of(constants_descriptor), 0});
  }
  return write_segments(options.program, std::move(segments));
}

}  // namespace

Run register_pack(CLI::App& app) {
  const auto options = std::make_shared<PackOptions>();
  CLI::App* verb =
      app.add_subcommand("pack", "Make a program file from a description, an ELF file and constants");
  verb->add_option("--description", options->description, "JSON description; see qaic-qpc(1)")
      ->required()
      ->type_name("FILE");
  verb->add_option("--elf", options->elf, "Linked device program")->required()->type_name("FILE");
  verb->add_option("--constants", options->constants, "Constants, static part first")->type_name("FILE");
  verb->add_option("-o,--program", options->program, "Program file to write, usually programqpc.bin")
      ->required()
      ->type_name("FILE");
  return [options] {
    Outcome out;
    out.document = {{"container", nullptr}, {"program", nullptr}};
    const auto made = pack(*options);
    if (made) {
      out.document = nlohmann::json::parse(*made);
    } else {
      out.error = made.error();
    }
    return out;
  };
}

}  // namespace qaic::qpc
