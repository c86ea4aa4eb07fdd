#include "sim/device/control.hpp"

#include <algorithm>
#include <utility>

#include "sim/device/responses.hpp"

namespace qaic::sim::device {

namespace nnc = wire::nnc;
using base::UserHandle;
using wire::uapi::TransactionType;

struct Control::Work {
  explicit Work(Request r) : request(std::move(r)), reply(request.header) {}

  [[nodiscard]] UserHandle user() const { return UserHandle(request.header.handle); }
  [[nodiscard]] Transfer* transfer(std::uint32_t tag) {
    const auto found =
        std::find_if(transfers.begin(), transfers.end(), [&](const Transfer& t) { return t.tag == tag; });
    return found == transfers.end() ? nullptr : &*found;
  }

  // The longest answer that the next transaction can have.
  [[nodiscard]] std::size_t answer_size() const {
    constexpr std::size_t kOthers = sizeof(nnc::ActivateFromDev);
    static_assert(sizeof(nnc::StatusFromDev) <= kOthers && sizeof(nnc::DeactivateFromDev) <= kOthers &&
                  sizeof(nnc::TerminateFromDev) <= kOthers);
    if (request.transactions[next].type != TransactionType::passthrough_to_dev) return kOthers;
    const auto number = Commands::number(request.command(next)).value_or(nnc::Command{});
    const bool pair = number == nnc::Command::activate || number == nnc::Command::deactivate;
    return sizeof(nnc::TransactionHeader) + response_size(static_cast<std::uint32_t>(number)) +
           (pair ? kOthers : 0);
  }

  Request request;
  std::optional<Request> continuation;  // the message whose data is being read, when it is another
  std::size_t read = 0;                 // its transactions whose data is here
  Transfer::Place place;                // in the next one
  Reply reply;
  std::size_t next = 0;  // transaction
  std::vector<Transfer> transfers;
  std::optional<nnc::ActivateToDev> queue;
  bool has_activate_command = false;
  std::uint32_t chunk_id = 0;  // of the transfer that continues, and its tag
  std::uint32_t chunk_tag = 0;
  std::optional<std::uint32_t> waits_for;  // activation
};

namespace {

// Ours: bytes that are read before others have their turn.
constexpr std::uint64_t kBytesAtOnce = 64U << 20;
// Ours: requests that wait for their data, on the way and from the host.
constexpr std::size_t kMostPulling = 64;
constexpr std::size_t kMostParked = 64;

template <class T>
std::optional<T> read_transaction(Bytes transaction) {
  if (transaction.size() != sizeof(T)) return std::nullopt;
  return base::read_struct<T>(transaction);
}

template <class T>
T transaction_of(TransactionType type) {
  T transaction;
  transaction.header.type = static_cast<std::uint32_t>(type);
  transaction.header.len = sizeof(T);
  return transaction;
}

// The tag that a load command waits for; nothing if it is another command.
std::optional<std::uint32_t> tag_of(Bytes command) {
  const auto number = Commands::number(command);
  if (number == nnc::Command::load_elf) {
    if (const auto request = base::read_struct<nnc::LoadElfRequest>(command)) return request->tag;
  }
  if (number == nnc::Command::load_constants) {
    if (const auto request = base::read_struct<nnc::LoadConstantsRequest>(command)) return request->tag;
  }
  if (number == nnc::Command::load_constants_payload) {
    if (const auto request = base::read_struct<nnc::LoadConstantsPayloadRequest>(command)) {
      return request->tag;
    }
  }
  return std::nullopt;
}

}  // namespace

Control::Control(HostMemory& host_memory, Commands& commands, std::uint64_t features)
    : host_memory_(host_memory),
      commands_(commands),
      features_(features),
      crc_((features & nnc::feature_bit(nnc::Feature::crc)) != 0 ? Crc::used : Crc::unused) {}

Control::~Control() = default;

std::vector<ByteVector> Control::take_replies() {
  return std::exchange(replies_, {});
}

void Control::send(const Reply& reply) {
  replies_.push_back(reply.finish(crc_));
}

void Control::receive(Bytes message) {
  ReadRequest read = read_request(message, crc_);
  if (read.problem != nullptr) {
    commands_.journal().add(std::string("a control message with ") + read.problem);
    if (read.request) send(Reply(read.request->header));
    return;
  }
  if (continue_transfer(*read.request)) return;
  begin(std::move(*read.request));
}

// Gathers what belongs together before anything is carried out: data by tag,
// the queue of an ACTIVATE.
void Control::begin(Request request) {
  auto work = std::make_unique<Work>(std::move(request));
  const Request& in = work->request;
  for (std::size_t i = 0; i < in.transactions.size(); ++i) {
    const TransactionType type = in.transactions[i].type;
    if (type == TransactionType::activate_to_dev && !work->queue) {
      work->queue = read_transaction<nnc::ActivateToDev>(in.transaction(i));
    }
    if (type != TransactionType::passthrough_to_dev) continue;
    if (Commands::number(in.command(i)) == nnc::Command::activate) work->has_activate_command = true;
    if (auto transfer = commands_.expect(work->user(), in.command(i))) {
      if (work->transfer(transfer->tag) == nullptr) work->transfers.push_back(std::move(*transfer));
    }
  }
  for (std::size_t i = 0; i < in.transactions.size(); ++i) {
    if (in.transactions[i].type != TransactionType::dma_xfer_to_dev) continue;
    const auto head = base::read_struct<nnc::DmaXferToDev>(in.transaction(i));
    if (!head || work->transfer(head->tag) == nullptr) continue;
    if (head->dma_chunk_id != 0 && work->chunk_id == 0) {
      work->chunk_id = head->dma_chunk_id;
      work->chunk_tag = head->tag;
    }
  }
  proceed(std::move(work), turn());
}

// What a message that comes may read: nothing while it is the turn of others.
std::uint64_t Control::turn() const {
  return pulling_.empty() ? kBytesAtOnce : 0;
}

void Control::proceed(std::unique_ptr<Work> work, std::uint64_t most) {
  if (!pull(*work, most)) {
    if (pulling_.size() < kMostPulling) {
      pulling_.push_back(std::move(work));
      return;
    }
    commands_.journal().add("a control message with data while too many others are being read");
    for (Transfer& transfer : work->transfers) {
      if (!transfer.complete()) transfer.status = nnc::Status::dma_setup;
    }
  }
  work->continuation.reset();
  run(std::move(work));
}

void Control::advance() {
  if (pulling_.empty()) return;
  std::unique_ptr<Work> work = std::move(pulling_.front());
  pulling_.erase(pulling_.begin());
  proceed(std::move(work), kBytesAtOnce);
}

// Reads what the message lists, at most `most` bytes. False: more is left.
bool Control::pull(Work& work, std::uint64_t most) {
  const Request& source = work.continuation ? *work.continuation : work.request;
  for (; work.read < source.transactions.size(); ++work.read, work.place = {}) {
    if (source.transactions[work.read].type != TransactionType::dma_xfer_to_dev) continue;
    const Bytes transaction = source.transaction(work.read);
    const auto head = base::read_struct<nnc::DmaXferToDev>(transaction);
    Transfer* const transfer =
        head ? work.transfer(work.continuation ? work.chunk_tag : head->tag.get()) : nullptr;
    if (transfer == nullptr) continue;  // data that nothing asked for is not read
    const std::uint64_t before = transfer->listed;
    if (!transfer->pull(host_memory_, transaction, work.place, most)) return false;
    most -= transfer->listed - before;
  }
  return true;
}

// The next segments of a transfer, or its abort: a message of only one
// DMA_XFER_TO_DEV with a chunk id that this user's request is waiting for.
bool Control::continue_transfer(Request& request) {
  if (request.transactions.size() != 1 || request.transactions[0].type != TransactionType::dma_xfer_to_dev) {
    return false;
  }
  const auto head = base::read_struct<nnc::DmaXferToDev>(request.transaction(0));
  if (!head || head->dma_chunk_id == 0) return false;
  const auto found = std::find_if(parked_.begin(), parked_.end(), [&](const auto& work) {
    return work->chunk_id == head->dma_chunk_id && work->user() == UserHandle(request.header.handle);
  });
  if (found == parked_.end()) return false;
  std::unique_ptr<Work> work = std::move(*found);
  parked_.erase(found);
  if (head->count == 0) {  // the host gave up
    send(Reply(request.header));
    return true;
  }
  Transfer* const transfer = work->transfer(work->chunk_tag);
  if (head->tag != work->chunk_tag) transfer->status = nnc::Status::dma_setup;
  work->request.header = request.header;  // the reply answers this message
  work->reply = Reply(request.header);
  work->continuation = std::move(request);
  work->read = 0;
  work->place = {};
  proceed(std::move(work), turn());
  return true;
}

void Control::run(std::unique_ptr<Work> work) {
  Transfer* const unfinished = work->chunk_id == 0 ? nullptr : work->transfer(work->chunk_tag);
  if (unfinished != nullptr && unfinished->status == nnc::Status::ok && !unfinished->complete()) {
    auto more = transaction_of<nnc::DmaXferCont>(TransactionType::dma_xfer_cont);
    more.dma_chunk_id = work->chunk_id;
    more.xferred_size = unfinished->listed;
    Reply reply(work->request.header);
    reply.add(base::bytes_of(more));
    send(reply);
    if (parked_.size() == kMostParked) {
      commands_.journal().add("a load of user " + std::to_string(parked_.front()->user().value) +
                              " is dropped: too many want more data");
      parked_.erase(parked_.begin());
    }
    parked_.push_back(std::move(work));
    return;
  }
  while (work->next < work->request.transactions.size()) {
    if (work->reply.room() < work->answer_size()) {
      // Nothing is done that could not be told; nor is anything behind it.
      commands_.journal().add("a control message whose answers exceed 4096 bytes");
      break;
    }
    run_transaction(*work);
    if (work->waits_for) {
      waiting_.push_back(std::move(work));
      return;
    }
    ++work->next;
  }
  send(work->reply);
}

void Control::resume() {
  for (auto ends = commands_.activations().take_deactivated(); !ends.empty();
       ends = commands_.activations().take_deactivated()) {
    for (const Activations::Deactivated& end : ends) resume(end);
  }
}

void Control::resume(const Activations::Deactivated& end) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const auto& work) { return work->waits_for == end.id; });
  if (found == waiting_.end()) return;  // its user ended it otherwise
  std::unique_ptr<Work> work = std::move(*found);
  waiting_.erase(found);
  work->waits_for.reset();
  append(*work, Commands::deactivated(end));
  ++work->next;
  run(std::move(work));
}

void Control::append(Work& work, const Commands::Outcome& outcome) {
  work.reply.add_passthrough(outcome.response);
  if (!outcome.transaction.empty()) work.reply.add(outcome.transaction);
}

void Control::run_transaction(Work& work) {
  const TransactionType type = work.request.transactions[work.next].type;
  switch (type) {
    case TransactionType::passthrough_to_dev:
      return run_command(work);
    case TransactionType::status_to_dev: {
      auto status = transaction_of<nnc::StatusFromDev>(TransactionType::status_from_dev);
      status.major = nnc::kTransactionMajor;
      status.minor = nnc::kTransactionMinor;
      status.flags = features_;
      work.reply.add(base::bytes_of(status));
      return;
    }
    case TransactionType::activate_to_dev:
      if (!work.has_activate_command) attach_channel(work);
      return;
    case TransactionType::terminate_to_dev:
      return terminate(work);
    case TransactionType::dma_xfer_to_dev:
      return;  // belongs to a command
    case TransactionType::undefined:
    case TransactionType::passthrough_from_user:
    case TransactionType::passthrough_to_user:
    case TransactionType::passthrough_from_dev:
    case TransactionType::dma_xfer_from_user:
    case TransactionType::activate_from_user:
    case TransactionType::activate_from_dev:
    case TransactionType::deactivate_from_user:
    case TransactionType::deactivate_from_dev:
    case TransactionType::status_from_user:
    case TransactionType::status_to_user:
    case TransactionType::status_from_dev:
    case TransactionType::terminate_from_dev:
    case TransactionType::dma_xfer_cont:
    case TransactionType::validate_partition_from_dev:
    case TransactionType::validate_partition_to_dev:
      break;
  }
  // Nothing the driver sends, and no answer exists for it.
  commands_.journal().add("a control message with transaction type " +
                          std::to_string(static_cast<std::uint32_t>(type)));
}

void Control::run_command(Work& work) {
  const Bytes command = work.request.command(work.next);
  Commands::Attached attached;
  if (Commands::number(command) == nnc::Command::terminate) {
    forget(work.user());
    work.transfers.clear();
  }
  const auto tag = tag_of(command);
  if (tag) attached.transfer = work.transfer(*tag);
  if (Commands::number(command) == nnc::Command::activate && work.queue) attached.queue = &*work.queue;
  const Commands::Outcome outcome = commands_.run(work.user(), command, attached);
  if (outcome.waits_for) {
    work.waits_for = outcome.waits_for;
    return;
  }
  if (tag) {  // the data is used up
    std::erase_if(work.transfers, [&](const Transfer& t) { return t.tag == *tag; });
    work.chunk_id = 0;
  }
  if (attached.queue != nullptr) work.queue.reset();
  append(work, outcome);
}

void Control::attach_channel(Work& work) {
  auto answer = transaction_of<nnc::ActivateFromDev>(TransactionType::activate_from_dev);
  auto status = nnc::Status::bad_parameter;
  if (work.queue) {
    answer.options = work.queue->options.get();
    if (const auto dbc = commands_.activations().attach_channel(work.user(), *work.queue)) {
      answer.dbc_id = *dbc;
      status = nnc::Status::ok;
    } else {
      status = dbc.error();
    }
    work.queue.reset();
  }
  answer.status = static_cast<std::uint32_t>(status);
  work.reply.add(base::bytes_of(answer));
}

// A user ends: its loads stop, and of its requests that wait for a network to
// leave nothing more is carried out.
void Control::forget(UserHandle user) {
  std::erase_if(parked_, [&](const auto& work) { return work->user() == user; });
  std::erase_if(pulling_, [&](const auto& work) {
    if (work->user() != user) return false;
    send(Reply(work->request.header));  // as to a load that the host gave up
    return true;
  });
  for (const auto& work : waiting_) {
    if (work->user() != user) continue;
    work->transfers.clear();
    work->request.transactions.resize(work->next + 1);
  }
}

// A file was closed.
void Control::terminate(Work& work) {
  auto answer = transaction_of<nnc::TerminateFromDev>(TransactionType::terminate_from_dev);
  const auto asked = read_transaction<nnc::TerminateToDev>(work.request.transaction(work.next));
  if (asked) {
    const UserHandle user(asked->handle);
    forget(user);
    if (work.user() == user) work.transfers.clear();
    commands_.terminate(user);
  }
  answer.status = static_cast<std::uint32_t>(asked ? nnc::Status::ok : nnc::Status::command_length);
  work.reply.add(base::bytes_of(answer));
}

void Control::describe(std::vector<std::string>& lines) const {
  for (const auto& work : pulling_) {
    lines.push_back("a load of user " + std::to_string(work->user().value) + " whose data is being read");
  }
  for (const auto& work : parked_) {
    lines.push_back("a load of user " + std::to_string(work->user().value) + " that wants more data");
  }
  for (const auto& work : waiting_) {
    lines.push_back("a request of user " + std::to_string(work->user().value) +
                    " that waits for a network to leave");
  }
}

}  // namespace qaic::sim::device
