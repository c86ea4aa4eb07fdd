#include "conformance/errno_rows.hpp"

#include <cerrno>

#include "conformance/run.hpp"

namespace qaic::conformance {

namespace {

// Reasons that several rows share.
constexpr char kWrongCard[] = "needs a card that answers wrongly";
constexpr char kSmallAllocation[] = "needs an allocation of a few KiB to fail";
constexpr char kShortLock[] = "needs a signal within the few instructions that another holds the lock";
constexpr char kRestartRace[] = "only a call that races the release of the DBC; later ones get another errno";

constexpr ErrnoRow kRows[] = {
    {"MANAGE", EINVAL, "len above 4096", "manage.bad_length_or_count"},
    {"MANAGE", EINVAL, "count above 512", "manage.bad_length_or_count"},
    {"MANAGE", EINVAL, "count 0", "manage.bad_length_or_count"},
    {"MANAGE", EINVAL, "len below 8", "manage.bad_length_or_count"},
    {"MANAGE", EINVAL, "a transaction below 8 bytes", "transaction.length_outside_the_message"},
    {"MANAGE", EINVAL, "a transaction past the end", "transaction.length_outside_the_message"},
    {"MANAGE", EINVAL, "an unknown or unsupported type", "transaction.unknown_type"},
    {"MANAGE", EINVAL, "leftover bytes", "manage.leftover_bytes"},
    {"MANAGE", EINVAL, "passthrough of no multiple of 8 bytes",
     "transaction.passthrough_not_a_multiple_of_8"},
    {"MANAGE", EINVAL, "dma of size 0", "transaction.dma_without_bytes"},
    {"MANAGE", EINVAL, "dma whose address and size overflow", "transaction.dma_range_overflows"},
    {"MANAGE", EINVAL, "dma with nothing left to send", nullptr, kWrongCard},
    {"MANAGE", EINVAL, "activate with a queue of 0", "transaction.activate_fields"},
    {"MANAGE", EINVAL, "activate with pad", "transaction.activate_fields"},
    {"MANAGE", EINVAL, "activate whose size overflows", "transaction.activate_fields"},
    {"MANAGE", EINVAL, "deactivate of DBC 16 and above", "transaction.deactivate_fields"},
    {"MANAGE", EINVAL, "deactivate with pad", "transaction.deactivate_fields"},
    {"MANAGE", EINVAL, "a reply with bad lengths", nullptr, kWrongCard},
    {"MANAGE", EINVAL, "a reply of unknown type", nullptr, kWrongCard},
    {"MANAGE", EINVAL, "an activation in the reply that nobody asked for",
     "flaw.two_activations_in_one_message"},
    {"MANAGE", EINVAL, "DMA_XFER_CONT that does not match", nullptr, kWrongCard},
    {"MANAGE", ENODEV, "not online", "reset.soc_while_offline"},
    {"MANAGE", ENODEV, "the PCI function is gone", "reset.unbind_leaves_a_dead_file"},
    {"MANAGE", ENODEV, "activation of DBC 16 and above in the reply", nullptr, kWrongCard},
    {"MANAGE", EFAULT, "data cannot be read", "manage.data_unreadable"},
    {"MANAGE", EFAULT, "data cannot be written", "manage.reply_unwritable"},
    {"MANAGE", EFAULT, "dma from memory that cannot be pinned", "transaction.dma_from_unmapped_memory"},
    {"MANAGE", ENOMEM, "queue memory", "limits.a_queue_beyond_any_memory"},
    {"MANAGE", ENOMEM, "message or pages", nullptr, kSmallAllocation},
    {"MANAGE", ENOMEM, "no room for one address and size", "limits.no_room_for_an_address"},
    {"MANAGE", ENOSPC, "message above 64 KiB on the wire", "limits.wire_message_above_64_kib"},
    {"MANAGE", ENOSPC, "decoded reply above 4096", nullptr, kWrongCard},
    {"MANAGE", EPERM, "deactivate of a DBC that is not the caller's",
     "transaction.deactivate_of_another_files_dbc"},
    {"MANAGE", EINTR, "signal while waiting for the channel", "signal.while_another_holds_the_channel"},
    {"MANAGE", EINTR, "signal while waiting for the reply", "signal.while_the_reply_is_awaited"},
    {"MANAGE", EAGAIN, "no room in the ring for two seconds", "manage.more_transactions_than_the_ring_holds"},
    {"MANAGE", EAGAIN, "signal while waiting for room", "signal.while_room_is_awaited"},
    {"MANAGE", EAGAIN, "ring of receive buffers full", nullptr,
     "needs 128 requests under way at once that the card leaves unanswered"},
    {"MANAGE", EIO, "the bus is in its error state, or a reset woke the caller", nullptr,
     "a race: reset.*_under_requests meets it at times, and ENODEV at others"},
    {"MANAGE", ETIMEDOUT, "no reply in control_resp_timeout_s", nullptr,
     "needs a card that does not answer (tests/sim_vm/broken.py has one)"},
    {"MANAGE", EPIPE, "the reply's CRC is wrong", nullptr, kWrongCard},
    {"MANAGE", ECANCELED, "the card refuses", "lifetime.all_dbcs"},

    {"CREATE_BO", EINVAL, "pad", "bo.create_fields"},
    {"CREATE_BO", EINVAL, "size 0", "bo.create_fields"},
    {"CREATE_BO", EINVAL, "size that wraps when aligned", "bo.create_fields"},
    {"CREATE_BO", ENODEV, "not online", "reset.soc_while_offline"},
    {"CREATE_BO", ENOMEM, "no memory", "limits.a_bo_beyond_any_memory"},
    {"CREATE_BO", ENOSPC, "no handle left", nullptr, "there are 2^31 handles"},

    {"MMAP_BO", ENODEV, "not online", "reset.soc_while_offline"},
    {"MMAP_BO", ENOENT, "no such handle", "bo.mmap_bo"},

    {"ATTACH_SLICE_BO", EINVAL, "count 0", "slice.header_fields"},
    {"ATTACH_SLICE_BO", EINVAL, "direction is neither 1 nor 2", "slice.header_fields"},
    {"ATTACH_SLICE_BO", EINVAL, "data 0", "slice.header_fields"},
    {"ATTACH_SLICE_BO", EINVAL, "DBC 16 and above", "slice.header_fields"},
    {"ATTACH_SLICE_BO", EINVAL, "bad doorbell length", "slice.doorbell_fields"},
    {"ATTACH_SLICE_BO", EINVAL, "bad semaphore field", "slice.semaphore_fields"},
    {"ATTACH_SLICE_BO", EINVAL, "offset and size overflow", "slice.range"},
    {"ATTACH_SLICE_BO", EINVAL, "beyond the BO", "slice.range"},
    {"ATTACH_SLICE_BO", EINVAL, "sliced already", "slice.attach_and_detach"},
    {"ATTACH_SLICE_BO", EINVAL, "DBC is not the caller's", "lifetime.a_dbc_belongs_to_one_file"},
    {"ATTACH_SLICE_BO", EINVAL, "doorbell address is not aligned", "slice.doorbell_fields"},
    {"ATTACH_SLICE_BO", EINVAL, "more than one presync", "slice.presync_semaphores"},
    {"ATTACH_SLICE_BO", EINVAL, "empty slice within the last page", "slice.range"},
    {"ATTACH_SLICE_BO", ENODEV, "not online", "reset.soc_while_offline"},
    {"ATTACH_SLICE_BO", EFAULT, "data cannot be read", "slice.header_fields"},
    {"ATTACH_SLICE_BO", EFAULT, "the BO cannot be mapped for the card", nullptr,
     "needs an IOMMU without addresses left"},
    {"ATTACH_SLICE_BO", ENOMEM, "no memory", "limits.counts_beyond_any_memory"},
    {"ATTACH_SLICE_BO", ENOENT, "no such handle", "slice.header_fields"},
    {"ATTACH_SLICE_BO", EINTR, "signal while waiting for the BO", nullptr, kShortLock},
    {"ATTACH_SLICE_BO", EPIPE, "DBC in subsystem restart", nullptr, kRestartRace},
    {"ATTACH_SLICE_BO", ENOSPC, "more elements than the queue", "slice.more_elements_than_the_queue"},
    {"ATTACH_SLICE_BO", EBUSY, "what the exporter of an imported BO says", "prime.import_of_a_udmabuf"},

    {"EXECUTE_BO", EINVAL, "count 0", "execute.header_fields"},
    {"EXECUTE_BO", EINVAL, "DBC 16 and above", "execute.header_fields"},
    {"EXECUTE_BO", EINVAL, "not sliced", "execute.header_fields"},
    {"EXECUTE_BO", EINVAL, "queued already", "execute.while_queued"},
    {"EXECUTE_BO", EINVAL, "the same BO twice", "execute.header_fields"},
    {"PARTIAL_EXECUTE_BO", EINVAL, "resize beyond the BO", "partial.resize_beyond_the_bo"},
    {"EXECUTE_BO", EFAULT, "data cannot be read", "execute.header_fields"},
    {"EXECUTE_BO", ENOMEM, "no memory", "limits.counts_beyond_any_memory"},
    {"EXECUTE_BO", ENODEV, "not online", "reset.soc_while_offline"},
    {"EXECUTE_BO", ENODEV, "the link is dead", nullptr, "needs a card that falls off the bus unnoticed"},
    {"EXECUTE_BO", EPERM, "DBC is not the caller's", "execute.header_fields"},
    {"EXECUTE_BO", EPIPE, "DBC in subsystem restart", nullptr, kRestartRace},
    {"EXECUTE_BO", EINTR, "signal while waiting for the BO", nullptr, kShortLock},
    {"EXECUTE_BO", ENOENT, "no such handle", "execute.header_fields"},
    {"EXECUTE_BO", EAGAIN, "not enough room in the queue", "execute.queue_full"},

    {"WAIT_BO", EINVAL, "pad", "wait.header_fields"},
    {"WAIT_BO", EINVAL, "DBC 16 and above", "wait.header_fields"},
    {"WAIT_BO", ENODEV, "not online", "reset.soc_while_offline"},
    {"WAIT_BO", EPERM, "DBC is not the caller's", "wait.header_fields"},
    {"WAIT_BO", EPERM, "DBC released while waiting", "reset.soc_ends_the_wait"},
    {"WAIT_BO", EPIPE, "DBC in subsystem restart", "ssr.the_waiter"},
    {"WAIT_BO", ENOENT, "no such handle", "wait.header_fields"},
    {"WAIT_BO", ETIMEDOUT, "not complete in time", "wait.timeout"},
    {"WAIT_BO", EINTR, "signal", "wait.a_signal_ends_it"},

    {"PERF_STATS_BO", ENODEV, "not online", "reset.soc_while_offline"},
    {"PERF_STATS_BO", EINVAL, "DBC 16 and above", "perf.header_fields"},
    {"PERF_STATS_BO", EINVAL, "not sliced", "perf.header_fields"},
    {"PERF_STATS_BO", EINVAL, "BO of another DBC", "perf.header_fields"},
    {"PERF_STATS_BO", EFAULT, "data cannot be read", "perf.header_fields"},
    {"PERF_STATS_BO", ENOMEM, "no memory", nullptr, kSmallAllocation},
    {"PERF_STATS_BO", ENOENT, "no such handle", "perf.header_fields"},

    {"DETACH_SLICE_BO", EINVAL, "pad", "slice.detach_fields"},
    {"DETACH_SLICE_BO", EINVAL, "not sliced", "slice.detach_fields"},
    {"DETACH_SLICE_BO", EINVAL, "DBC is not the caller's", "sharing.deactivate_under_a_waiter"},
    {"DETACH_SLICE_BO", ENODEV, "not online", "reset.soc_while_offline"},
    {"DETACH_SLICE_BO", ENOENT, "no such handle", "slice.detach_fields"},
    {"DETACH_SLICE_BO", EINTR, "signal while waiting for the BO", nullptr, kShortLock},
    {"DETACH_SLICE_BO", EBUSY, "still queued", "execute.while_queued"},
};

}  // namespace

std::span<const ErrnoRow> errno_rows() {
  return kRows;
}

std::string errno_rows_text() {
  std::string out;
  for (const ErrnoRow& row : kRows) {
    out += std::string(row.ioctl) + "\t" + result_name(-row.error) + "\t" + row.cause + "\t";
    out += row.provoked_by != nullptr ? std::string(row.provoked_by) : "-\t" + std::string(row.reason);
    out += "\n";
  }
  return out;
}

}  // namespace qaic::conformance
