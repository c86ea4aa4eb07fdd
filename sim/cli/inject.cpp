#include "sim/cli/inject.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "sim/cli/command_line.hpp"
#include "sim/cli/failure.hpp"
#include "sim/cli/link.hpp"

namespace qaic::sim::cli {

using base::ErrorKind;
using base::Result;
using nlohmann::json;

namespace {

// In the order of wire::ras::Source and ErrorType.
constexpr std::array<std::string_view, 7> kSources{"soc-memory",  "pcie",       "ddr",        "system-bus1",
                                                   "system-bus2", "nsp-memory", "temperature"};
constexpr std::array<std::string_view, 3> kTypes{"correctable", "uncorrectable", "nonfatal"};

struct Options {
  std::string name = kDefaultName;
  unsigned card = 0;
  std::uint64_t address = 0;
  std::uint8_t instance = 0;
  int degrees = 0;
  unsigned threshold = 1;
  std::vector<std::string> what;
};

base::Error usage(std::string what, std::string hint = "see qaic-sim inject --help") {
  return base::make_error(ErrorKind::usage, "usage", std::move(what), std::move(hint));
}

template <std::size_t N>
std::string all(const std::array<std::string_view, N>& names) {
  std::string out;
  for (const std::string_view name : names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

template <std::size_t N>
std::optional<std::size_t> position(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<std::size_t>(at - names.begin());
}

Result<json> order_of(const Options& options) {
  if (options.what.empty()) return base::fail(usage("what is to befall the card?"));
  const std::string& kind = options.what[0];
  json order{{"do", "inject"}, {"kind", kind}, {"card", options.card}};
  std::size_t words = 1;
  if (kind == "ras") {
    words = 3;
    if (options.what.size() < words) return base::fail(usage("ras needs a source and a kind of error"));
    const auto source = position(kSources, options.what[1]);
    if (!source) {
      return base::fail(usage("errors have no source " + options.what[1], "choose one of " + all(kSources)));
    }
    const auto type = position(kTypes, options.what[2]);
    if (!type) {
      return base::fail(
          usage("no kind of error is called " + options.what[2], "choose one of " + all(kTypes)));
    }
    order.update({{"source", *source},
                  {"type", *type},
                  {"address", options.address},
                  {"instance", options.instance},
                  {"degrees", options.degrees},
                  {"threshold", options.threshold}});
  } else if (kind == "crash" || kind == "hang") {
    words = 2;
    if (options.what.size() < words) return base::fail(usage(kind + " needs the number of a channel (DBC)"));
    const std::string& text = options.what[1];
    unsigned dbc = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), dbc);
    if (error != std::errc{} || end != text.data() + text.size()) {
      return base::fail(usage(text + " is no number of a channel"));
    }
    order["dbc"] = dbc;
  } else if (kind != "sys-err" && kind != "card-crash" && kind != "remove" && kind != "rescan") {
    return base::fail(usage("no fault is called " + kind,
                            "choose one of ras, crash, hang, sys-err, card-crash, remove, rescan"));
  }
  if (options.what.size() > words) return base::fail(usage("too many arguments after " + kind));
  return order;
}

Result<void> inject_into(const Options& options) {
  QAIC_TRY(const json order, order_of(options));
  auto link = Link::connect(options.name);
  if (!link && link.error().id == "sim-not-running") {  // of a virtual machine each card has a name
    auto of_machine = Link::connect(options.name + "." + std::to_string(options.card));
    if (of_machine) link = std::move(of_machine);
  }
  if (!link) return base::fail(std::move(link).error());
  (void)link->send(order);
  QAIC_TRY(const auto done, link->wait());
  return {};
}

}  // namespace

int inject(std::vector<std::string> arguments) {
  Options options;
  CLI::App app("Lets something befall cards of qaic-sim start, serve or vm.", "qaic-sim inject");
  app.footer(
      "WHAT is one of\n"
      "  ras SOURCE KIND   a reliability event; SOURCE: " +
      all(kSources) + "; KIND: " + all(kTypes) +
      "\n"
      "  crash DBC         the network behind that channel dies\n"
      "  hang DBC          it stops answering\n"
      "  sys-err           the card crashes, and boots again\n"
      "  card-crash        the same of a card behind PCIe, which has a dump for who boots it\n"
      "  remove            the card is pulled out\n"
      "  rescan            cards that were pulled out are back");
  app.add_option("--name", options.name, "Of the cards (default: default)")->type_name("NAME");
  app.add_option("-d,--device", options.card, "Which card, as qaic-sim status counts them (default 0)")
      ->type_name("N");
  app.add_option("--address", options.address, "ras: where the error was")->type_name("ADDRESS");
  app.add_option("--instance", options.instance, "ras: DDR channel, NSP or bus")->type_name("N");
  app.add_option("--degrees", options.degrees, "ras temperature: Celsius")->type_name("N");
  app.add_option("--threshold", options.threshold, "ras: events per message (default 1)")->type_name("N");
  app.add_option("WHAT", options.what, "See below");
  if (const auto code = parse_command_line(app, std::move(arguments))) return *code;
  const auto done = inject_into(options);
  return done ? 0 : print_failure(done.error());
}

}  // namespace qaic::sim::cli
