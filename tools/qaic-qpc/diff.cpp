// `qaic-qpc diff`: what two programs differ in.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "lib/program/program.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/common/terminal.hpp"
#include "tools/qaic-qpc/describe.hpp"
#include "tools/qaic-qpc/input.hpp"
#include "tools/qaic-qpc/json_difference.hpp"
#include "tools/qaic-qpc/verbs.hpp"

namespace qaic::qpc {
namespace {

using Json = nlohmann::json;

struct DiffOptions {
  std::string a;
  std::string b;
};

struct Side {
  os::Mapping file;
  program::Program program;
};

base::Result<Side> open_side(const std::string& path) {
  Side out;
  QAIC_TRY(out.file, map_file(program_path(path)));
  QAIC_TRY(out.program, of_file(program::read_program(out.file.bytes()), path));
  return out;
}

std::optional<std::size_t> first_difference(base::Bytes a, base::Bytes b) {
  const auto [x, y] = std::ranges::mismatch(a, b);
  if (x == a.end() && y == b.end()) return std::nullopt;
  return static_cast<std::size_t>(x - a.begin());
}

Json content(base::Bytes bytes, std::size_t at) {
  if (at >= bytes.size()) return "ends before";
  return fmt::format("{:#04x} at byte {}", static_cast<unsigned>(bytes[at]), at);
}

void compare_content(const std::string& path, base::Bytes a, base::Bytes b, std::vector<Difference>& out) {
  if (const auto at = first_difference(a, b)) out.push_back({path, content(a, *at), content(b, *at)});
}

void compare_segments(const program::Program& a, const program::Program& b, std::vector<Difference>& out) {
  const auto compare_one = [&](const std::string& name) {
    const auto* x = a.container.find(name);
    const auto* y = b.container.find(name);
    const std::string path = "segments." + name;
    if (x == nullptr || y == nullptr) {
      const auto there = [](const program::Segment* s) {
        return s == nullptr ? Json() : Json(fmt::format("{} bytes", s->bytes.size()));
      };
      out.push_back({path, there(x), there(y)});
      return;
    }
    add_differences(x->bytes.size(), y->bytes.size(), path + ".size", out);
    add_differences(x->offset, y->offset, path + ".offset", out);
    compare_content(path + ".content", x->bytes, y->bytes, out);
  };
  for (const auto& segment : a.container.segments) compare_one(segment.name);
  for (const auto& segment : b.container.segments) {
    if (a.container.find(segment.name) == nullptr) compare_one(segment.name);
  }
}

// What the cores get to see, apart from metadata, names and symbols.
void compare_code(const program::Program& a, const program::Program& b, std::vector<Difference>& out) {
  const auto layout = [](const program::ElfFile& elf) {
    Json rows = Json::array();
    for (const auto& s : elf.segments) {
      rows.push_back({{"address", fmt::format("{:#x}", s.address)},
                      {"file_size", s.file_size},
                      {"memory_size", s.memory_size},
                      {"flags", fmt::format("{}{}{}", s.readable ? "r" : "", s.writable ? "w" : "",
                                            s.executable ? "x" : "")}});
    }
    return rows;
  };
  add_differences(layout(a.elf), layout(b.elf), "code", out);
  add_differences(fmt::format("{:#x}", a.elf.flags), fmt::format("{:#x}", b.elf.flags), "code.flags", out);
  for (std::size_t i = 0; i < std::min(a.elf.segments.size(), b.elf.segments.size()); ++i) {
    // Without the file's header, which says where its sections are.
    const auto bytes = [i](const program::Program& p) {
      constexpr std::uint32_t kHeader = 52;
      const auto& s = p.elf.segments[i];
      const std::uint32_t skipped =
          std::min(s.file_offset < kHeader ? kHeader - s.file_offset : 0, s.file_size);
      return p.elf_bytes.subspan(s.file_offset + skipped, s.file_size - skipped);
    };
    compare_content(fmt::format("code[{}].content", i), bytes(a), bytes(b), out);
  }
}

std::string shown(const Json& value) {
  constexpr std::size_t kMost = 60;
  std::string out = value.is_null()     ? "(nothing)"
                    : value.is_string() ? value.get<std::string>()
                                        : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (out.size() > kMost) out = out.substr(0, kMost) + "...";
  return tools::printable(out);
}

Outcome diff(const DiffOptions& options) {
  Outcome out;
  out.document = {{"a", options.a}, {"b", options.b}};
  const auto a = open_side(options.a);
  const auto b = open_side(options.b);
  if (!a || !b) {
    out.error = !a ? a.error() : b.error();
    return out;
  }
  std::vector<Difference> found;
  add_differences(Json(describe(a->program)), Json(describe(b->program)), "", found);
  compare_code(a->program, b->program, found);
  compare_segments(a->program, b->program, found);

  auto rows = Json::array();
  for (const auto& d : found) {
    out.text += fmt::format("{}\n  - {}\n  + {}\n", tools::printable(d.path), shown(d.a), shown(d.b));
    rows.push_back({{"path", d.path}, {"a", d.a}, {"b", d.b}});
  }
  out.document["equal"] = found.empty();
  out.document["differences"] = std::move(rows);
  if (!found.empty()) out.exit_code = tools::kVerdictNo;
  return out;
}

}  // namespace

Run register_diff(CLI::App& app) {
  const auto options = std::make_shared<DiffOptions>();
  CLI::App* verb = app.add_subcommand("diff", "Say what two programs differ in");
  verb->add_option("A", options->a, "Program file, or a folder with programqpc.bin")->required();
  verb->add_option("B", options->b, "The other one")->required();
  return [options] { return diff(*options); };
}

}  // namespace qaic::qpc
