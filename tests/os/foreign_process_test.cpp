#include "os/foreign_process.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "os/sealed_memory.hpp"

using namespace qaic::os;

namespace {

std::uint64_t address_of(const void* pointer) {
  return reinterpret_cast<std::uint64_t>(pointer);
}

// Two pages, of which only the first is there.
char* page_before_nothing() {
  void* pages = ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(pages != MAP_FAILED);
  REQUIRE(::munmap(static_cast<char*>(pages) + 4096, 4096) == 0);
  return static_cast<char*>(pages);
}

}  // namespace

TEST_CASE("memory is copied whole or not at all") {
  char* page = page_before_nothing();
  std::memcpy(page + 4088, "12345678", 8);
  std::array<std::byte, 8> out{};
  CHECK(read_memory(::getpid(), address_of(page) + 4088, out));
  CHECK(std::memcmp(out.data(), "12345678", 8) == 0);
  CHECK_FALSE(read_memory(::getpid(), address_of(page) + 4089, out));
  CHECK_FALSE(write_memory(::getpid(), address_of(page) + 4089, out));
  CHECK(write_memory(::getpid(), address_of(page), qaic::base::as_bytes("87654321")));
  CHECK(std::memcmp(page, "87654321", 8) == 0);
  CHECK_FALSE(read_memory(::getpid(), 8, out));
}

TEST_CASE("a text ends at its NUL, also just before memory ends") {
  char* page = page_before_nothing();
  std::memset(page, 'x', 4096);
  std::memcpy(page + 4090, "short", 6);
  CHECK(read_c_string(::getpid(), address_of(page) + 4090, 100) == "short");
  page[4095] = 'x';
  CHECK_FALSE(read_c_string(::getpid(), address_of(page) + 4090, 100));
  CHECK_FALSE(read_c_string(::getpid(), address_of(page), 100));
}

TEST_CASE("paths are followed as the other thread would") {
  const pid_t self = ::getpid();
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const Fd folder(::open("/dev", O_PATH | O_CLOEXEC));
  const auto wanted = identity_of_fd(null.get());
  REQUIRE(wanted);
  const std::string by_fd = "/proc/self/fd/" + std::to_string(null.get());
  for (const std::string& path : {std::string("/dev/null"), std::string("/dev/../dev//./null"), by_fd}) {
    CHECK(identity_of_foreign_path(self, AT_FDCWD, path, LastLink::follow) == wanted);
  }
  CHECK(identity_of_foreign_path(self, folder.get(), "null", LastLink::follow) == wanted);
  CHECK(identity_of_foreign_path(self, folder.get(), "../dev/null", LastLink::follow) == wanted);
  CHECK_FALSE(identity_of_foreign_path(self, folder.get(), "no-such-file", LastLink::follow));
  CHECK_FALSE(identity_of_foreign_path(self, 12345, "null", LastLink::follow));
  CHECK_FALSE(identity_of_foreign_path(self, AT_FDCWD, "", LastLink::follow));
  CHECK(identity_of_foreign_fd(self, null.get()) == wanted);
  CHECK_FALSE(identity_of_foreign_fd(self, -1));
}

TEST_CASE("a path is found while others are renamed") {
  std::string folder = "/tmp/qaic-renames-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const std::string one = folder + "/one";
  const std::string other = folder + "/other";
  REQUIRE(::mkdir(one.c_str(), 0700) == 0);
  std::atomic<bool> stop{false};
  std::thread renames([&] {
    while (!stop) (void)(::rename(one.c_str(), other.c_str()) + ::rename(other.c_str(), one.c_str()));
  });
  int missed = 0;
  for (int i = 0; i < 20'000; ++i) {
    if (!identity_of_foreign_path(::getpid(), AT_FDCWD, "/dev/../dev/../dev/../dev/null", LastLink::follow))
      ++missed;
  }
  stop = true;
  renames.join();
  CHECK(missed == 0);
  CHECK(::rmdir(one.c_str()) == 0);
  CHECK(::rmdir(folder.c_str()) == 0);
}

TEST_CASE("flags of an open file are known") {
  const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const auto flags = foreign_fd_flags(::getpid(), null.get());
  REQUIRE(flags);
  CHECK((*flags & O_ACCMODE) == O_RDONLY);
  CHECK((*flags & O_CLOEXEC) != 0);
  CHECK((*flags & O_NONBLOCK) != 0);
}

TEST_CASE("a signal waits for a thread only if it is not blocked there") {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR2);
  sigset_t before;
  REQUIRE(::sigprocmask(SIG_BLOCK, &set, &before) == 0);
  REQUIRE(::kill(::getpid(), SIGUSR2) == 0);
  const auto pending = pending_signals(::getpid());
  CHECK_FALSE(pending.for_process);
  CHECK_FALSE(pending.for_thread);
  CHECK(pending.is_leader);
  siginfo_t info;
  REQUIRE(::sigwaitinfo(&set, &info) == SIGUSR2);
  REQUIRE(::sigprocmask(SIG_SETMASK, &before, nullptr) == 0);
}

TEST_CASE("a mapping in another process is seen, by file and range") {
  auto file = sealed_memory_file("test", 1 << 20);
  REQUIRE(file);
  const auto identity = identity_of_fd(file->get());
  REQUIRE(identity);
  std::array<int, 2> ready{};
  std::array<int, 2> done{};
  REQUIRE(::pipe(ready.data()) == 0);
  REQUIRE(::pipe(done.data()) == 0);
  CHECK_FALSE(mapped_by_others(*identity, 0, 1 << 20));
  const pid_t child = ::fork();
  if (child == 0) {
    void* memory = ::mmap(nullptr, 8192, PROT_READ, MAP_SHARED, file->get(), 65536);
    char byte = memory == MAP_FAILED ? '!' : '.';
    (void)!::write(ready[1], &byte, 1);
    (void)!::read(done[0], &byte, 1);
    ::_exit(0);
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  REQUIRE(byte == '.');
  CHECK(mapped_by_others(*identity, 65536, 8192));
  CHECK(mapped_by_others(*identity, 65536 + 4096, 65536));
  CHECK_FALSE(mapped_by_others(*identity, 65536 + 8192, 4096));
  CHECK_FALSE(mapped_by_others(*identity, 0, 65536));
  CHECK_FALSE(own_children().empty());
  REQUIRE(::write(done[1], &byte, 1) == 1);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK_FALSE(mapped_by_others(*identity, 65536, 8192));
}
