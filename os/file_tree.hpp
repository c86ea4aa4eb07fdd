// A tree of folders, files and links described as values, and laid over real
// folders: what is real and not described stays visible.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace qaic::os {

// A folder. Paths have no leading slash and no "." or "..".
class FileTree {
 public:
  struct File {
    std::string content;
    unsigned mode = 0444;
  };
  struct Link {
    std::string target;
  };

  void add_folder(std::string_view path);
  void add_file(std::string_view path, std::string content, unsigned mode = 0444);
  void add_link(std::string_view path, std::string target);

  [[nodiscard]] const std::map<std::string, FileTree>& folders() const { return folders_; }
  [[nodiscard]] const std::map<std::string, File>& files() const { return files_; }
  [[nodiscard]] const std::map<std::string, Link>& links() const { return links_; }

 private:
  FileTree& folder(std::string_view path);

  std::map<std::string, FileTree> folders_;
  std::map<std::string, File> files_;
  std::map<std::string, Link> links_;
};

// Lays `tree` over the real folder `root` in the calling process' mount
// namespace. A real folder that gains an entry is replaced by a memory file
// system in which its other entries are shown again; entries of the tree win
// over real ones of the same name, folders of both are merged.
// Gives the mount points made, outermost first; they can still be written to.
[[nodiscard]] base::Result<std::vector<std::string>> lay_over(const std::string& root, const FileTree& tree);

}  // namespace qaic::os
