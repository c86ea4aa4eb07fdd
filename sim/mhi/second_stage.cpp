#include "sim/mhi/second_stage.hpp"

#include "sim/device/log_line.hpp"
#include "sim/mhi/time_sync.hpp"
#include "wire/mhi.hpp"

namespace qaic::sim::mhi {

namespace channel = wire::mhi::channel;

namespace {

// Ours: a driver of 6.12 never answers the offer of a dump.
constexpr std::chrono::seconds kDumpPatience{10};
constexpr std::string_view kVersionKey = "QC_IMAGE_VERSION_STRING=";

// What the loader calls itself; "" when the image does not say.
std::string version_of(base::Bytes image) {
  const std::string_view text = base::as_text(image);
  const std::size_t at = text.find(kVersionKey);
  if (at == std::string_view::npos) return {};
  std::string_view rest = text.substr(at + kVersionKey.size());
  rest = rest.substr(0, 64);
  std::size_t end = 0;
  while (end < rest.size() && rest[end] > ' ' && rest[end] < 0x7F) ++end;
  return std::string(rest.substr(0, end));
}

}  // namespace

SecondStage::SecondStage(ReceivedImages& images, std::optional<MemoryDump> dump, Time now)
    : sahara_(images, std::move(dump)), started_(now) {
  if (const auto own = images.image("sbl.bin")) {
    const std::string version = version_of(*own);
    say("sbl.bin: " + std::to_string(own->size()) + " bytes" + (version.empty() ? "" : ", " + version));
  }
  outgoing_.push_back({channel::kTimesync, time_request()});
}

void SecondStage::receive(unsigned pair, base::Bytes message) {
  if (pair == channel::kSahara) {
    sahara_.receive(message);
  } else if (pair == channel::kTimesync && !host_time_) {
    host_time_ = time_in(message);
    if (host_time_) outgoing_.push_back({channel::kTimesync, time_heard()});
  }
}

std::vector<Outgoing> SecondStage::take_outgoing() {
  for (base::ByteVector& packet : sahara_.take_outgoing()) {
    outgoing_.push_back({channel::kSahara, std::move(packet)});
  }
  for (const std::string& line : sahara_.take_log()) say(line);
  return std::exchange(outgoing_, {});
}

void SecondStage::say(std::string_view line) {
  outgoing_.push_back({channel::kLogging, device::log_message(line)});
}

std::optional<SecondStage::Time> SecondStage::next_deadline() const {
  return sahara_.offers_dump() ? std::optional<Time>(started_ + kDumpPatience) : std::nullopt;
}

void SecondStage::tick(Time now) {
  if (sahara_.offers_dump() && now >= started_ + kDumpPatience) sahara_.drop_dump();
}

}  // namespace qaic::sim::mhi
