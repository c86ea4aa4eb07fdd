#include "os/local_stream.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "os/passed_fds.hpp"

namespace qaic::os {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;
using base::system_error;

namespace {

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(make_error(ErrorKind::usage, "socket-create",
                           "'" + path + "' cannot name a socket: 1 to " +
                               std::to_string(sizeof address.sun_path - 1) + " bytes are possible",
                           "give a shorter path"));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

Result<Fd> make_socket() {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return fail(system_error(errno, "socket-create", "cannot make a socket"));
  return fd;
}

int connect_to(int fd, const sockaddr_un& address) {
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

int bind_to(int fd, const sockaddr_un& address) {
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

bool is_full_or_empty(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

std::optional<std::uint64_t> socket_inode(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return std::nullopt;
  return status.st_ino;
}

// What the process creates while one of these lives is its user's alone.
class PrivateFiles {
 public:
  PrivateFiles() : before_(::umask(0177)) {}
  ~PrivateFiles() { ::umask(before_); }
  PrivateFiles(const PrivateFiles&) = delete;
  PrivateFiles& operator=(const PrivateFiles&) = delete;

 private:
  mode_t before_;
};

// Makes the name, once more where the one that is there belongs to nobody.
Result<void> bind_name(int fd, const sockaddr_un& address, const std::string& path) {
  const PrivateFiles files;
  int error = bind_to(fd, address);
  if (error == EADDRINUSE && socket_inode(path)) {
    QAIC_TRY(const Fd probe, make_socket());
    const int answer = connect_to(probe.get(), address);
    if (answer == ECONNREFUSED && ::unlink(path.c_str()) == 0) {
      error = bind_to(fd, address);
    } else if (answer == 0 || answer == EAGAIN) {
      return fail(make_error(ErrorKind::unavailable, "socket-in-use",
                             path + ": somebody listens there already",
                             "end that process, or choose another path"));
    }
  }
  if (error == 0) return {};
  return fail(system_error(error, "socket-create", "cannot make the socket " + path));
}

}  // namespace

Result<std::pair<LocalStream, LocalStream>> LocalStream::pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    return fail(system_error(errno, "local-stream", "cannot make a pair of sockets"));
  }
  return std::pair(LocalStream(Fd(ends[0])), LocalStream(Fd(ends[1])));
}

Result<LocalStream> LocalStream::connect(const std::string& path) {
  QAIC_TRY(const sockaddr_un address, address_of(path));
  QAIC_TRY(Fd fd, make_socket());
  if (const int error = connect_to(fd.get(), address); error != 0) {
    return fail(system_error(error, "local-stream", "cannot connect to " + path));
  }
  return LocalStream(std::move(fd));
}

LocalStream::Received LocalStream::receive(base::MutableBytes into, std::vector<Fd>& fds) const {
  const Passed got = receive_with_fds(fd_.get(), into, fds);
  if (got.error != 0) return {0, is_full_or_empty(got.error) ? State::nothing_yet : State::closed};
  if (got.fds_lost) return {got.bytes, State::fds_lost};
  if (got.bytes == 0 && !into.empty()) return {0, State::closed};
  return {got.bytes, State::open};
}

std::optional<std::size_t> LocalStream::send(base::Bytes bytes, std::span<const int> fds) const {
  const Passed sent = send_with_fds(fd_.get(), bytes, fds);
  if (sent.error != 0 && !is_full_or_empty(sent.error)) return std::nullopt;
  return sent.bytes;
}

Result<LocalListener> LocalListener::create(const std::string& path) {
  QAIC_TRY(const sockaddr_un address, address_of(path));
  // Two that start at once must not both find the same name abandoned.
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  Fd lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock.valid()) return fail(system_error(errno, "socket-create", "cannot open the folder " + folder));
  (void)::flock(lock.get(), LOCK_EX);  // where there are no locks, there is no help against that

  QAIC_TRY(Fd fd, make_socket());
  QAIC_CHECK(bind_name(fd.get(), address, path));
  const auto inode = socket_inode(path);
  const int number = !inode ? ENOENT : ::listen(fd.get(), 8) == 0 ? 0 : errno;
  if (number != 0) {
    (void)::unlink(path.c_str());
    return fail(system_error(number, "socket-create", "cannot listen at " + path));
  }
  return LocalListener(std::move(fd), path, *inode);
}

LocalListener::~LocalListener() {
  if (!fd_.valid()) return;
  // Only ours: the name may have been taken over.
  if (socket_inode(path_) == inode_) (void)::unlink(path_.c_str());
}

std::optional<LocalStream> LocalListener::accept() const {
  Fd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd.valid()) return std::nullopt;
  return LocalStream(std::move(fd));
}

}  // namespace qaic::os
