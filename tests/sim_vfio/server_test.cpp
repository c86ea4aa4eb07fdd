#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "sim/vfio/server.hpp"
#include "tests/sim_vfio/client.hpp"

using namespace qaic;
using namespace qaic::sim::vfio;
using namespace qaic::sim::vfio::test;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/qaic-vfio-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string socket() const { return path + "/card"; }
  std::string path;
};

// A client that waits for its replies, as the server runs on another thread.
struct Client {
  explicit Client(const std::string& path) {
    auto connected = os::LocalStream::connect(path);
    REQUIRE(connected);
    stream = std::move(*connected);
  }
  // The error of the reply; -1 if the server hung up.
  int ask(Command command, Bytes payload) {
    const ByteVector out = message(1, command, 0, payload);
    if (!stream.send(out)) return -1;
    ByteVector in(4096);
    std::size_t have = 0;
    std::vector<os::Fd> fds;
    while (true) {
      pollfd waiter{stream.fd(), POLLIN, 0};
      if (::poll(&waiter, 1, 10000) != 1) return -2;
      const auto got = stream.receive(base::MutableBytes(in).subspan(have), fds);
      if (got.state == os::LocalStream::State::closed) return -1;
      have += got.bytes;
      const auto header = base::read_struct<Header>(Bytes(in).first(have));
      if (header && have >= header->size) return static_cast<int>(header->error.get());
    }
  }
  int greet() { return ask(Command::version, packed(Version{0, 0})); }
  os::LocalStream stream;
};

struct Served {
  explicit Served(Server::Lifetime lifetime) {
    auto inbox = os::SignalInbox::create({SIGUSR1});
    REQUIRE(inbox);
    signals.emplace(std::move(*inbox));
    auto made = os::LocalListener::create(folder.socket());
    REQUIRE(made);
    server.emplace(std::move(*made), endpoint, memory, interrupts);
    auto event = os::make_event();
    REQUIRE(event);
    happening = std::move(*event);
    work.events_fd = happening.get();
    work.on_event = [this] {
      os::clear_event(happening.get());
      ++events;
    };
    work.next_deadline = [this] { return deadline; };
    work.now = [] { return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()); };
    work.tick = [this] {
      deadline.reset();
      ++ticks;
      // What was waited for is over: the test ends the server.
      (void)::kill(::getpid(), SIGUSR1);
    };
    work.after = [this] { ++rounds; };
    life = lifetime;
  }
  void start() {
    thread = std::thread([this] { server->serve(*signals, work, life); });
  }
  void join() {
    thread.join();
    server.reset();
  }

  Folder folder;
  PlayedEndpoint endpoint;
  GuestMemory memory;
  InterruptLines interrupts;
  std::optional<os::SignalInbox> signals;
  std::optional<Server> server;
  os::Fd happening;
  Server::Work work;
  Server::Lifetime life{};
  std::optional<std::chrono::nanoseconds> deadline;
  int events = 0;
  int ticks = 0;
  int rounds = 0;
  std::thread thread;
};

}  // namespace

TEST_CASE("a server takes one client after the other until it is told to end, and leaves no file") {
  Served served(Server::Lifetime::until_stopped);
  served.start();
  for (int i = 0; i < 3; ++i) {
    Client client(served.folder.socket());
    CHECK(client.greet() == 0);
    CHECK(client.ask(Command::get_info, packed(DeviceInfo{16, 0, 0, 0})) == 0);
    Client second(served.folder.socket());  // while there is one already
    CHECK(second.greet() == -1);
    CHECK(client.ask(Command::reset, {}) == 0);
  }
  (void)::kill(::getpid(), SIGUSR1);
  served.join();
  CHECK(served.endpoint.resets == 6);  // three asked for, three clients lost
  CHECK_FALSE(std::filesystem::exists(served.folder.socket()));
}

TEST_CASE("a server for one client ends with it, but not with one that never agreed on a version") {
  Served served(Server::Lifetime::one_client);
  served.start();
  { Client passer_by(served.folder.socket()); }
  {
    Client wrong(served.folder.socket());
    CHECK(wrong.ask(Command::version, packed(Version{7, 0})) != 0);
  }
  // The server may still be busy with the one before.
  for (int tries = 0; tries < 1000; ++tries) {
    Client client(served.folder.socket());
    if (client.greet() == 0) break;
    std::this_thread::yield();
  }
  served.join();
  CHECK(served.endpoint.resets == 1);
}

TEST_CASE("cores and deadlines get their turn without any client") {
  Served served(Server::Lifetime::until_stopped);
  os::set_event(served.happening.get());
  served.deadline = served.work.now() + std::chrono::milliseconds(5);
  served.start();
  served.join();
  CHECK(served.events == 1);
  CHECK(served.ticks == 1);
  CHECK(served.rounds > 0);
}

TEST_CASE("an abandoned socket is taken over, one that somebody listens at is not") {
  const Folder folder;
  {
    auto first = os::LocalListener::create(folder.socket());
    REQUIRE(first);
    struct stat status {};
    REQUIRE(::stat(folder.socket().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    const auto second = os::LocalListener::create(folder.socket());
    REQUIRE_FALSE(second);
    CHECK(second.error().id == "socket-in-use");
    CHECK(second.error().kind == base::ErrorKind::unavailable);
  }
  CHECK_FALSE(std::filesystem::exists(folder.socket()));
  {
    // What a killed server leaves behind.
    auto gone = os::LocalListener::create(folder.socket());
    REQUIRE(gone);
    std::filesystem::rename(folder.socket(), folder.path + "/kept");
  }
  std::filesystem::rename(folder.path + "/kept", folder.socket());
  {
    const auto taken = os::LocalListener::create(folder.socket());
    REQUIRE(taken);
    CHECK(os::LocalStream::connect(folder.socket()));
  }
  CHECK_FALSE(std::filesystem::exists(folder.socket()));
}

TEST_CASE("a listener removes only its own name, and never another kind of file") {
  const Folder folder;
  {
    auto first = os::LocalListener::create(folder.socket());
    REQUIRE(first);
    std::filesystem::remove(folder.socket());
    std::filesystem::create_directory(folder.socket());
  }
  CHECK(std::filesystem::exists(folder.socket()));
  const auto refused = os::LocalListener::create(folder.socket());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().id == "socket-create");
  CHECK(std::filesystem::is_directory(folder.socket()));
  CHECK_FALSE(os::LocalListener::create(folder.path + "/" + std::string(200, 'x')));
  CHECK_FALSE(os::LocalListener::create(folder.path + "/no/such"));
}

TEST_CASE("reading times are kept to 50 ns") {
  Statistics statistics;
  CHECK_FALSE(statistics.read_time(0.5));
  CHECK(statistics.line() ==
        "reads=0 writes=0 read_median_us=unknown read_p99_us=unknown read_max_us=unknown copies=0 "
        "copy_mib_per_s=unknown");
  for (int i = 0; i < 99; ++i) statistics.add_read(std::chrono::nanoseconds(1010));
  statistics.add_read(std::chrono::milliseconds(3));
  CHECK(statistics.read_time(0.5) == std::chrono::nanoseconds(1050));
  CHECK(statistics.read_time(0.99) == std::chrono::nanoseconds(1050));
  CHECK_FALSE(statistics.read_time(1));
  CHECK(statistics.line().starts_with(
      "reads=100 writes=0 read_median_us=1.05 read_p99_us=1.05 read_max_us=3000.00 "));
}

TEST_CASE("the speed of copies is the median of the large ones, the last few hundred") {
  using std::chrono::microseconds;
  Statistics statistics;
  statistics.add_write(microseconds(1), (1U << 20) - 1);  // not large
  CHECK_FALSE(statistics.copy_rate());
  statistics.add_write(microseconds(2000), 1U << 20);
  statistics.add_write(microseconds(500), 1U << 20);
  statistics.add_write(microseconds(1000), 2U << 20);
  CHECK(*statistics.copy_rate() == doctest::Approx(2000.0 * (1U << 20)));
  CHECK(
      statistics.line().ends_with("writes=4 read_median_us=unknown read_p99_us=unknown read_max_us=unknown "
                                  "copies=3 copy_mib_per_s=2000"));
  for (int i = 0; i < 600; ++i) statistics.add_write(microseconds(4000), 1U << 20);
  CHECK(*statistics.copy_rate() == doctest::Approx(250.0 * (1U << 20)));
}
