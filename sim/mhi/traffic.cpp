// What moves between the rings and the card.
#include <utility>

#include "sim/mhi/state.hpp"
#include "sim/mhi/time_sync.hpp"

namespace qaic::sim::mhi {

namespace channel = wire::mhi::channel;
using device::Card;
using wire::mhi::DeviceState;
using wire::mhi::ExecEnv;

namespace {

// Answers that may wait for the host's buffers before it is no longer listened to.
constexpr std::size_t kMostWaiting = 32;
// Ours: how long SBL stays for its last log lines and the host's time.
constexpr std::chrono::milliseconds kLeavePatience{500};

}  // namespace

// Ends: each round that goes on has taken elements off rings whose write
// pointers stand still meanwhile.
void Controller::State::run() {
  for (bool worked = true; worked;) {
    worked = transport.deliver_notices();
    tell_restart();
    collect();
    if (connected()) {
      worked |= transport.run_commands();
      worked |= deliver();
      worked |= take();
    }
  }
  finish_boot();
  publish();
}

// Subsystem restart is spoken only with a host that started its channel.
void Controller::State::tell_restart() {
  if (env == ExecEnv::amss && transport.running(channel::kSsr + 1)) {
    world.card.opened(Card::Stream::ssr);
  } else {
    world.card.closed(Card::Stream::ssr);
  }
}

void Controller::State::publish() {
  if (const auto vector = transport.publish()) world.interrupts.raise(*vector);
}

bool Controller::State::deliver() {
  bool worked = false;
  for (Transport::Pair pair = 0; pair < channel::kEnd; pair += 2) worked |= transport.deliver(pair);
  return worked;
}

bool Controller::State::take() {
  bool worked = false;
  for (Transport::Pair pair = 0; pair < channel::kEnd; pair += 2) {
    while (accepts(pair)) {
      const auto message = transport.take(pair);
      if (!message) break;
      receive(pair, *message);
      collect();
      worked = true;
    }
  }
  return worked;
}

// A host that does not read answers is not listened to.
bool Controller::State::accepts(Transport::Pair pair) const {
  return transport.backlog(pair) < kMostWaiting;
}

void Controller::State::receive(Transport::Pair pair, base::Bytes message) {
  if (pair == channel::kLoopback) {
    send(pair, {message.begin(), message.end()});
    return;
  }
  if (env == ExecEnv::sbl && second_stage) {
    second_stage->receive(pair, message);
    return;
  }
  if (env != ExecEnv::amss) return;
  host_spoke = true;
  switch (pair) {
    case channel::kControl:
      world.card.control(message);
      return;
    case channel::kSsr:
      world.card.receive(Card::Stream::ssr, message);
      return;
    case channel::kStatus:
      world.card.receive(Card::Stream::ras, message);
      return;
    case channel::kTimesyncPeriodic:
      if (const auto offset = time_in(message)) time_offset = offset;
      return;
    default:
      return;  // channels of the table that nobody serves here: taken, as the host needs its buffers back
  }
}

// What the card has to say, into the queues of its channels.
void Controller::State::collect() {
  if (second_stage) {
    for (Outgoing& message : second_stage->take_outgoing()) send(message.pair, std::move(message.bytes));
  }
  for (base::ByteVector& reply : world.card.take_replies()) send(channel::kControl, std::move(reply));
  for (Card::Outgoing& message : world.card.take_outgoing()) {
    switch (message.stream) {
      case Card::Stream::ras:
        send(channel::kStatus, std::move(message.bytes));
        break;
      case Card::Stream::ssr:
        send(channel::kSsr, std::move(message.bytes));
        break;
      case Card::Stream::log:  // the channel is SBL's
        if (env == ExecEnv::sbl) send(channel::kLogging, std::move(message.bytes));
        break;
    }
  }
}

void Controller::State::send(Transport::Pair pair, base::ByteVector bytes) {
  if (!transport.send(pair, std::move(bytes))) {
    say("channel " + std::to_string(pair + 1) + ": the host gives no buffers, a message is lost");
  }
}

// SBL to AMSS, when all firmware is here and what SBL had to say is said.
void Controller::State::finish_boot() {
  if (!second_stage || env != ExecEnv::sbl || state != DeviceState::m0) return;
  if (!second_stage->loaded()) return;
  const auto now = world.clock.monotonic();
  if (!leave_by) {
    leave_by = now + kLeavePatience;
    dump.reset();  // kept until here: a host that begins anew finds it again
    world.card.boot();
    run();
    return;
  }
  const bool time_wanted = transport.running(channel::kTimesync + 1) && !second_stage->host_time();
  const bool untold = transport.backlog(channel::kSahara) != 0 || transport.backlog(channel::kLogging) != 0 ||
                      transport.backlog(channel::kTimesync) != 0;
  if ((time_wanted || untold) && now < *leave_by) return;
  leave_by.reset();
  second_stage.reset();
  transport.forget_channels();
  enter(ExecEnv::amss);
  transport.announce(ExecEnv::amss);
  transport.deliver_notices();
}

}  // namespace qaic::sim::mhi
