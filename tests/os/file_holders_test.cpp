#include "os/file_holders.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>

#include "os/fd.hpp"

using namespace qaic::os;

namespace {

// A child that did something and then sleeps until this object goes.
class Child {
 public:
  explicit Child(const std::function<bool()>& first) {
    std::array<int, 2> ready{};
    REQUIRE(::pipe2(ready.data(), O_CLOEXEC) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ready[0]);
      if (!first() || ::write(ready[1], "x", 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    ::close(ready[1]);
    char byte = 0;
    did_it_ = ::read(ready[0], &byte, 1) == 1;
    ::close(ready[0]);
  }
  ~Child() { end(); }
  void end() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    (void)::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool did_it() const { return did_it_; }

 private:
  pid_t pid_ = -1;
  bool did_it_ = false;
};

// A file of one page that nobody else knows; open here, too.
struct Scratch {
  std::string path = "/tmp/qaic-holders-XXXXXX";
  Fd fd{::mkostemp(path.data(), O_CLOEXEC)};
  Scratch() { REQUIRE(::ftruncate(fd.get(), 4096) == 0); }
  ~Scratch() { (void)::unlink(path.c_str()); }
};

}  // namespace

TEST_CASE("a process that has a file open is named as long as it has it") {
  Scratch file;
  CHECK(holders_of(file.path).seen.empty());                              // we do not count
  Child child([&] { return ::prctl(PR_SET_NAME, "ho) der 1 2") == 0; });  // has our descriptor
  REQUIRE(child.did_it());
  const auto holders = holders_of(file.path);
  REQUIRE(holders.seen.size() == 1);
  CHECK(holders.seen[0].process == child.pid());
  CHECK(holders.seen[0].command == "ho) der 1 2");
  CHECK(holders.seen[0].user == ::geteuid());
  CHECK(holders.seen[0].parent == ::getpid());
  child.end();
  CHECK(holders_of(file.path).seen.empty());
}

TEST_CASE("a mapping holds a file that is closed") {
  Scratch file;
  Child child([&] {
    void* page = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file.fd.get(), 0);
    return page != MAP_FAILED && ::close(file.fd.get()) == 0;
  });
  REQUIRE(child.did_it());
  const auto holders = holders_of(file.path);
  REQUIRE(holders.seen.size() == 1);
  CHECK(holders.seen[0].process == child.pid());
}

TEST_CASE("a device is found by its number") {
  const Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master.valid() || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) {
    MESSAGE("no terminals here");
    return;
  }
  const std::string path = ::ptsname(master.get());
  Child child([&] { return ::open(path.c_str(), O_RDWR | O_NOCTTY) >= 0; });
  REQUIRE(child.did_it());
  const auto holders = holders_of(path);
  REQUIRE(holders.seen.size() == 1);
  CHECK(holders.seen[0].process == child.pid());
}

TEST_CASE("a file that is not there has no holders") {
  CHECK(holders_of("/no/such/file").seen.empty());
}

TEST_CASE("what root has open is not seen by others, and that is known") {
  if (::geteuid() != 0) {
    MESSAGE("only root can become somebody else");
    return;
  }
  Scratch file;
  REQUIRE(::chmod(file.path.c_str(), 0644) == 0);
  Child holder([] { return true; });
  std::array<int, 2> answer{};
  REQUIRE(::pipe2(answer.data(), O_CLOEXEC) == 0);
  Child other([&] {
    constexpr uid_t kNobody = 65534;
    if (::setresuid(kNobody, kNobody, kNobody) != 0) return false;
    const auto holders = holders_of(file.path);
    const std::array<std::size_t, 2> counts{holders.seen.size(), holders.closed_to_us};
    return ::write(answer[1], counts.data(), sizeof counts) == sizeof counts;
  });
  REQUIRE(other.did_it());
  std::array<std::size_t, 2> counts{};
  REQUIRE(::read(answer[0], counts.data(), sizeof counts) == sizeof counts);
  CHECK(counts[0] == 0);
  CHECK(counts[1] >= 2);  // we and the first child
  ::close(answer[0]);
  ::close(answer[1]);
}
