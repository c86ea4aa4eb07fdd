// A connected UNIX stream socket that carries bytes and descriptors, and the
// named socket that such connections come from. Nothing here blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"

namespace qaic::os {

class LocalStream {
 public:
  // What a receive() found besides bytes.
  enum class State {
    open,
    nothing_yet,  // no bytes were there
    closed,       // the other end is gone, or the connection broke
    fds_lost,     // descriptors came that this process could not take
  };
  struct Received {
    std::size_t bytes = 0;
    State state = State::open;
  };

  LocalStream() = default;
  explicit LocalStream(Fd fd) : fd_(std::move(fd)) {}
  static base::Result<std::pair<LocalStream, LocalStream>> pair();
  // Error id: local-stream.
  static base::Result<LocalStream> connect(const std::string& path);

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Up to into.size() bytes; descriptors that came with them are appended,
  // close-on-exec.
  Received receive(base::MutableBytes into, std::vector<Fd>& fds) const;
  // How many bytes went out, 0 when there is no room; nothing when the other
  // end is gone. At most 16 descriptors go with the first byte.
  [[nodiscard]] std::optional<std::size_t> send(base::Bytes bytes, std::span<const int> fds = {}) const;

 private:
  Fd fd_;
};

// A UNIX socket with a name, for its owner only. The name goes with it.
class LocalListener {
 public:
  // A name that nobody listens at any more is taken over. Error ids:
  // socket-in-use (somebody listens), socket-create.
  static base::Result<LocalListener> create(const std::string& path);
  LocalListener(LocalListener&&) noexcept = default;
  LocalListener& operator=(LocalListener&&) = delete;
  ~LocalListener();

  // Readable while somebody waits to be accepted.
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] std::optional<LocalStream> accept() const;

 private:
  LocalListener(Fd fd, std::string path, std::uint64_t inode)
      : fd_(std::move(fd)), path_(std::move(path)), inode_(inode) {}
  Fd fd_;
  std::string path_;
  std::uint64_t inode_;
};

}  // namespace qaic::os
