// An image as a file: found where the kernel would find it, unpacked as the
// kernel would unpack it, and judged.
#pragma once

#include <optional>
#include <qaic/qaic-fw.hpp>
#include <string>
#include <vector>

#include "tools/common/failure.hpp"

namespace qaic::tools::fw {

enum class Compression { none, zstd, xz };

struct ImageFile {
  std::string path;
  std::string name;  // without folders and without .zst or .xz
  Compression compression = Compression::none;
};

// The name's ending decides, as it does for the kernel.
ImageFile image_file(const std::string& path);

// Exactly one of the two is set.
struct CheckedFile {
  ImageFile file;
  std::optional<qaic::fw::Image> image;
  std::optional<Failure> unreadable;  // no file, no permission, cannot be unpacked

  // Why it is not good: the first failed check, or why it could not be read.
  [[nodiscard]] std::optional<Failure> failure() const;
};
CheckedFile check_file(const ImageFile& file, const std::vector<std::string>& accepted_roots);

// The folders under /lib/firmware where the kernel looks for an image, in its
// order, with the prefix `root` ("" for this system).
std::vector<std::string> kernel_folders(const std::string& root);

struct InstalledImages {
  std::vector<std::string> searched;
  std::vector<ImageFile> effective;  // what the kernel would load, one per name
  std::vector<ImageFile> shadowed;   // never loaded: found after another of the same name
  std::vector<std::string> ignored;  // *.bin that the kernel does not ask for
  std::vector<Failure> failures;     // folders that exist and cannot be listed
};
// The kernel tries every folder for the plain file, then for .zst, then for .xz.
InstalledImages find_images(const std::vector<std::string>& folders);

}  // namespace qaic::tools::fw
