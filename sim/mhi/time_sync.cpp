#include "sim/mhi/time_sync.hpp"

#include "wire/timesync.hpp"

namespace qaic::sim::mhi {

using wire::timesync::Type;

namespace {

// A host far in the future is none: microseconds stay within 64 bits.
constexpr std::uint64_t kMostSeconds = 1ULL << 40;

base::ByteVector header(Type type) {
  wire::timesync::Header fields;
  fields.signature = wire::timesync::kSignature;
  fields.type = static_cast<std::uint8_t>(type);
  base::ByteVector bytes;
  base::append_struct(bytes, fields);
  return bytes;
}

}  // namespace

base::ByteVector time_request() {
  return header(Type::request);
}

base::ByteVector time_heard() {
  return header(Type::done);
}

std::optional<std::chrono::microseconds> time_in(base::Bytes message) {
  const auto fields = base::read_struct<wire::timesync::Message>(message);
  if (!fields || message.size() != sizeof(*fields)) return std::nullopt;
  if (fields->header.signature != wire::timesync::kSignature) return std::nullopt;
  if (fields->header.type != static_cast<std::uint8_t>(Type::time)) return std::nullopt;
  if (fields->seconds > kMostSeconds || fields->microseconds >= 1'000'000) return std::nullopt;
  return std::chrono::seconds(fields->seconds.get()) + std::chrono::microseconds(fields->microseconds.get());
}

}  // namespace qaic::sim::mhi
