#include "tools/common/probe_client.hpp"

#include <fmt/format.h>

#include "os/background.hpp"
#include "os/child.hpp"
#include "os/file.hpp"
#include "tools/common/exit_code.hpp"
#include "tools/probe/record.hpp"

namespace qaic::tools {

namespace {

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

Failure no_node(const qaic_card_info& card) {
  if (card.driver[0] == '\0') {
    return {kNoCard, "card-no-driver", fmt::format("{}: no driver is bound to this card", card.pci_address),
            "modprobe qaic", card.qid};
  }
  return {kUnavailable, "card-no-node",
          fmt::format("{}: the driver made no device node for this card", card.pci_address),
          "dmesg | grep qaic", card.qid};
}

std::vector<ProbeAnswer> probe(std::span<const qaic_card_info> cards, std::chrono::milliseconds deadline) {
  std::vector<ProbeAnswer> answers(cards.size());
  std::vector<std::string> nodes;
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

  const auto answers_pipe =
      os::start_in_background(os::beside_executable(QAIC_LIBEXEC_FROM_BIN "/probe"), nodes);
  if (!answers_pipe) {
    for (const std::size_t i : card_of_node) {
      answers[i].failure = Failure{kOurBug, "probe-start", answers_pipe.error().what,
                                   "reinstall qaic: the probe belongs to it", cards[i].qid};
    }
    return answers;
  }

  const auto end = std::chrono::steady_clock::now() + deadline;
  std::size_t outstanding = nodes.size();
  bool stale = false;
  bool timed_out = false;
  while (outstanding > 0) {
    ProbeRecord record{};
    const auto bytes = std::as_writable_bytes(std::span(&record, 1));
    const auto reading = os::read_until(answers_pipe->get(), bytes, end);
    timed_out = reading.heard == os::Heard::deadline;
    if (reading.heard != os::Heard::bytes) break;
    stale = reading.count != sizeof(record) || record.version != kProbeRecordVersion ||
            record.position >= card_of_node.size();
    if (stale) break;
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
