#include "tools/qaic-fw/image_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "os/file.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/qaic-fw/unpack.hpp"

namespace qaic::tools::fw {

namespace {

// The kernel's table for this card (kernel-interface §5.3).
constexpr std::array<std::string_view, 9> kNames{"sbl.bin", "fw1.bin", "fw2.bin", "fw4.bin", "fw5.bin",
                                                 "fw6.bin", "fw8.bin", "fw9.bin", "fw10.bin"};

// Larger than any image, compressed or not; the largest genuine one is 2.1 MiB.
constexpr std::size_t kMostBytes = 64U << 20;

Failure failure_of(const base::Error& error) {
  // A file that is not there is bad input here, not a missing card.
  const int code = error.kind == base::ErrorKind::no_card ? kBadInput : static_cast<int>(error.kind);
  return {code, error.id, error.what, error.hint, std::nullopt};
}

std::size_t rank(std::string_view name) {
  return static_cast<std::size_t>(std::find(kNames.begin(), kNames.end(), name) - kNames.begin());
}

}  // namespace

ImageFile image_file(const std::string& path) {
  ImageFile file{path, path.substr(path.rfind('/') + 1), Compression::none};
  const auto cut = [&file](std::string_view ending, Compression compression) {
    if (!file.name.ends_with(ending)) return;
    file.name.resize(file.name.size() - ending.size());
    file.compression = compression;
  };
  cut(".zst", Compression::zstd);
  if (file.compression == Compression::none) cut(".xz", Compression::xz);
  return file;
}

std::optional<Failure> CheckedFile::failure() const {
  if (unreadable) return unreadable;
  const auto failed = image->failure();
  if (!failed) return std::nullopt;
  return Failure{static_cast<int>(failed->kind()), failed->id(),
                 fmt::format("{}: {}", file.path, failed->what()), failed->hint(), std::nullopt};
}

CheckedFile check_file(const ImageFile& file, const std::vector<std::string>& accepted_roots) {
  CheckedFile out{file, std::nullopt, std::nullopt};
  const auto kind = os::file_kind(file.path);
  if (kind != os::FileKind::regular && kind != os::FileKind::missing) {
    out.unreadable =
        Failure{kBadInput, "fw-not-a-file", file.path + " is not a regular file", "", std::nullopt};
    return out;
  }
  auto bytes = os::read_file(file.path, kMostBytes);
  if (!bytes) {
    out.unreadable = failure_of(bytes.error());
    return out;
  }
  if (file.compression != Compression::none) {
    auto plain = file.compression == Compression::zstd ? unpack_zstd(*bytes, kMostBytes)
                                                       : unpack_xz(*bytes, kMostBytes);
    if (!plain) {
      out.unreadable = failure_of(plain.error());
      out.unreadable->what = file.path + ": " + out.unreadable->what;
      return out;
    }
    bytes = std::move(*plain);
  }
  auto image = qaic::fw::Image::verify(*bytes, file.name, accepted_roots);
  if (!image) {
    const auto& error = image.error();
    out.unreadable =
        Failure{static_cast<int>(error.kind()), error.id(), error.what(), error.hint(), std::nullopt};
    return out;
  }
  out.image = std::move(*image);
  return out;
}

std::vector<std::string> kernel_folders(const std::string& root) {
  constexpr std::string_view kCard = "qcom/aic100";
  std::vector<std::string> folders;
  const auto custom = os::read_text("/sys/module/firmware_class/parameters/path");
  if (custom && !custom->empty()) folders.push_back(fmt::format("{}{}/{}", root, *custom, kCard));
  const auto release = os::read_text("/proc/sys/kernel/osrelease");
  for (const std::string_view base : {"/lib/firmware/updates", "/lib/firmware"}) {
    if (release) folders.push_back(fmt::format("{}{}/{}/{}", root, base, *release, kCard));
    folders.push_back(fmt::format("{}{}/{}", root, base, kCard));
  }
  return folders;
}

InstalledImages find_images(const std::vector<std::string>& folders) {
  InstalledImages out;
  out.searched = folders;
  std::vector<ImageFile> found;
  for (const auto& folder : folders) {
    if (os::file_kind(folder) == os::FileKind::missing) continue;
    const auto names = os::list_folder(folder);
    if (!names) {
      out.failures.push_back(failure_of(names.error()));
      continue;
    }
    for (const auto& name : *names) {
      const auto file = image_file(fmt::format("{}/{}", folder, name));
      if (rank(file.name) < kNames.size()) {
        found.push_back(file);
      } else if (file.name.ends_with(".bin")) {
        out.ignored.push_back(file.path);
      }
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const ImageFile& a, const ImageFile& b) {
    return std::pair(rank(a.name), a.compression) < std::pair(rank(b.name), b.compression);
  });
  for (auto& file : found) {
    const bool first = out.effective.empty() || out.effective.back().name != file.name;
    (first ? out.effective : out.shadowed).push_back(std::move(file));
  }
  return out;
}

}  // namespace qaic::tools::fw
