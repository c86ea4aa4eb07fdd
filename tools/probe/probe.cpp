// probe NODE…: opens each node, asks STATUS, writes one ProbeRecord per node to
// stdout as the answers come. Started by the tools, not by people.
#include <pthread.h>
#include <qaic/qaic.h>
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#include "tools/probe/record.hpp"

namespace {

using qaic::tools::ProbeRecord;

struct Task {
  const char* node;
  std::uint32_t position;
  pthread_t thread;
};

void ask(const Task& task) {
  ProbeRecord record{};
  record.version = qaic::tools::kProbeRecordVersion;
  record.position = task.position;
  qaic_error error{};
  qaic_status status{};
  status.size = sizeof(status);
  qaic_device* device = nullptr;
  const bool failed =
      qaic_device_open(task.node, &device, &error) != 0 || qaic_device_status(device, &status, &error) != 0;
  record.failed = failed ? 1 : 0;
  if (failed) {
    record.error = error;
  } else {
    record.status = status;
  }
  // The answer goes out before the close, which may block in the kernel.
  const ssize_t written = write(STDOUT_FILENO, &record, sizeof(record));
  (void)written;  // nobody to tell: the parent has gone
  qaic_device_close(device);
}

void* ask_in_thread(void* argument) {
  ask(*static_cast<const Task*>(argument));
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kMaxNodes = 256;  // minors of the accel major
  static Task tasks[kMaxNodes];
  const int count = argc - 1;
  if (count < 1 || count > kMaxNodes) return 2;
  signal(SIGPIPE, SIG_IGN);
  for (int i = 0; i < count; ++i) tasks[i] = {argv[i + 1], static_cast<std::uint32_t>(i), {}};
  if (count == 1) {
    ask(tasks[0]);
    return 0;
  }
  bool started[kMaxNodes]{};
  for (int i = 0; i < count; ++i) {
    started[i] = pthread_create(&tasks[i].thread, nullptr, ask_in_thread, &tasks[i]) == 0;
    if (!started[i]) ask(tasks[i]);
  }
  for (int i = 0; i < count; ++i) {
    if (started[i]) pthread_join(tasks[i].thread, nullptr);
  }
  return 0;
}
