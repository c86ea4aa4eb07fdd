#include "sim/vm/initramfs.hpp"

#include <doctest/doctest.h>

using namespace qaic::sim::vm;

TEST_CASE("an archive has newc headers, padded names and contents, and a trailer") {
  Initramfs archive;
  archive.add_folder("dev");
  archive.add_character_device("dev/console", 5, 1);
  archive.add_program("init", "#!x");
  const std::string got = archive.finish();
  // Documentation/driver-api/early-userspace/buffer-format.rst: magic, then 13
  // fields of 8 hex digits: ino mode uid gid nlink mtime filesize maj min rmaj
  // rmin namesize chksum.
  const std::string folder =
      "07070100000001000041ED00000000000000000000000100000000000000000000000000000000000000000000000000000004"
      "00000000";
  CHECK(got.substr(0, 110) == folder);
  CHECK(got.substr(110, 6) == std::string("dev\0\0\0", 6));
  const std::string device =
      "07070100000002000021800000000000000000000000010000000000000000000000000000000000000005000000010000000C"
      "00000000";
  CHECK(got.substr(116, 110) == device);
  CHECK(got.substr(226, 14) == std::string("dev/console\0\0\0", 14));
  const std::string program =
      "07070100000003000081ED00000000000000000000000100000000000000030000000000000000000000000000000000000005"
      "00000000";
  CHECK(got.substr(240, 110) == program);
  CHECK(got.substr(350, 6) == std::string("init\0\0", 6));
  CHECK(got.substr(356, 4) == std::string("#!x\0", 4));
  CHECK(got.substr(470, 10) == "TRAILER!!!");
  CHECK(got.size() % 4 == 0);
}
