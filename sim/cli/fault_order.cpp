#include "sim/cli/fault_order.hpp"

#include "sim/cli/link.hpp"

namespace qaic::sim::cli {

using base::ErrorKind;
using base::make_error;
using base::Result;
using nlohmann::json;

namespace {

// The event that an order describes; `kind` of the order tells it is one.
Result<device::RasEvent> ras_event(const json& order) {
  const std::uint64_t source = number_of(order, "source");
  const std::uint64_t type = number_of(order, "type");
  const auto degrees = order.find("degrees");
  if (source > 6 || type > 2) {
    return base::fail(make_error(ErrorKind::usage, "usage", "no such reliability event"));
  }
  device::RasEvent event;
  event.source = static_cast<wire::ras::Source>(source);
  event.type = static_cast<wire::ras::ErrorType>(type);
  event.address = number_of(order, "address");
  event.instance = static_cast<std::uint8_t>(number_of(order, "instance"));
  event.threshold = static_cast<std::uint32_t>(number_of(order, "threshold"));
  if (degrees != order.end() && degrees->is_number_integer()) event.degrees = degrees->get<std::int32_t>();
  return event;
}

}  // namespace

Result<bool> inject_into(device::Card& card, const json& order) {
  const std::string kind = text_of(order, "kind");
  if (kind == "ras") {
    QAIC_TRY(const auto event, ras_event(order));
    QAIC_CHECK(card.inject(event));
    return true;
  }
  if (kind == "crash" || kind == "hang") {
    const base::DbcId dbc(static_cast<std::uint32_t>(number_of(order, "dbc")));
    QAIC_CHECK(
        card.inject(dbc, kind == "crash" ? device::CoreEvent::Kind::crashed : device::CoreEvent::Kind::hang));
    return true;
  }
  return false;
}

}  // namespace qaic::sim::cli
