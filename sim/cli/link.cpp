#include "sim/cli/link.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "os/file.hpp"
#include "os/private_folder.hpp"
#include "os/readiness.hpp"
#include "os/sealed_memory.hpp"

namespace qaic::sim::cli {

using base::ErrorKind;
using base::Result;
using nlohmann::json;

namespace {

constexpr std::size_t kLargest = 65536;  // bytes of a message

std::size_t announced_size(base::Bytes header) {
  base::le32 size;
  std::memcpy(&size, header.data(), sizeof size);
  return size;
}

base::Error stopped() {
  return base::make_error(ErrorKind::device, "sim-stopped", "the simulated cards were stopped meanwhile",
                          "start them again with: qaic-sim start");
}

json fields_of(const base::Error& error) {
  return {{"error",
           {{"kind", static_cast<unsigned>(error.kind)},
            {"id", error.id},
            {"what", error.what},
            {"hint", error.hint}}}};
}

std::optional<base::Error> error_in(const json& fields) {
  const auto at = fields.find("error");
  if (at == fields.end() || !at->is_object()) return std::nullopt;
  base::Error error;
  error.kind = static_cast<ErrorKind>(number_of(*at, "kind"));
  error.id = text_of(*at, "id");
  error.what = text_of(*at, "what");
  error.hint = text_of(*at, "hint");
  return error;
}

}  // namespace

std::string error_text(const base::Error& error) {
  return fields_of(error).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<base::Error> error_of(const std::string& text) {
  const json fields = json::parse(text, nullptr, false);
  if (fields.is_object()) return error_in(fields);
  return base::make_error(ErrorKind::internal, "sim-stopped", "the process of the cards ended unexpectedly");
}

std::string text_of(const json& fields, const char* name) {
  const auto at = fields.find(name);
  return at != fields.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::uint64_t number_of(const json& fields, const char* name) {
  const auto at = fields.find(name);
  return at != fields.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
}

Result<std::string> socket_path(const std::string& name) {
  const bool fits = !name.empty() && name.size() <= 40 && name[0] != '.' && name[0] != '-' &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                             c == '-' || c == '_' || c == '.';
                    });
  if (!fits) {
    return base::fail(base::make_error(ErrorKind::usage, "usage", "'" + name + "' cannot name cards",
                                       "use up to 40 letters, digits, '-', '_' and '.'"));
  }
  return os::runtime_folder("qaic-sim") + "/" + name;
}

Result<Link> Link::connect(const std::string& name) {
  QAIC_TRY(const std::string path, socket_path(name));
  const std::string folder = path.substr(0, path.rfind('/'));
  if (os::file_kind(folder) == os::FileKind::folder) {
    QAIC_CHECK(os::make_private_folder(folder));  // somebody else's is not trusted
  }
  auto stream = os::LocalStream::connect(path);
  if (!stream) {
    const int code = stream.error().code;
    if (code != ENOENT && code != ECONNREFUSED) return base::fail(std::move(stream).error());
    return base::fail(base::make_error(
        ErrorKind::no_card, "sim-not-running", "no simulated cards called " + name + " are running",
        "start some with: qaic-sim start" + (name == kDefaultName ? std::string() : " " + name)));
  }
  return Link(std::move(*stream));
}

bool Link::send(const json& fields, std::span<const int> fds) {
  const std::string text = fields.dump(-1, ' ', false, json::error_handler_t::replace);
  base::ByteVector bytes(sizeof(base::le32) + text.size());
  const base::le32 size(static_cast<std::uint32_t>(text.size()));
  std::memcpy(bytes.data(), &size, sizeof size);
  std::memcpy(bytes.data() + sizeof size, text.data(), text.size());
  // The socket's buffer holds any message; who does not take what came before is dropped.
  const auto sent = text.size() <= kLargest ? stream_.send(bytes, fds) : std::nullopt;
  if (!sent || *sent != bytes.size()) closed_ = true;
  return !closed_;
}

bool Link::send(const base::Error& error) {
  return send(fields_of(error));
}

// Up to `size` bytes are there.
bool Link::fill(std::size_t size) {
  while (bytes_.size() < size && !closed_) {
    const std::size_t before = bytes_.size();
    bytes_.resize(size);
    const auto received = stream_.receive(base::MutableBytes(bytes_).subspan(before), fds_);
    bytes_.resize(before + received.bytes);
    if (received.state == os::LocalStream::State::nothing_yet) return false;
    if (received.state != os::LocalStream::State::open) closed_ = true;
  }
  return bytes_.size() >= size && !closed_;
}

std::optional<Link::Message> Link::receive() {
  if (!fill(sizeof(base::le32))) return std::nullopt;
  const std::size_t size = announced_size(bytes_);
  if (size > kLargest) {
    closed_ = true;
    return std::nullopt;
  }
  if (!fill(sizeof(base::le32) + size)) return std::nullopt;
  Message message;
  message.fields =
      json::parse(base::as_text(base::Bytes(bytes_).subspan(sizeof(base::le32))), nullptr, false);
  message.fds = std::exchange(fds_, {});
  bytes_.clear();
  if (!message.fields.is_object()) {
    closed_ = true;
    return std::nullopt;
  }
  return message;
}

Result<Link::Message> Link::wait() {
  for (;;) {
    if (auto message = receive()) {
      if (auto error = error_in(message->fields)) return base::fail(std::move(*error));
      return std::move(*message);
    }
    if (closed_) return base::fail(stopped());
    std::array<os::Watched, 1> watched{{{fd(), false, false, false}}};
    os::wait_for(watched, std::nullopt);
  }
}

Result<os::Fd> to_fd(const std::string& text) {
  return os::constant_memory_file("qaic-sim", text);
}

Result<std::string> from_fd(const os::Fd& fd) {
  constexpr std::size_t kLimit = std::size_t{64} << 20;
  QAIC_TRY(const auto bytes, os::read_rest(fd.get(), kLimit, "a message"));
  return std::string(base::as_text(bytes));
}

}  // namespace qaic::sim::cli
