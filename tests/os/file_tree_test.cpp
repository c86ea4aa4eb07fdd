#include "os/file_tree.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "os/file.hpp"
#include "os/namespace.hpp"
#include "tests/os/in_child.hpp"

using namespace qaic::os;
using qaic::tests::in_child;
using qaic::tests::kNotAllowed;

namespace {

bool enter() {
  if (!may_make_namespaces() && !enter_user_namespace()) return false;
  return enter_mount_namespace().has_value();
}

bool lists(const std::string& folder, const std::string& name) {
  const auto names = list_folder(folder);
  return names && std::find(names->begin(), names->end(), name) != names->end();
}

void expect_zero(int code) {
  if (code == kNotAllowed) {
    MESSAGE("this host lets nobody make namespaces");
    return;
  }
  CHECK(code == 0);
}

}  // namespace

TEST_CASE("a tree keeps folders, files and links by path") {
  FileTree tree;
  tree.add_file("a/b/c", "text", 0600);
  tree.add_link("a/l", "b/c");
  tree.add_folder("a/e");
  const FileTree& a = tree.folders().at("a");
  CHECK(a.folders().at("b").files().at("c").content == "text");
  CHECK(a.folders().at("b").files().at("c").mode == 0600);
  CHECK(a.links().at("l").target == "b/c");
  CHECK(a.folders().contains("e"));
}

TEST_CASE("what is laid over a real folder joins what is there") {
  const bool before = lists("/sys/class", "mem") && lists("/dev", "null");
  expect_zero(in_child([&] {
    if (!enter()) return kNotAllowed;
    FileTree sys;
    sys.add_file("class/accel/accel0/dev", "261:0\n");
    sys.add_link("class/accel/here", "accel0");
    FileTree dev;
    dev.add_file("accel/accel0", "", 0666);
    const auto sys_mounts = lay_over("/sys", sys);
    const auto dev_mounts = lay_over("/dev", dev);
    if (!sys_mounts || !dev_mounts) return 1;
    if (read_text("/sys/class/accel/here/dev").value_or("") != "261:0") return 2;
    if (before && (!lists("/sys/class", "mem") || !lists("/dev", "null"))) return 3;
    if (before && read_text("/sys/class/mem/null/dev").value_or("") != "1:3") return 4;
    if (before && !open_file("/dev/null", OpenMode::read_write)) return 5;
    for (const auto& mount : *sys_mounts) {
      if (!make_mount_read_only(mount)) return 6;
    }
    if (write_file("/sys/class/accel/other", {})) return 7;
    return 0;
  }));
  CHECK_FALSE(lists("/sys/class", "accel0"));
}

TEST_CASE("a folder held as a mount of its own can be written to when the other is read-only") {
  expect_zero(in_child([] {
    if (!enter()) return kNotAllowed;
    if (!mount_memory_folder("/tmp")) return 1;
    const auto held = detached_mount("/tmp");
    if (!held || !make_mount_read_only("/tmp")) return 2;
    if (write_file("/tmp/file", {})) return 3;
    if (!write_file("/proc/self/fd/" + std::to_string(held->get()) + "/file", {})) return 4;
    return file_kind("/tmp/file") == FileKind::regular ? 0 : 5;
  }));
}

TEST_CASE("a process keeps its user in a user namespace") {
  const uid_t user = ::getuid();
  expect_zero(in_child([user] {
    if (!enter_user_namespace()) return kNotAllowed;
    if (::getuid() != user) return 1;
    return may_make_namespaces() ? 0 : 2;
  }));
}
