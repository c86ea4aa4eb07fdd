#include "tools/common/probe_client.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "os/fd.hpp"
#include "os/file.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/probe/record.hpp"

extern char** environ;

namespace qaic::tools {

namespace {

// libexec/qaic/probe beside the folder this program stands in.
std::string probe_path() {
  const auto self = os::read_link("/proc/self/exe");
  if (!self) return {};
  const auto slash = self->rfind('/');
  return self->substr(0, slash + 1) + QAIC_LIBEXEC_FROM_BIN + "/probe";
}

Failure no_node(const qaic_card_info& card) {
  if (card.driver[0] == '\0') {
    return {kNoCard, "card-no-driver", fmt::format("{}: no driver is bound to this card", card.pci_address),
            "modprobe qaic", card.qid};
  }
  return {kUnavailable, "card-no-node",
          fmt::format("{}: the driver made no device node for this card", card.pci_address),
          "dmesg | grep qaic", card.qid};
}

struct Child {
  pid_t pid = -1;
  os::Fd answers;
};

std::optional<Child> start_child(const std::string& path, std::span<const char* const> nodes) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  Child child;
  child.answers = os::Fd(ends[0]);
  const os::Fd write_end(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
  std::vector<char*> arguments{const_cast<char*>(path.c_str())};
  for (const char* node : nodes) arguments.push_back(const_cast<char*>(node));
  arguments.push_back(nullptr);
  const int error = posix_spawn(&child.pid, path.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return std::nullopt;
  return child;
}

// Text from the card must not be able to forge lines or move the cursor.
template <std::size_t N>
void defuse(char (&text)[N]) {
  text[N - 1] = '\0';
  for (char* c = text; *c != '\0'; ++c) {
    if (static_cast<unsigned char>(*c) < 0x20 || *c == 0x7F) *c = '?';
  }
}

void defuse(qaic_status& status) {
  defuse(status.fw_qc_image_version);
  defuse(status.fw_oem_image_version);
  defuse(status.fw_image_variant);
  defuse(status.hw_serial);
  defuse(status.board_serial);
  defuse(status.sbl_image_name);
  defuse(status.nsp_qc_image_version);
  defuse(status.nsp_oem_image_version);
  defuse(status.nsp_image_variant);
}

}  // namespace

std::vector<ProbeAnswer> probe(std::span<const qaic_card_info> cards, std::chrono::milliseconds deadline) {
  using Clock = std::chrono::steady_clock;
  std::vector<ProbeAnswer> answers(cards.size());
  std::vector<const char*> nodes;
  std::vector<std::size_t> card_of_node;
  for (std::size_t i = 0; i < cards.size(); ++i) {
    if (cards[i].node[0] == '\0') {
      answers[i].failure = no_node(cards[i]);
    } else {
      nodes.push_back(cards[i].node);
      card_of_node.push_back(i);
    }
  }
  if (nodes.empty()) return answers;

  const std::string path = probe_path();
  auto child = start_child(path, nodes);
  if (!child) {
    for (const std::size_t i : card_of_node) {
      answers[i].failure = Failure{kOurBug, "probe-start", fmt::format("cannot start {}", path),
                                   "reinstall qaic: the probe belongs to it", cards[i].qid};
    }
    return answers;
  }

  const auto end = Clock::now() + deadline;
  std::size_t outstanding = nodes.size();
  bool stale = false;
  while (outstanding > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd waiter{child->answers.get(), POLLIN, 0};
    const int ready = poll(&waiter, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;  // deadline
    ProbeRecord record{};
    const ssize_t size = read(child->answers.get(), &record, sizeof(record));
    if (size <= 0) break;  // the child ended
    if (size != sizeof(record) || record.version != kProbeRecordVersion ||
        record.position >= card_of_node.size()) {
      stale = true;
      break;
    }
    const std::size_t i = card_of_node[record.position];
    if (record.failed != 0) {
      answers[i].failure = Failure::from(qaic::Error(record.error));
      answers[i].failure->qid = cards[i].qid;
    } else {
      answers[i].status = record.status;
      defuse(*answers[i].status);
    }
    --outstanding;
  }
  const bool timed_out = outstanding > 0 && Clock::now() >= end;
  if (outstanding == 0 || !timed_out) {
    // All is said; a child still closing its node is left behind, not waited for.
    waitpid(child->pid, nullptr, WNOHANG);
  }
  for (const std::size_t i : card_of_node) {
    if (answers[i].status || answers[i].failure) continue;
    if (timed_out) {
      answers[i].failure = Failure{kDeadline, "card-no-answer",
                                   fmt::format("{} ({}): no answer within {} ms", cards[i].node,
                                               cards[i].pci_address, deadline.count()),
                                   "dmesg | grep qaic; a longer --timeout, or reset the card", cards[i].qid};
    } else {
      answers[i].failure = Failure{kOurBug, stale ? "probe-stale" : "probe-died",
                                   fmt::format("{}: the probe ended without an answer", cards[i].node),
                                   "reinstall qaic: tool and probe belong together", cards[i].qid};
    }
  }
  return answers;
}

}  // namespace qaic::tools
