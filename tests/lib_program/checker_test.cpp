#include "lib/program/checker.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "lib/program/demand.hpp"
#include "lib/program/elf.hpp"
#include "lib/program/inspect.hpp"
#include "lib/program/metadata.hpp"
#include "tests/lib_program/material.hpp"
#include "tests/lib_program/mutations.hpp"
#include "wire/qpc.hpp"

namespace {

using namespace qaic;
using namespace qaic::samples;
using program::Finding;
using program::Findings;
using program::Severity;

std::vector<Mutation> all_mutations() {
  std::vector<Mutation> out(host_mutations().begin(), host_mutations().end());
  out.insert(out.end(), card_mutations().begin(), card_mutations().end());
  return out;
}

const program::Rule& rule(std::string_view id) {
  const auto it = std::ranges::find(program::rules(), id, &program::Rule::id);
  REQUIRE_MESSAGE(it != program::rules().end(), id);
  return *it;
}

// As `qaic-qpc check` does it.
Findings checked(const program::Program& program) {
  Findings out = program::check_program(program);
  program::check_fit(program, {}, out);
  return out;
}

bool has(const Findings& findings, std::string_view rule) {
  return std::ranges::find(findings.list(), rule, &Finding::rule) != findings.list().end();
}

std::string text(const Findings& findings) {
  std::string out;
  for (const auto& f : findings.list()) {
    out += std::string(severity_name(f.severity)) + " " + std::string(f.rule) + " " + f.place + ": " +
           f.reason + "\n";
  }
  return out;
}

// What is true of any program without errors: it can be shown and planned, and
// every slice that a driver would get is inside what it is a slice of.
void check_harmless(const program::Program& p) {
  CHECK(!program::inspect_json(p).empty());
  const auto plan = program::plan_submission(p.metadata, p.descriptor);
  REQUIRE(plan);
  for (const auto& bo : plan->bos) {
    REQUIRE(bo.size != 0);
    for (const auto& slice : bo.slices) {
      const auto entry = program::resolve(slice, {1ULL << 40, 2ULL << 40, 3ULL << 40});
      CHECK(entry.offset + entry.size <= bo.size);
      CHECK((entry.db_len == 0 || entry.db_addr % (entry.db_len / 8) == 0));
      int presyncs = 0;
      for (const auto& sem : entry.sem) {
        presyncs += sem.presync;
        CHECK(sem.val <= 4095);
        CHECK(sem.index <= 31);
      }
      CHECK(presyncs <= 1);
      if (slice.size == 0) continue;
      const auto& m = p.metadata;
      const std::uint64_t room = slice.space == wire::qpc::AddressSpace::multicast
                                     ? m.host_multicast.at(slice.mcid).size
                                 : slice.space == wire::qpc::AddressSpace::ddr ? m.static_shared_ddr_size
                                                                               : m.dynamic_shared_ddr_size;
      CHECK(slice.dev_offset <= room);
      CHECK(slice.size <= room - slice.dev_offset);
    }
  }
}

}  // namespace

TEST_CASE("a rule has its own id, and an error id if it refuses") {
  std::set<std::string_view> ids;
  for (const auto& rule : program::rules()) {
    CHECK_MESSAGE(ids.insert(rule.id).second, rule.id);
    CHECK_MESSAGE((rule.severity == Severity::error) == !rule.error_id.empty(), rule.id);
    CHECK_MESSAGE(!rule.meaning.empty(), rule.id);
  }
}

TEST_CASE("good programs break no rule") {
  for (const auto& material : materials()) {
    const auto file = file_of(material);
    const auto read = program::read_program(file);
    REQUIRE_MESSAGE(read, material.name);
    const Findings findings = checked(*read);
    CHECK_MESSAGE(findings.count(Severity::error) == 0, material.name, "\n", text(findings));
    CHECK_MESSAGE(findings.count(Severity::warning) == 0, material.name, "\n", text(findings));
    CHECK_MESSAGE(has(findings, "device-unknown"), material.name);
    CHECK(program::parse_program(file));
    check_harmless(*read);
  }
}

TEST_CASE("metadata twice is noted, and only the bare one counts") {
  constexpr std::size_t kBeforeFlatbuffer = 8;
  for (const auto& sample : materials()) {
    const auto with_bare = [&](const program::Metadata& bare, const program::Metadata& other) {
      Material material = sample;
      const auto written = program::write_metadata(bare);
      material.elf = program::with_section(material.elf, wire::qpc::kBareMetadataSection,
                                           base::Bytes(written).subspan(kBeforeFlatbuffer))
                         .value();
      material.m = other;
      return file_of(material);
    };
    program::Metadata greedy = sample.m;
    greedy.num_nsps = 99;
    const auto twice = with_bare(sample.m, greedy);
    const Findings findings = checked(program::read_program(twice).value());
    const auto found = std::ranges::find(findings.list(), "elf-two-metadata", &Finding::rule);
    REQUIRE_MESSAGE(found != findings.list().end(), sample.name);
    CHECK(found->severity == Severity::note);
    CHECK(found->place == "elf.metadata_fb");
    CHECK(found->reason == "there are two sections of metadata; metadata_fb is the one that counts");
    CHECK_MESSAGE(findings.count(Severity::error) == 0, sample.name, "\n", text(findings));
    CHECK(program::parse_program(twice));
    CHECK_FALSE(program::parse_program(with_bare(greedy, sample.m)));
    CHECK_FALSE(has(checked(program::read_program(file_of(sample)).value()), "elf-two-metadata"));
  }
}

TEST_CASE("what a NOP names is used by nobody, so anything may stand there") {
  for (auto material : materials()) {
    for (auto& request : material.m.requests) {
      request.semaphores.push_back({wire::uapi::SemaphoreCommand::nop, 40, 5000, {}, true, false});
    }
    const auto file = file_of(material);
    const auto read = program::read_program(file);
    REQUIRE(read);
    const Findings findings = checked(*read);
    CHECK_MESSAGE(findings.count(Severity::error) == 0, material.name, "\n", text(findings));
    check_harmless(*read);
  }
}

TEST_CASE("every rule has a program that breaks just it") {
  // The rest cannot be broken alone: a program of 17 NSPs or 33 semaphores breaks
  // the rule of the metadata too, metadata twice is no change to values.
  const std::set<std::string_view> elsewhere = {"device-unknown", "fit-nsps", "fit-semaphores",
                                                "elf-two-metadata"};
  std::set<std::string_view> broken;
  for (const auto& base : materials()) {
    for (const auto& mutation : all_mutations()) {
      Random random(7);
      Material material = base;
      mutation.change(material, random);
      const auto file = file_of(material);
      const auto read = program::read_program(file);
      REQUIRE_MESSAGE(read, base.name, " ", mutation.rule, ": ", read.error().what);
      Findings findings = program::check_program(*read);
      const bool is_of_card = mutation.rule.starts_with("fit-") && mutation.rule != "fit-queue";
      if (is_of_card) program::check_fit(*read, {}, findings);
      CHECK_MESSAGE(has(findings, mutation.rule), base.name, " does not break ", mutation.rule, "\n",
                    text(findings));
      for (const auto& finding : findings.list()) {
        CHECK_MESSAGE((finding.severity != Severity::error || finding.rule == mutation.rule), base.name,
                      " for ", mutation.rule, ": ", finding.rule, " ", finding.reason);
      }
      const auto loaded = program::parse_program(file);
      const bool refuses = rule(mutation.rule).severity == Severity::error && !is_of_card;
      CHECK_MESSAGE(loaded.has_value() != refuses, mutation.rule);
      if (refuses && !loaded) CHECK(loaded.error().id == rule(mutation.rule).error_id);
      broken.insert(mutation.rule);
    }
  }
  for (const auto& rule : program::rules()) {
    CHECK_MESSAGE((broken.contains(rule.id) || elsewhere.contains(rule.id)), rule.id, " has no mutation");
  }
}

TEST_CASE("of 10000 mutants nine in ten are refused by the rule they were made for, the rest do no harm") {
  const auto bases = materials();
  std::vector<Mutation> refusing;
  for (const auto& mutation : all_mutations()) {
    if (rule(mutation.rule).severity == Severity::error && mutation.rule != "fit-queue")
      refusing.push_back(mutation);
  }
  Random random(20260401);
  constexpr std::size_t kMutants = 10000;
  std::size_t own = 0;
  std::size_t other = 0;
  std::size_t unread = 0;
  std::size_t accepted = 0;
  std::map<std::string_view, std::size_t> missed;
  for (std::size_t i = 0; i < kMutants; ++i) {
    const Mutation& mutation = refusing[i % refusing.size()];
    Material material = bases[random.below(bases.size())];
    mutation.change(material, random);
    // One in four is broken a second time, as real damage is.
    if (random.below(4) == 0) {
      try {
        refusing[random.below(refusing.size())].change(material, random);
      } catch (const std::out_of_range&) {
        // The first change took away what the second one would have changed.
      }
    }
    const auto file = file_of(material);
    const auto read = program::read_program(file);
    if (!read) {
      ++unread;
      ++missed[mutation.rule];
      continue;
    }
    const Findings findings = checked(*read);
    if (has(findings, mutation.rule)) {
      ++own;
    } else {
      ++missed[mutation.rule];
      ++(findings.count(Severity::error) != 0 ? other : accepted);
      if (findings.count(Severity::error) == 0) check_harmless(*read);
    }
  }
  for (const auto& [id, count] : missed) MESSAGE(id << " not reported " << count << " times");
  MESSAGE(own << " of " << kMutants << " refused by their own rule, " << other << " by another, " << unread
              << " not readable, " << accepted << " harmless");
  CHECK(own * 10 >= kMutants * 9);
  CHECK(own + other + unread + accepted == kMutants);
}

TEST_CASE("bytes changed at random are refused or do no harm") {
  const auto bases = materials();
  Random random(41);
  std::size_t accepted = 0;
  for (int i = 0; i < 3000; ++i) {
    const Material& base = bases[random.below(2)];  // the small ones: a byte changed is one that counts
    auto file = file_of(base);
    for (std::size_t n = random.between(1, 3); n > 0; --n) {
      file[random.below(file.size())] = static_cast<std::byte>(random.below(256));
    }
    const auto read = program::read_program(file);
    if (!read || checked(*read).count(Severity::error) != 0) continue;
    ++accepted;
    check_harmless(*read);
  }
  MESSAGE(accepted << " of 3000 accepted");
  CHECK(accepted > 0);
}

TEST_CASE("a card that is too small is told from one that is large enough") {
  const Material material = materials().at(1);
  const auto file = file_of(material);
  const auto read = program::read_program(file);
  REQUIRE(read);
  for (const auto& [id, change] :
       std::initializer_list<std::pair<std::string_view, void (*)(program::CardLimits&)>>{
           {"fit-nsps", [](auto& c) { c.nsps = 2; }},
           {"fit-semaphores", [](auto& c) { c.semaphores = 2; }},
           {"fit-multicast-ids", [](auto& c) { c.multicast_ids = 3; }},
           {"fit-memory", [](auto& c) { c.memory_bytes = 8191; }}}) {
    program::CardLimits card;
    change(card);
    card.severity = Severity::warning;
    Findings findings;
    program::check_fit(*read, card, findings);
    CHECK(findings.list().size() == 1);
    CHECK(has(findings, id));
    CHECK(findings.count(Severity::warning) == 1);
  }
  Findings none;
  program::check_fit(*read, {3, 3, 4, program::demand_of(*read).memory_bytes, Severity::error}, none);
  CHECK_MESSAGE(none.list().empty(), text(none));
}

TEST_CASE("findings are kept up to a limit and counted beyond it") {
  Findings findings;
  for (int i = 0; i < 1500; ++i) findings.add("request-idle", "here", "why");
  findings.add("request-none", "there", "late");
  CHECK(findings.list().size() == Findings::kMost);
  CHECK(findings.left_out() == 501);
  REQUIRE(findings.first_error());
  CHECK(findings.first_error()->id == "qpc-empty");
}
