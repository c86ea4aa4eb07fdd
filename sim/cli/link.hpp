// The connection between a command and the cards that outlive it: short JSON
// messages with descriptors, each behind its length. Commands ask, the cards'
// process answers; there is one message under way in each direction.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/local_stream.hpp"

namespace qaic::sim::cli {

class Link {
 public:
  struct Message {
    nlohmann::json fields;  // an object
    std::vector<os::Fd> fds;
  };

  explicit Link(os::LocalStream stream) : stream_(std::move(stream)) {}
  // To the cards called `name`. Error ids: sim-not-running, private-folder.
  static base::Result<Link> connect(const std::string& name);

  // Readable while something may have come.
  [[nodiscard]] int fd() const { return stream_.fd(); }
  // Never blocks. False: the other end is gone or does not listen.
  bool send(const nlohmann::json& fields, std::span<const int> fds = {});
  bool send(const base::Error& error);
  // The next message if it is whole. Never blocks.
  [[nodiscard]] std::optional<Message> receive();
  // The other end is gone, or sent what is no message.
  [[nodiscard]] bool closed() const { return closed_; }
  // Waits for the next message; one that carries an error is that error.
  // Error ids: sim-stopped, and those the cards' process tells.
  [[nodiscard]] base::Result<Message> wait();

 private:
  [[nodiscard]] bool fill(std::size_t size);

  os::LocalStream stream_;
  base::ByteVector bytes_;  // of the message that is coming
  std::vector<os::Fd> fds_;
  bool closed_ = false;
};

// An error as the text of a message, and back; nothing if the text is another.
[[nodiscard]] std::string error_text(const base::Error& error);
[[nodiscard]] std::optional<base::Error> error_of(const std::string& text);

// Fields of a message, whatever they hold: text "" and number 0 when they are none.
[[nodiscard]] std::string text_of(const nlohmann::json& fields, const char* name);
[[nodiscard]] std::uint64_t number_of(const nlohmann::json& fields, const char* name);

inline constexpr const char* kDefaultName = "default";

// Where cards of that name listen. Error ids: usage (not a name).
[[nodiscard]] base::Result<std::string> socket_path(const std::string& name);

// Texts too long for a message travel as descriptors. Error ids: memory-file, file-read.
[[nodiscard]] base::Result<os::Fd> to_fd(const std::string& text);
[[nodiscard]] base::Result<std::string> from_fd(const os::Fd& fd);

}  // namespace qaic::sim::cli
