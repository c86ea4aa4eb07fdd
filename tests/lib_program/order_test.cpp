#include <doctest/doctest.h>

#include <algorithm>

#include "lib/program/checks.hpp"
#include "tests/lib_program/material.hpp"
#include "tests/lib_program/samples.hpp"

namespace {

using namespace qaic;
using program::DmaRequest;
using program::Findings;
using wire::qpc::PreOrPost;
using wire::uapi::SemaphoreCommand;

// A request of semaphore operations on semaphore 0 only; waits come before.
DmaRequest request(std::initializer_list<std::pair<SemaphoreCommand, std::uint16_t>> ops) {
  DmaRequest out;
  for (const auto& [command, value] : ops) {
    const bool wait = command >= SemaphoreCommand::wait_equal;
    out.semaphores.push_back({command, 0, value, wait ? PreOrPost::pre : PreOrPost::post, false, false});
  }
  return out;
}

Findings ordered(std::uint32_t initial, std::vector<DmaRequest> requests, base::ByteVector context = {}) {
  program::Metadata m = samples::metadata();
  m.semaphore_init = {initial};
  m.requests = std::move(requests);
  m.exec_context = std::move(context);
  Findings out;
  program::check_order(m, out);
  return out;
}

std::string reason(const Findings& findings, std::string_view rule) {
  const auto it = std::ranges::find(findings.list(), rule, &program::Finding::rule);
  return it == findings.list().end() ? "" : it->reason;
}

bool mentions(const Findings& findings, std::string_view rule, std::string_view part) {
  if (reason(findings, rule).find(part) != std::string::npos) return true;
  for (const auto& f : findings.list()) MESSAGE(f.rule << ": " << f.reason);
  return false;
}

constexpr auto kInit = SemaphoreCommand::init;
constexpr auto kInc = SemaphoreCommand::inc;
constexpr auto kDec = SemaphoreCommand::dec;
constexpr auto kEqual = SemaphoreCommand::wait_equal;
constexpr auto kAtLeast = SemaphoreCommand::wait_gt_eq;
constexpr auto kTake = SemaphoreCommand::wait_gt_0;

}  // namespace

TEST_CASE("a credit that the host takes and gives back needs nobody") {
  const auto findings = ordered(1, {request({{kTake, 0}}), request({{kInc, 0}})});
  CHECK(findings.list().size() == 1);
  CHECK(reason(findings, "device-unknown").find("wait for it") == std::string::npos);
}

TEST_CASE("a wait that only the second inference has to make is found too") {
  // The first one finds the initial 1; who makes the next 1 is the card.
  const auto findings = ordered(1, {request({{kEqual, 1}, {kInit, 0}})});
  CHECK(findings.list().size() == 1);
  CHECK(mentions(findings, "device-unknown", "wait for it: 0"));
}

TEST_CASE("what is not known of the code is said once, with the requests that depend on it") {
  const auto none = ordered(1, {request({{kInit, 1}})});
  REQUIRE(none.list().size() == 1);
  CHECK(none.list()[0].rule == "device-unknown");
  CHECK(none.list()[0].severity == program::Severity::note);
  CHECK(none.list()[0].place == "elf");
  CHECK(none.list()[0].reason ==
        "what code on the NSPs does with memory, semaphores and doorbell words is not known");
  // 1 and 3 wait for what the host does not do, 0 and 2 do not wait at all.
  const auto some = ordered(
      0, {request({{kInit, 0}}), request({{kEqual, 7}}), request({{kInit, 0}}), request({{kEqual, 9}})});
  CHECK(reason(some, "device-unknown").ends_with("; DMA requests that wait for it: 1 3"));
  const auto list_of = [](std::size_t count) {
    return reason(ordered(0, std::vector<DmaRequest>(count, request({{kEqual, 7}, {kInit, 0}}))),
                  "device-unknown");
  };
  CHECK(list_of(16).ends_with(": 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"));
  CHECK(list_of(17).ends_with(" 14 15 and 1 more"));
}

TEST_CASE("a wait that a later request ends is the host waiting for itself") {
  CHECK(mentions(
      ordered(0, {request({{kEqual, 2}}), request({{kInc, 0}}), request({{kInc, 0}}), request({{kInit, 0}})}),
      "order-self-wait", "the later request 2"));
  CHECK(mentions(ordered(0, {request({{kAtLeast, 5}}), request({{kInit, 9}}), request({{kInit, 0}})}),
                 "order-self-wait", "the later request 1"));
  CHECK(mentions(ordered(0, {request({{kTake, 0}, {kInc, 0}})}), "order-self-wait", "the same request"));
  // The same operations in the other order are none.
  CHECK(reason(ordered(0, {request({{kInit, 9}}), request({{kAtLeast, 5}}), request({{kInit, 0}})}),
               "order-self-wait")
            .empty());
  // A later operation that leads past the awaited value does not end the wait.
  CHECK(reason(ordered(0, {request({{kEqual, 2}}), request({{kInit, 3}}), request({{kInit, 0}})}),
               "order-self-wait")
            .empty());
}

TEST_CASE("a wait is a deadlock only if the code has no semaphores and no other request ends it") {
  const std::vector<DmaRequest> waits = {request({{kEqual, 1}, {kInit, 0}})};
  CHECK(mentions(ordered(0, waits, samples::exec_context({0, 1, 3})), "order-deadlock", "no other request"));
  CHECK(reason(ordered(0, waits, samples::exec_context({0, 1, 21})), "order-deadlock").empty());
  CHECK(reason(ordered(0, waits), "order-deadlock").empty());
  // The request that would end it stands behind it, and might overtake.
  const std::vector<DmaRequest> later = {request({{kEqual, 1}}), request({{kInit, 1}}),
                                         request({{kInit, 0}})};
  CHECK(reason(ordered(0, later, samples::exec_context({0})), "order-deadlock").empty());
  CHECK(!reason(ordered(0, later, samples::exec_context({0})), "order-self-wait").empty());
  // Its own operations cannot.
  CHECK(mentions(ordered(0, {request({{kTake, 0}, {kInc, 0}})}, samples::exec_context({0})), "order-deadlock",
                 "waits for semaphore 0"));
}

TEST_CASE("an execContext that lists no variables says nothing of semaphores") {
  const std::vector<DmaRequest> waits = {request({{kEqual, 1}, {kInit, 0}})};
  // By hand: a root table with execContextSize 144 and no second field.
  const auto sized_only = samples::hex("0c000000 0600 0800 0400 0000 08000000 90000000");
  CHECK(mentions(ordered(0, waits, sized_only), "device-unknown", "wait for it: 0"));
  CHECK(mentions(ordered(0, waits, samples::exec_context({})), "device-unknown", "wait for it: 0"));
}

TEST_CASE("a list of another exec context's variables says nothing of semaphores") {
  program::Metadata m = samples::metadata();
  m.semaphore_init = {0};
  m.requests = {request({{kEqual, 1}, {kInit, 0}})};
  m.exec_context = samples::exec_context({0, 1, 3});
  for (const auto major : std::initializer_list<std::uint16_t>{4, 5, 6}) {
    m.exec_context_major = major;
    Findings findings;
    program::check_order(m, findings);
    CHECK(reason(findings, "order-deadlock").empty() == (major != 5));
  }
}

TEST_CASE("a semaphore that only ever moves one way is noted") {
  CHECK(mentions(ordered(0, {request({{kInc, 0}}), request({{kInc, 0}})}), "order-drift", "by 2 in each"));
  CHECK(mentions(ordered(9, {request({{kDec, 0}})}), "order-drift", "by -1 in each"));
  CHECK(reason(ordered(9, {request({{kDec, 0}}), request({{kInc, 0}})}), "order-drift").empty());
  CHECK(reason(ordered(9, {request({{kInc, 0}}), request({{kInit, 0}})}), "order-drift").empty());
}

TEST_CASE("a program of many waits is judged as far as there is time, and that is said") {
  std::vector<DmaRequest> many(20000, request({{kEqual, 1}, {kInit, 0}}));
  const auto findings = ordered(0, std::move(many));
  CHECK(mentions(findings, "device-unknown", "too many waits"));
}
