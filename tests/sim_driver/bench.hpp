// The host on a scripted card.
#pragma once

#include "tests/sim_driver/host.hpp"
#include "tests/sim_driver/scripted_card.hpp"

namespace qaic::sim::driver::test {

// Before the driver, whose card looks for it.
struct Scripted {
  CardScript script;
};

class Bench : public Scripted, device::Storage, device::Cores, public Host {
 public:
  explicit Bench(Parameters parameters = {}) : Host(device::CardConfig{}, *this, *this, parameters) {}

  // Probed, with one file open.
  static std::unique_ptr<Bench> opened(Parameters parameters = {}) {
    auto bench = std::make_unique<Bench>(parameters);
    bench->driver.probe();
    (void)bench->driver.open(bench->node, bench->file);
    bench->script.received.clear();
    return bench;
  }

  // Activates `dbc` for the file with a queue of `elements`.
  int activate(std::uint32_t dbc, std::uint32_t elements, std::optional<OpenFile> on = {});
  int deactivate(std::uint32_t dbc, std::uint32_t status = 0);

 private:
  base::Result<base::ByteVector> image(std::string_view name) override {
    return base::fail(base::make_error(base::ErrorKind::unavailable, "no-image", std::string(name)));
  }
  base::MutableBytes ddr() override { return {}; }
  void forget_ddr(std::uint64_t, std::uint64_t) override {}
  std::string unavailable_reason() override { return "scripted"; }
  base::Result<void> check_code(const std::vector<device::CoreSegment>&) override { return {}; }
  base::Result<std::unique_ptr<device::CoreGroup>> start(const device::CoreProgram&) override {
    return base::fail(base::make_error(base::ErrorKind::unavailable, "no-cores", "scripted"));
  }
};

inline int Bench::activate(std::uint32_t dbc, std::uint32_t elements, std::optional<OpenFile> on) {
  script.answers.push_back([this, dbc](const CardScript::Message& request) {
    script.take_channel(request, dbc);
    return Reply(request.sequence()).activate(0, dbc).bytes();
  });
  return manage(activation(elements), 1, on);
}
inline int Bench::deactivate(std::uint32_t dbc, std::uint32_t status) {
  script.answers.push_back([dbc, status](const CardScript::Message& request) {
    return Reply(request.sequence()).deactivate(status, dbc).bytes();
  });
  return manage(passthrough({11, 1, 1, 0}) + deactivation(dbc), 2);
}
}  // namespace qaic::sim::driver::test
