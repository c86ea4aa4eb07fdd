#include "tests/sim_driver/scripted_card.hpp"

#include "sim/driver/control_message.hpp"

namespace qaic::sim::driver::test {

using wire::dbc::Register;
using wire::uapi::TransactionType;

namespace {

std::uint32_t number(TransactionType type) {
  return static_cast<std::uint32_t>(type);
}

}  // namespace

Reply& Reply::transaction(std::uint32_t type, base::Bytes payload, std::optional<std::uint32_t> length) {
  wire::nnc::TransactionHeader header;
  header.type = type;
  header.len = length.value_or(static_cast<std::uint32_t>(sizeof(header) + payload.size()));
  base::append_struct(body_, header);
  body_.insert(body_.end(), payload.begin(), payload.end());
  ++count_;
  return *this;
}

Reply& Reply::passthrough(base::Bytes payload) {
  return transaction(number(TransactionType::passthrough_from_dev), payload);
}

Reply& Reply::status(std::uint16_t major, std::uint16_t minor, std::uint32_t status, std::uint64_t flags) {
  wire::nnc::StatusFromDev out;
  out.major = major;
  out.minor = minor;
  out.status = status;
  out.flags = flags;
  return transaction(number(TransactionType::status_from_dev), base::bytes_of(out).subspan(8));
}

Reply& Reply::activate(std::uint32_t status, std::uint32_t dbc) {
  wire::nnc::ActivateFromDev out;
  out.status = status;
  out.dbc_id = dbc;
  return transaction(number(TransactionType::activate_from_dev), base::bytes_of(out).subspan(8));
}

Reply& Reply::deactivate(std::uint32_t status, std::uint32_t dbc) {
  wire::nnc::DeactivateFromDev out;
  out.status = status;
  out.dbc_id = dbc;
  return transaction(number(TransactionType::deactivate_from_dev), base::bytes_of(out).subspan(8));
}

Reply& Reply::terminate() {
  const std::array<std::byte, 8> nothing{};
  return transaction(number(TransactionType::terminate_from_dev), nothing);
}

Reply& Reply::continuation(std::uint32_t chunk, std::uint64_t transferred) {
  wire::nnc::DmaXferCont out;
  out.dma_chunk_id = chunk;
  out.xferred_size = transferred;
  return transaction(number(TransactionType::dma_xfer_cont), base::bytes_of(out).subspan(8));
}

base::ByteVector Reply::bytes() const {
  wire::nnc::MessageHeader header = header_;
  if (header.magic == 0) header.magic = wire::nnc::kMagic;
  if (header.count == 0) header.count = count_;
  if (header.len == 0) header.len = static_cast<std::uint32_t>(sizeof(header) + body_.size());
  base::ByteVector out;
  base::append_struct(out, header);
  out.insert(out.end(), body_.begin(), body_.end());
  if (header.crc32 == 0) {
    header.crc32 = message_crc(out);
    (void)base::write_struct(base::MutableBytes(out), header);
  }
  return out;
}

CardScript* CardScript::current = nullptr;

CardScript::CardScript() {
  current = this;
}

CardScript::~CardScript() {
  current = nullptr;
}

std::uint32_t CardScript::Message::type(std::size_t offset) const {
  const auto read = base::read_struct<wire::nnc::TransactionHeader>(bytes, offset);
  return read ? read->type.get() : 0;
}

void CardScript::take_channel(const Message& message, std::uint32_t dbc, std::size_t offset) {
  const auto in = base::read_struct<wire::nnc::ActivateToDev>(message.bytes, offset);
  channels[dbc] = {};
  channels[dbc].requests = in->req_q_addr;
  channels[dbc].responses = in->rsp_q_addr;
  channels[dbc].elements = in->req_q_size;
}

wire::dbc::Request CardScript::element(std::uint32_t dbc, std::uint32_t index) const {
  wire::dbc::Request out;
  (void)memory->read(base::BusAddr{channels[dbc].requests + std::uint64_t{index} * sizeof(out)},
                     {reinterpret_cast<std::byte*>(&out), sizeof(out)});
  return out;
}

void CardScript::run(std::uint32_t dbc) {
  auto& registers = channels[dbc].registers;
  while (registers[0] != registers[1]) {
    const auto request = element(dbc, registers[0]);
    registers[0] = (registers[0] + 1) % channels[dbc].elements;
    if ((request.cmd & wire::dbc::kCmdCompletion) != 0) respond(dbc, request.req_id);
  }
}

void CardScript::respond(std::uint32_t dbc, std::uint16_t req_id, std::uint16_t status) {
  auto& registers = channels[dbc].registers;
  wire::dbc::Response response;
  response.req_id = req_id;
  response.status = status;
  (void)memory->write(base::BusAddr{channels[dbc].responses + std::uint64_t{registers[3]} * sizeof(response)},
                      base::bytes_of(response));
  registers[3] = (registers[3] + 1) % channels[dbc].elements;
  interrupts->raise(1 + dbc);
}

}  // namespace qaic::sim::driver::test

// ---- device::Card, on the script ----

namespace qaic::sim::device {

using driver::test::CardScript;
using driver::test::Reply;

struct Card::State {
  CardScript& script;
};

Card::Card(CardConfig config, Ports ports)
    : config_(std::move(config)),
      flipping_memory_(ports.host_memory),
      ports_(ports),
      state_(new State{*CardScript::current}) {
  state_->script.memory = &ports.host_memory;
  state_->script.interrupts = &ports.interrupts;
}

Card::~Card() = default;

void Card::boot() {
  state_->script.ready = true;
}

bool Card::ready() const {
  return state_->script.ready;
}

void Card::reset() {
  CardScript& script = state_->script;
  script.ready = false;
  script.replies.clear();
  script.outgoing.clear();
  script.channels = {};
  ++script.resets;
}

void Card::opened(Stream) {}

void Card::receive(Stream stream, Bytes message) {
  state_->script.streamed.push_back({stream, {message.begin(), message.end()}});
}

std::vector<Card::Outgoing> Card::take_outgoing() {
  return std::exchange(state_->script.outgoing, {});
}

void Card::control(Bytes bytes) {
  CardScript& script = state_->script;
  if (!script.ready) return;
  CardScript::Message message;
  message.bytes.assign(bytes.begin(), bytes.end());
  message.header = *base::read_struct<wire::nnc::MessageHeader>(bytes);
  script.received.push_back(message);
  const auto type = static_cast<wire::uapi::TransactionType>(message.type());
  if (type == wire::uapi::TransactionType::terminate_to_dev) {
    if (script.answers_terminate) {
      script.replies.push_back(Reply(message.sequence()).terminate().bytes());
    }
    return;
  }
  if (!script.answers.empty()) {
    const auto answer = script.answers.front();
    script.answers.pop_front();
    if (answer) script.replies.push_back(answer(message));
  } else if (type == wire::uapi::TransactionType::status_to_dev) {
    script.replies.push_back(Reply(message.sequence())
                                 .status(script.status_major, script.status_minor, 0, script.status_flags)
                                 .bytes());
  }
}

std::vector<ByteVector> Card::take_replies() {
  return std::exchange(state_->script.replies, {});
}

std::uint32_t Card::read_dbc(DbcId dbc, wire::dbc::Register reg) const {
  return state_->script.channels[dbc.value].registers[static_cast<std::size_t>(reg) / 4];
}

void Card::write_dbc(DbcId dbc, wire::dbc::Register reg, std::uint32_t value) {
  state_->script.channels[dbc.value].registers[static_cast<std::size_t>(reg) / 4] = value;
  if (state_->script.runs_at_once && reg == wire::dbc::Register::request_tail) state_->script.run(dbc.value);
}

std::vector<std::string> Card::take_messages() {
  return {"scripted"};
}

void Card::core_event(const CoreEvent&) {}

std::optional<std::chrono::nanoseconds> Card::next_deadline() const {
  return std::nullopt;
}

void Card::tick() {}

}  // namespace qaic::sim::device
