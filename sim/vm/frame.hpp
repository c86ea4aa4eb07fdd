// What qaic-sim and the guest's first process say to each other over a
// virtio-serial port: frames of {kind, length} and a payload.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace qaic::sim::vm {

enum class FrameKind : std::uint32_t {
  // guest to host
  running = 1,          // the guest's kernel and first process run
  log = 2,              // one record as /dev/kmsg gives it
  note = 3,             // something the user should know, one line
  standard_output = 4,  // bytes of the command
  standard_error = 5,
  want_input = 6,   // the command can take more input
  ended = 7,        // exit code of the command, as a shell tells it, decimal
  not_started = 8,  // why the command could not be executed; `ended` follows
  // host to guest
  input = 64,
  end_of_input = 65,
};

struct Frame {
  FrameKind kind;
  std::string payload;
};

inline constexpr std::size_t kLongestPayload = 256 * 1024;  // bytes

[[nodiscard]] std::string encode_frame(FrameKind kind, std::string_view payload);

// Frames out of a stream that comes in pieces.
class FrameReader {
 public:
  void append(std::string_view bytes) { pending_.append(bytes); }
  // The next whole frame; nothing until more has come. Error id: vm-frame, for
  // a length or kind that no frame has; the stream is useless then.
  [[nodiscard]] base::Result<std::optional<Frame>> next();

 private:
  std::string pending_;
  std::size_t used_ = 0;
};

}  // namespace qaic::sim::vm
