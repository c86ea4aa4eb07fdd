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

  // A folder of its own: a real one there is covered even if it gains nothing.
  void add_folder(std::string_view path);
  void add_file(std::string_view path, std::string content, unsigned mode = 0444);
  void add_link(std::string_view path, std::string target);
  // Of a file that is there; others are left out.
  void set_content(std::string_view path, std::string content);

  [[nodiscard]] const std::map<std::string, FileTree>& folders() const { return folders_; }
  [[nodiscard]] const std::map<std::string, File>& files() const { return files_; }
  [[nodiscard]] const std::map<std::string, Link>& links() const { return links_; }
  [[nodiscard]] bool covers() const { return covers_; }

  // Text that unpack() understands, for a process of the same build.
  [[nodiscard]] std::string pack() const;
  [[nodiscard]] static base::Result<FileTree> unpack(std::string_view text);

 private:
  FileTree& folder(std::string_view path);
  void pack(const std::string& path, std::string& out) const;

  bool covers_ = false;
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

// Changes what was laid out as `before` below the open folder into `after`:
// entries come, go, and get other content in place, so that who has a file open
// reads the new one. Gives up an entry that cannot be changed.
void update_tree(int folder, const FileTree& before, const FileTree& after);

}  // namespace qaic::os
