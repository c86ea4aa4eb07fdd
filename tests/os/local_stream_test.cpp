#include "os/local_stream.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

#include "tests/os/in_child.hpp"

namespace {

namespace os = qaic::os;

// A name of a socket that nobody listens at any more.
bool abandon(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(fd);
  return bound;
}

bool allow_descriptors(int more) {
  const int next = ::open("/dev/null", O_RDONLY);
  ::close(next);
  rlimit limit{};
  if (next < 0 || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  limit.rlim_cur = static_cast<rlim_t>(next + more);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace

TEST_CASE("a name that cannot be looked into leaves the process's umask as it was") {
  std::string folder = (std::filesystem::temp_directory_path() / "qaic-socket-XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const std::string path = folder + "/name";
  const int result = qaic::tests::in_child([&] {
    ::umask(0027);
    if (!abandon(path) || !allow_descriptors(2)) return 1;  // for the folder and the socket
    const auto listener = os::LocalListener::create(path);
    if (listener || listener.error().code != EMFILE) return 2;
    return ::umask(0) == 0027 ? 0 : 3;
  });
  CHECK(result == 0);
  {
    const auto listener = os::LocalListener::create(path);  // with enough of them it is taken over
    REQUIRE(listener.has_value());
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  std::filesystem::remove_all(folder);
}
