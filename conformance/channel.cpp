#include "conformance/channel.hpp"

#include <cerrno>
#include <string>

#include "conformance/program.hpp"
#include "os/file.hpp"
#include "wire/nnc.hpp"

namespace qaic::conformance {

namespace nnc = wire::nnc;

namespace {

constexpr std::size_t kLargestNetwork = 256U << 20;

// RT's habit, which firmware is known to take: eight zero bytes after a command.
base::ByteVector command(base::Bytes bytes) {
  base::ByteVector out(bytes.begin(), bytes.end());
  out.resize(out.size() + 8);
  return out;
}

template <class T>
std::optional<T> passthrough_reply(const Message& message) {
  const base::Bytes reply = message.reply(uapi::TransactionType::passthrough_from_dev);
  return base::read_struct<T>(reply, sizeof(uapi::TransactionHeader));
}

std::optional<std::uint32_t> load_network(Run& run, const Node& node, const std::string& path) {
  const auto file = os::read_file(path, kLargestNetwork);
  if (!file.has_value()) {
    run.skip(file.error().what);
    return std::nullopt;
  }
  const base::Bytes elf = network_in(*file);
  nnc::LoadElfRequest request;
  request.type = static_cast<std::uint32_t>(nnc::Command::load_elf);
  request.tag = 100;
  base::set_fixed_text(request.name, "conformance");
  request.data_length = elf.size();
  Message load;
  load.add_passthrough(command(base::bytes_of(request)));
  load.add_dma(100, reinterpret_cast<std::uintptr_t>(elf.data()), elf.size());
  const int result = load.send(node);
  const auto response = passthrough_reply<nnc::LoadElfResponse>(load);
  if (result < 0 || !response.has_value() || response->elf_id == 0U) {
    run.skip("the card does not load the network: " + result_name(result) + ", status " +
             (response.has_value() ? std::to_string(response->status) : "absent"));
    return std::nullopt;
  }
  return response->elf_id;
}

// Takes the DBC out of the reply, or says why there is none.
std::optional<Channel> take_channel(Run& run, const Message& message, int result) {
  const auto reply = as<uapi::ActivateFromDev>(message.reply(uapi::TransactionType::activate_from_dev));
  if (result == -ECANCELED) {
    run.skip("the card refuses to activate a DBC" +
             (reply.has_value() ? ": status " + std::to_string(static_cast<std::int32_t>(reply->status))
                                : std::string()));
    return std::nullopt;
  }
  if (!run.prepared("activate", result)) return std::nullopt;
  if (!reply.has_value() || reply->dbc_id >= uapi::kDbcCount) {
    (void)run.prepared("read ACTIVATE_FROM_DEV out of the reply", -EPROTO);
    return std::nullopt;
  }
  Channel channel;
  channel.dbc = reply->dbc_id;
  channel.device_address = kBareDeviceAddress + kBareDeviceSize * channel.dbc;
  if (run.settings().device_address.has_value()) channel.device_address = *run.settings().device_address;
  return channel;
}

}  // namespace

std::optional<Channel> Channel::activate(Run& run, const Node& node, std::uint32_t elements) {
  if (!run.settings().network.empty()) return activate_network(run, node, run.settings().network, elements);
  Message message;
  message.add_activate(elements);
  const int result = message.send(node);
  return take_channel(run, message, result);
}

std::optional<Channel> Channel::activate_network(Run& run, const Node& node, const std::string& elf,
                                                 std::uint32_t elements) {
  const auto elf_id = load_network(run, node, elf);
  if (!elf_id.has_value()) return std::nullopt;
  Message message;
  nnc::ActivateRequest request;
  request.type = static_cast<std::uint32_t>(nnc::Command::activate);
  request.elf_id = *elf_id;
  request.resource_res_id = -1;
  request.opt_vc_setup = 1;
  request.vc_res_id = -1;
  request.initial_state = static_cast<std::int32_t>(nnc::InitialState::ready);
  message.add_passthrough(command(base::bytes_of(request)));
  message.add_activate(elements);
  const int result = message.send(node);
  const auto response = passthrough_reply<nnc::ActivateResponse>(message);
  if (result >= 0 && response.has_value() && response->status != 0) {
    run.skip("the card does not activate the network: status " + std::to_string(response->status));
    return std::nullopt;
  }
  auto channel = take_channel(run, message, result);
  if (channel.has_value() && response.has_value()) {
    channel->activation = response->activation_id;
    channel->multicast_address = response->mcid_base;
    if (!run.settings().device_address.has_value()) channel->device_address = response->ddr_base;
  }
  return channel;
}

int Channel::deactivate(const Node& node) const {
  std::uint32_t count = 0;
  std::uint32_t held = 0;
  return deactivate(node, count, held);
}

int Channel::deactivate(const Node& node, std::uint32_t& count, std::uint32_t& held) const {
  nnc::DeactivateRequest request;
  request.type = static_cast<std::uint32_t>(nnc::Command::deactivate);
  request.activation_id = activation.value_or(kBareActivation + dbc);
  request.opt_vc_teardown = 1;
  Message message;
  message.add_passthrough(command(base::bytes_of(request)));
  message.add_deactivate(dbc);
  const int result = message.send(node);
  count = message.reply_count();
  held = message.transactions();
  const auto response = passthrough_reply<nnc::StatusOnlyResponse>(message);
  return result >= 0 && response.has_value() && response->status != 0 ? -EPROTO : result;
}

std::optional<Session> Session::start(Run& run, std::uint32_t elements) {
  auto node = Node::open(run);
  if (!node.has_value()) return std::nullopt;
  auto channel = Channel::activate(run, *node, elements);
  if (!channel.has_value()) return std::nullopt;
  return Session{std::move(*node), *channel};
}

}  // namespace qaic::conformance
