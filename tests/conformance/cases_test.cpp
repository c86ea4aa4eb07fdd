// The suite's own parts that need no node.
#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>

#include "conformance/errno_rows.hpp"
#include "conformance/groups.hpp"
#include "conformance/node.hpp"
#include "conformance/program.hpp"
#include "wire/qpc.hpp"

using namespace qaic;
using namespace qaic::conformance;

TEST_CASE("every case has a name of its own, group and words") {
  std::set<std::string> names;
  for (const Case& one : all_cases()) {
    const std::string name = one.name;
    CHECK_MESSAGE(names.insert(name).second, name);
    CHECK_MESSAGE(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == std::string::npos,
                  name);
    // KTAP: what follows '#' is the directive.
    CHECK_MESSAGE((one.flaw == nullptr || std::string(one.flaw).find('#') == std::string::npos), name);
    CHECK_MESSAGE((one.flaw != nullptr) == name.starts_with("flaw."), name);
  }
  CHECK(names.size() > 150);
}

TEST_CASE("what may harm runs after all that does not") {
  bool destructive = false;
  for (const Case& one : all_cases()) {
    CHECK_MESSAGE(!(destructive && one.hazard == Hazard::none), one.name);
    destructive = one.hazard != Hazard::none;
  }
  CHECK(destructive);
}

TEST_CASE("every errno row names a case that exists, or says why there is none") {
  std::set<std::string> names;
  for (const Case& one : all_cases()) names.insert(one.name);
  CHECK(errno_rows().size() > 100);
  for (const ErrnoRow& row : errno_rows()) {
    const std::string what = std::string(row.ioctl) + " " + row.cause;
    if (row.provoked_by != nullptr) {
      CHECK_MESSAGE(names.count(row.provoked_by) == 1, what);
      CHECK_MESSAGE(row.reason == nullptr, what);
    } else {
      CHECK_MESSAGE((row.reason != nullptr && *row.reason != '\0'), what);
    }
  }
}

TEST_CASE("what may end the process is told before it does") {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = ::open_memstream(&text, &size);
  const Settings settings;
  Run run(settings, "a.case", out);
  run.equal("before", 1, 1);
  std::fflush(out);
  CHECK(reason_to_be_killed("a.case", text).empty());
  run.may_be_killed("it is wrong");
  run.equal("after", 1, 1);
  std::fclose(out);
  CHECK(reason_to_be_killed("a.case", text) == "it is wrong");
  CHECK(reason_to_be_killed("another.case", text).empty());
  CHECK(std::string(text).find("# observed a.case before 1\n") == 0);
  CHECK(std::string(text).find("\n# seen a.case after 1\n") != std::string::npos);
  std::free(text);
}

TEST_CASE("a flaw that shows is neither a failure nor nothing") {
  std::FILE* out = std::tmpfile();
  REQUIRE(out != nullptr);
  const Settings settings;
  Run sound(settings, "a.case", out);
  sound.flawed_result("what", -EINVAL, -EINVAL);
  CHECK_FALSE(sound.flaw_shown());
  Run flawed(settings, "a.case", out);
  flawed.flawed_result("what", 0, -EINVAL);
  CHECK(flawed.flaw_shown());
  CHECK_FALSE(flawed.failed());
  std::fclose(out);
}

TEST_CASE("a result is judged by the series that is expected") {
  std::FILE* out = std::tmpfile();
  REQUIRE(out != nullptr);
  Settings settings;
  settings.kernel = Kernel::v7;
  Run on_7(settings, "a.case", out);
  on_7.result("what", -EFAULT, {-EFAULT, -EINVAL});
  CHECK_FALSE(on_7.failed());
  settings.kernel = Kernel::v6_12;
  Run on_6_12(settings, "a.case", out);
  on_6_12.result("what", -EFAULT, {-EFAULT, -EINVAL});
  CHECK(on_6_12.failed());
  std::fclose(out);
}

TEST_CASE("any value of 0 and more is success") {
  CHECK(result_name(0) == "ok");
  CHECK(result_name(5) == "ok");
  CHECK(result_name(-EINVAL) == "EINVAL");
  CHECK(result_name(-ECANCELED) == "ECANCELED");
}

TEST_CASE("what was observed is printed once per look, with case and name") {
  std::FILE* out = std::tmpfile();
  REQUIRE(out != nullptr);
  const Settings settings;
  Run run(settings, "a.case", out);
  run.result("first", -EINVAL, -EINVAL);
  run.equal("second", std::uint64_t{3}, 4);
  CHECK(run.failed());
  std::rewind(out);
  char text[256] = {};
  const std::size_t size = std::fread(text, 1, sizeof(text) - 1, out);
  CHECK(std::string(text, size) ==
        "# observed a.case first EINVAL\n"
        "# observed a.case second 3\n"
        "# a.case: second: expected 4, got 3\n");
  std::fclose(out);
}

TEST_CASE("a failed preparation fails the case") {
  std::FILE* out = std::tmpfile();
  REQUIRE(out != nullptr);
  const Settings settings;
  Run run(settings, "a.case", out);
  CHECK(run.prepared("good", 0));
  CHECK_FALSE(run.failed());
  CHECK_FALSE(run.prepared("bad", -ENODEV));
  CHECK(run.failed());
  std::fclose(out);
}

TEST_CASE("the network of a program is found, and what is no program is taken whole") {
  base::ByteVector file(40 + 32 + 12 + 4);
  wire::qpc::Header header;
  header.magic = wire::qpc::kMagic;
  header.size = file.size();
  header.base = 0x1000;
  header.segment_count = 1;
  header.segments_address = 0x1000 + 40;
  wire::qpc::Segment segment;
  segment.size = 4;
  segment.name_address = 0x1000 + 72;
  segment.start_address = 0x1000 + 84;
  const auto put = [&](std::size_t at, base::Bytes bytes) {
    std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, base::bytes_of(header));
  put(40, base::bytes_of(segment));
  put(72, {reinterpret_cast<const std::byte*>("network.elf\0\x7f"
                                              "ELF"),
           16});
  CHECK(network_in(file).data() == file.data() + 84);
  CHECK(network_in(file).size() == 4);
  segment.size = 5;  // beyond the file
  put(40, base::bytes_of(segment));
  CHECK(network_in(file).empty());
  segment.name_address = 0;  // before it
  put(40, base::bytes_of(segment));
  CHECK(network_in(file).empty());
  const base::ByteVector other(7);
  CHECK(network_in(other).size() == 7);
}
