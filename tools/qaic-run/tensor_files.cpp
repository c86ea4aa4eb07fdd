#include "tools/qaic-run/tensor_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "os/file.hpp"
#include "tools/qaic-run/json_tensor.hpp"
#include "tools/qaic-run/zip.hpp"

namespace qaic::tools::run {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;

namespace {

constexpr std::size_t kLargestBundle = 4ULL << 30;

const char* word(qaic_tensor_direction direction) {
  return direction == QAIC_TENSOR_INPUT ? "input" : "output";
}

std::string names_of(const std::vector<qaic_tensor>& tensors, qaic_tensor_direction direction) {
  std::string names;
  for (const auto& tensor : tensors) {
    if (tensor.direction == static_cast<std::uint32_t>(direction)) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", tensor.name);
    }
  }
  return names.empty() ? "none" : names;
}

// Names of what a bundle holds; nothing for a JSON file of one tensor.
Result<std::optional<std::vector<std::string>>> names_in(const std::string& path) {
  std::vector<std::string> names;
  QAIC_TRY(const auto content, read_bundle(path));
  if (is_archive(path)) {
    QAIC_TRY(const auto members, zip_members(content));
    for (const auto& member : members) {
      names.push_back(member.name.ends_with(".npy") ? member.name.substr(0, member.name.size() - 4)
                                                    : member.name);
    }
    return names;
  }
  QAIC_TRY(const auto document, parse_json(content));
  if (!document.is_object()) return std::nullopt;
  for (const auto& [name, value] : document.items()) names.push_back(name);
  return names;
}

Result<std::vector<TensorFile>> match(const std::vector<std::string>& arguments,
                                      const std::vector<qaic_tensor>& tensors,
                                      qaic_tensor_direction direction) {
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].direction == static_cast<std::uint32_t>(direction)) candidates.push_back(i);
  }
  std::vector<TensorFile> files;
  const auto taken = [&](std::size_t index) {
    return std::any_of(files.begin(), files.end(), [&](const auto& file) { return file.tensor == index; });
  };
  std::vector<std::string> unnamed;
  for (const auto& argument : arguments) {
    const auto equals = argument.find('=');
    if (equals == std::string::npos) {
      unnamed.push_back(argument);
      continue;
    }
    const std::string name = argument.substr(0, equals);
    std::size_t index = tensors.size();
    for (const auto i : candidates) {
      if (name == tensors[i].name) index = i;
    }
    std::size_t position = 0;
    const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), position);
    if (index == tensors.size() && error == std::errc() && rest == name.data() + name.size() &&
        position < candidates.size()) {
      index = candidates[position];
    }
    if (index == tensors.size()) {
      return fail(make_error(ErrorKind::bad_input, "tensor-unknown",
                             fmt::format("the program has no {} '{}'", word(direction), name),
                             fmt::format("its {}s: {}", word(direction), names_of(tensors, direction))));
    }
    if (taken(index)) {
      return fail(make_error(ErrorKind::usage, "tensor-twice",
                             fmt::format("{} '{}' is given twice", word(direction), tensors[index].name)));
    }
    files.push_back({index, argument.substr(equals + 1)});
  }
  for (const auto& path : unnamed) {
    const auto next = std::find_if(candidates.begin(), candidates.end(), [&](auto i) { return !taken(i); });
    if (next == candidates.end()) {
      return fail(make_error(
          ErrorKind::usage, "tensor-too-many",
          fmt::format("'{}': the program has only {} {}s", path, candidates.size(), word(direction)),
          fmt::format("its {}s: {}", word(direction), names_of(tensors, direction))));
    }
    files.push_back({*next, path});
  }
  return files;
}

// The tensors of this direction that a bundle has, as NAME=FILE.
Result<std::vector<std::string>> expand(const std::string& path, const std::vector<qaic_tensor>& tensors,
                                        qaic_tensor_direction direction) {
  QAIC_TRY(const auto names, names_in(path));
  if (!names) return std::vector<std::string>{path};
  std::vector<std::string> out;
  for (const auto& name : *names) {
    const auto found =
        std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return name == t.name; });
    if (found == tensors.end()) {
      return fail(make_error(ErrorKind::bad_input, "tensor-unknown",
                             fmt::format("the program has no tensor '{}'", name),
                             fmt::format("its {}s: {}", word(direction), names_of(tensors, direction))));
    }
    if (found->direction == static_cast<std::uint32_t>(direction)) out.push_back(name + "=" + path);
  }
  if (!out.empty()) return out;
  return fail(make_error(ErrorKind::bad_input, "tensor-unknown",
                         fmt::format("no {} of the program is in it", word(direction)),
                         fmt::format("its {}s: {}", word(direction), names_of(tensors, direction))));
}

bool is_bundle_alone(const std::string& argument) {
  return argument.find('=') == std::string::npos && (is_archive(argument) || is_json(argument));
}

}  // namespace

bool is_archive(const std::string& path) {
  return path.ends_with(".npz");
}

bool is_json(const std::string& path) {
  return path.ends_with(".json");
}

Result<base::ByteVector> read_bundle(const std::string& path) {
  auto content = os::read_file(path, kLargestBundle);
  if (!content && content.error().domain == base::ErrorDomain::system) {
    content.error().kind = ErrorKind::bad_input;
  }
  return content;
}

Result<std::vector<TensorFile>> match_tensors(const std::vector<std::string>& arguments,
                                              const std::vector<qaic_tensor>& tensors,
                                              qaic_tensor_direction direction) {
  std::vector<std::string> single;
  for (const auto& argument : arguments) {
    if (!is_bundle_alone(argument)) {
      single.push_back(argument);
      continue;
    }
    auto parts = expand(argument, tensors, direction);
    if (!parts) {
      if (!parts.error().what.starts_with(argument))
        parts.error().what = argument + ": " + parts.error().what;
      return fail(parts.error());
    }
    single.insert(single.end(), parts->begin(), parts->end());
  }
  return match(single, tensors, direction);
}

Result<std::vector<TensorFile>> match_saves(const std::vector<std::string>& arguments,
                                            const std::vector<qaic_tensor>& tensors) {
  std::vector<std::string> single;
  for (const auto& argument : arguments) {
    if (!is_bundle_alone(argument)) {
      single.push_back(argument);
      continue;
    }
    for (const auto& tensor : tensors) {
      if (tensor.direction == QAIC_TENSOR_OUTPUT) single.push_back(std::string(tensor.name) + "=" + argument);
    }
  }
  return match(single, tensors, QAIC_TENSOR_OUTPUT);
}

}  // namespace qaic::tools::run
