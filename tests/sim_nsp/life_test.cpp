// Processes of the cores: idle ones cost nothing, killed ones are noticed,
// ended ones leave nothing behind.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <thread>
#include <utility>

#include "os/file.hpp"
#include "tests/sim_nsp/program.hpp"

using namespace qaic;
using namespace qaic::tests;
using Kind = sim::device::CoreEvent::Kind;
using namespace std::chrono_literals;

namespace {

sim::device::CoreProgram waiting(unsigned threads, unsigned nsps) {
  auto program = simple_program(load_image(QAIC_PROGRAMS "/cases.elf"), threads);
  program.nsp_count = nsps;
  program.l2tcm_init.resize(4096);
  program.l2tcm_init[2048] = std::byte{19};
  return program;
}

// Own children that run or are zombies, by pid.
std::vector<int> children() {
  const std::string own = std::to_string(::getpid());
  const auto text = os::read_text("/proc/self/task/" + own + "/children");
  REQUIRE(text);
  std::istringstream in(*text);
  std::vector<int> out;
  for (int pid = 0; in >> pid;) out.push_back(pid);
  return out;
}

double cpu_seconds(int pid) {
  const auto text = os::read_text("/proc/" + std::to_string(pid) + "/stat");
  REQUIRE(text);
  std::istringstream in(text->substr(text->rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) in >> skipped;
  double user = 0;
  double system = 0;
  in >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::size_t open_descriptors() {
  return os::list_folder("/proc/self/fd")->size();
}

}  // namespace

TEST_CASE("an idle network costs at most one percent of a core, on one NSP and on sixteen") {
  for (const auto& [threads, nsps] : {std::pair{6U, 1U}, std::pair{4U, 16U}}) {
    auto cores = make_cores();
    auto group = cores->start(waiting(threads, nsps));
    REQUIRE(group);
    std::this_thread::sleep_for(3s);  // start-up is over, sleeps have grown
    const auto pids = children();
    REQUIRE(pids.size() == nsps);
    const auto all = [&] {
      double sum = 0;
      for (const int pid : pids) sum += cpu_seconds(pid);
      return sum;
    };
    const double before = all();
    std::this_thread::sleep_for(4s);
    const double share = (all() - before) / 4;
    MESSAGE(nsps << " NSPs of " << threads << " threads, share of a core: " << share);
    CHECK(share <= 0.01);
  }
}

TEST_CASE("a killed emulator process is a crash of its NSP") {
  auto cores = make_cores();
  auto group = cores->start(waiting(2, 2));
  REQUIRE(group);
  ScriptedCard card(*cores, **group);
  REQUIRE(children().size() == 2);
  ::kill(children()[1], SIGKILL);
  REQUIRE(card.run_until([&] { return !card.others.empty(); }));
  CHECK(card.others[0].kind == Kind::crashed);
  CHECK(card.others[0].text.find("Killed") != std::string::npos);
  CHECK(card.others[0].nsp == 1);
}

TEST_CASE("stopping a group leaves no process, no zombie and no descriptor") {
  auto cores = make_cores();
  const auto before = open_descriptors();
  for (int round = 0; round < 3; ++round) {
    auto group = cores->start(waiting(4, 4));
    REQUIRE(group);
    CHECK(children().size() == 4);
    group->reset();
    CHECK(children().empty());
    CHECK(open_descriptors() == before);
    CHECK(cores->take_events().empty());
  }
}

TEST_CASE("a group that was refused leaves nothing either") {
  auto cores = make_cores();
  const auto before = open_descriptors();
  auto program = waiting(1, 1);
  program.heap_offset = 1;
  program.heap_size = ~std::uint64_t{0};
  CHECK_FALSE(cores->start(program));
  program = waiting(1, 1);
  program.threads[0].entry = 0x100;
  CHECK_FALSE(cores->start(program));
  CHECK(open_descriptors() == before);
  CHECK(children().empty());
}

TEST_CASE("the processes die with the simulator") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t simulator = ::fork();
  if (simulator == 0) {
    auto cores = make_cores();
    auto group = cores->start(waiting(2, 1));
    const int pid = group ? children().at(0) : -1;
    [[maybe_unused]] const auto done = ::write(ends[1], &pid, sizeof(pid));
    ::kill(::getpid(), SIGKILL);
  }
  int pid = -1;
  REQUIRE(::read(ends[0], &pid, sizeof(pid)) == sizeof(pid));
  REQUIRE(pid > 0);
  ::waitpid(simulator, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  const auto alive = [pid] {
    // An orphan that nobody reaps yet is dead all the same.
    const auto text = os::read_text("/proc/" + std::to_string(pid) + "/stat");
    return text && text->find(") Z") == std::string::npos && text->find(") X") == std::string::npos;
  };
  for (int i = 0; i < 500 && alive(); ++i) std::this_thread::sleep_for(10ms);
  CHECK_FALSE(alive());
}

TEST_CASE("a card without an emulator says why") {
  sim::nsp::QemuCores::Options options;
  options.ddr_bytes = 1 << 20;
  options.emulator = "/nonexistent/qemu-hexagon";
  auto cores = sim::nsp::QemuCores::create(options);
  REQUIRE(cores);
  CHECK((*cores)->unavailable_reason() == "/nonexistent/qemu-hexagon does not exist");
  CHECK_FALSE((*cores)->start(waiting(1, 1)));
}

TEST_CASE("DDR that is forgotten reads as zero, its neighbours stay") {
  auto cores = make_cores(1 << 20);
  for (auto& byte : cores->ddr().first(40000)) byte = std::byte{5};
  cores->forget_ddr(100, 20000);
  for (std::size_t i = 0; i < 40000; ++i) {
    REQUIRE(cores->ddr()[i] == (i >= 100 && i < 20100 ? std::byte{0} : std::byte{5}));
  }
}
