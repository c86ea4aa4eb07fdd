#include "tools/qaic-run/batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "os/file.hpp"
#include "tools/qaic-run/tensor_data.hpp"

namespace qaic::tools::run {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;

namespace {

constexpr std::size_t kLongestList = 16 << 20;  // bytes
constexpr std::string_view kNumber = "{}";

auto bad(std::string what, std::string hint = {}) {
  return fail(make_error(ErrorKind::usage, "batch", std::move(what), std::move(hint)));
}

std::string stem_of(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const auto dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
}

Result<std::vector<std::string>> listed(const std::string& path) {
  auto content = os::read_file(path, kLongestList);
  if (!content) {
    content.error().kind = ErrorKind::bad_input;
    return fail(content.error());
  }
  std::istringstream lines{std::string(base::as_text(*content))};
  std::vector<std::string> files;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) files.push_back(line);
  }
  return files;
}

Result<std::vector<std::string>> in_folder(const std::string& folder) {
  QAIC_TRY(const auto names, os::list_folder(folder));
  std::vector<std::string> files;
  for (const auto& name : names) {
    std::string path = folder + (folder.ends_with('/') ? "" : "/") + name;
    if (name.front() != '.' && os::file_kind(path) == os::FileKind::regular) files.push_back(std::move(path));
  }
  return files;
}

class Maker {
 public:
  Maker(const std::vector<qaic_tensor>& tensors, Cast cast, const InputShapes& shapes)
      : tensors_(tensors), cast_(cast), shapes_(shapes) {}

  Result<void> input(const TensorFile& file) {
    QAIC_TRY(auto files, batch_files(file.path));
    if (!files) return {};
    if (batch_.stems.empty()) {
      for (const auto& path : *files) batch_.stems.push_back(stem_of(path));
    }
    QAIC_TRY(batch_.forms[file.tensor], check_all(file, *files));
    batch_.inputs[file.tensor] = std::move(*files);
    return {};
  }

  Result<void> expected(const TensorFile& file) {
    const bool folder = os::file_kind(file.path) == os::FileKind::folder;
    QAIC_TRY(auto files, batch_files(file.path));
    if (!files) {
      files = std::vector<std::string>(batch_.stems.size(), file.path);
    } else if (folder) {
      std::vector<std::string> in_order;
      for (const auto& stem : batch_.stems) {
        const auto found = std::find_if(files->begin(), files->end(),
                                        [&](const auto& path) { return stem_of(path) == stem; });
        if (found == files->end()) return bad(fmt::format("{}: no file for '{}' in it", file.path, stem));
        in_order.push_back(*found);
      }
      files = std::move(in_order);
    }
    QAIC_CHECK(check_all(file, *files));
    batch_.expected[file.tensor] = std::move(*files);
    return {};
  }

  Result<void> save(const TensorFile& file) {
    auto& out = batch_.saves[file.tensor];
    const auto number = file.path.find(kNumber);
    if (number != std::string::npos) {
      for (std::size_t i = 0; i < batch_.stems.size(); ++i) {
        out.push_back(std::string(file.path).replace(number, kNumber.size(), std::to_string(i)));
      }
      return {};
    }
    if (os::file_kind(file.path) != os::FileKind::folder) {
      return bad(fmt::format("{}: the outputs of {} inferences need a folder that is there", file.path,
                             batch_.stems.size()),
                 "or a name with {} in it, which becomes the number");
    }
    if (std::set<std::string>(batch_.stems.begin(), batch_.stems.end()).size() != batch_.stems.size()) {
      return bad("two inputs have the same name, so their outputs would too",
                 "give a name with {} in it, which becomes the number");
    }
    for (const auto& stem : batch_.stems) out.push_back(fmt::format("{}/{}.npy", file.path, stem));
    return {};
  }

  [[nodiscard]] bool empty() const { return batch_.stems.empty(); }
  Batch take() { return std::move(batch_); }

 private:
  Result<std::vector<InputForm>> check_all(const TensorFile& file,
                                           const std::vector<std::string>& files) const {
    if (files.size() != batch_.stems.size()) {
      return bad(fmt::format("{}: {} files, but the first batch has {}", file.path, files.size(),
                             batch_.stems.size()));
    }
    std::vector<InputForm> forms;
    const std::string* last = nullptr;
    for (const auto& path : files) {
      if (last == nullptr || *last != path) {
        QAIC_TRY(const auto content, read_input(path, tensors_[file.tensor], cast_, shapes_));
        forms.push_back(content.given);
      } else {
        forms.push_back(forms.back());
      }
      last = &path;
    }
    return forms;
  }

  const std::vector<qaic_tensor>& tensors_;
  Cast cast_;
  const InputShapes& shapes_;
  Batch batch_;
};

}  // namespace

Result<std::optional<std::vector<std::string>>> batch_files(const std::string& path) {
  const bool list = path.starts_with('@');
  if (!list && os::file_kind(path) != os::FileKind::folder) return std::nullopt;
  QAIC_TRY(auto files, list ? listed(path.substr(1)) : in_folder(path));
  if (files.empty()) return bad(fmt::format("{}: no file is in it", path));
  return files;
}

Result<std::optional<Batch>> make_batch(const std::vector<TensorFile>& inputs,
                                        const std::vector<TensorFile>& expected,
                                        const std::vector<TensorFile>& saves,
                                        const std::vector<qaic_tensor>& tensors, Cast cast,
                                        const InputShapes& shapes) {
  Maker maker(tensors, cast, shapes);
  for (const auto& file : inputs) {
    QAIC_CHECK(maker.input(file));
  }
  if (maker.empty()) return std::nullopt;
  for (const auto& file : expected) {
    QAIC_CHECK(maker.expected(file));
  }
  for (const auto& file : saves) {
    QAIC_CHECK(maker.save(file));
  }
  return maker.take();
}

}  // namespace qaic::tools::run
