// One SoC's server, a child process.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/child.hpp"
#include "os/fd.hpp"

namespace qaic::sim::vm {

class CardServer {
 public:
  // Starts `program` with `arguments`; it prints "ready PATH" when it listens.
  // Error ids: process-start, vm-card.
  static base::Result<CardServer> start(std::string name, const std::string& program,
                                        std::vector<std::string> arguments);
  CardServer(CardServer&&) = default;
  CardServer& operator=(CardServer&&) = default;

  [[nodiscard]] const std::string& name() const { return name_; }  // "card 0", "card 0 SoC 2"
  // Its output after "ready"; -1 when it has closed it.
  [[nodiscard]] int output() const { return output_.get(); }
  // Readable when it has ended.
  [[nodiscard]] int process() const { return process_.get(); }
  // Waits for "ready". Error id: vm-card.
  [[nodiscard]] base::Result<void> wait_until_ready(std::chrono::steady_clock::time_point deadline);
  // Passes on what it printed.
  void take_output();
  // For one that has ended: how, as an error.
  [[nodiscard]] base::Error ended();
  // Gives it until `deadline` to end by itself, as its guest is gone.
  void finish(std::chrono::steady_clock::time_point deadline);

 private:
  CardServer(std::string name, os::Child child, os::Fd process, os::Fd output)
      : name_(std::move(name)),
        child_(std::move(child)),
        process_(std::move(process)),
        output_(std::move(output)) {}

  std::string name_;
  os::Child child_;
  os::Fd process_;
  os::Fd output_;
  std::string said_;
};

}  // namespace qaic::sim::vm
