#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tools/qaic-run/bench/replaced_file.hpp"

namespace fs = std::filesystem;
using qaic::base::as_bytes;
using qaic::tools::run::bench::ReplacedFile;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "qaic-run-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string file(const char* name) const { return (path_ / name).string(); }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), fs::directory_iterator{}));
  }

 private:
  fs::path path_;
};

std::string content(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("a file is replaced when the new one is whole, and else stays") {
  const Folder folder;
  const std::string path = folder.file("a.svg");
  std::ofstream(path) << "old";
  {
    const auto given_up = ReplacedFile::create(path);
    REQUIRE(given_up);
    CHECK(content(path) == "old");
  }
  CHECK(folder.files() == 1);
  CHECK(content(path) == "old");
  auto file = ReplacedFile::create(path);
  REQUIRE(file);
  ReplacedFile kept = std::move(*file);
  CHECK(kept.replace(as_bytes(std::string_view("new"))));
  CHECK(content(path) == "new");
  CHECK(folder.files() == 1);
}

TEST_CASE("a link stays one, a folder is no file, and what is no file is written itself") {
  const Folder folder;
  std::ofstream(folder.file("a.svg")) << "old";
  fs::create_symlink("a.svg", folder.file("link"));
  auto file = ReplacedFile::create(folder.file("link"));
  REQUIRE(file);
  CHECK(file->replace(as_bytes(std::string_view("new"))));
  CHECK(fs::is_symlink(folder.file("link")));
  CHECK(content(folder.file("a.svg")) == "new");
  CHECK(folder.files() == 2);
  CHECK(!ReplacedFile::create(folder.file("")));
  CHECK(!ReplacedFile::create(folder.file("no/such")));
  auto device = ReplacedFile::create("/dev/null");
  REQUIRE(device);
  CHECK(device->replace(as_bytes(std::string_view("new"))));
  CHECK(fs::is_character_file("/dev/null"));
}
