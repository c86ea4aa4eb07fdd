#include "tools/qaic-run/agreement.hpp"

#include <doctest/doctest.h>

using namespace qaic;
using namespace qaic::tools::run;

namespace {

Outcome gave(int value) {
  Outcome outcome;
  outcome.outputs = {{}, {std::byte{1}, static_cast<std::byte>(value)}};
  return outcome;
}

}  // namespace

TEST_CASE("the odd one of several cards is the one that most do not agree with") {
  const auto a = gave(1);
  const auto b = gave(1);
  const auto odd = gave(2);
  const auto found = agreement_of({&odd, &a, &b});
  CHECK(found.majority);
  CHECK(found.agrees == std::vector<bool>{false, true, true});
  CHECK(agreement_of({&a, &b}).agrees == std::vector<bool>{true, true});
}

TEST_CASE("of two that differ, or of halves, none is the odd one") {
  const auto a = gave(1);
  const auto b = gave(2);
  const auto found = agreement_of({&a, &b});
  CHECK_FALSE(found.majority);
  CHECK(found.agrees == std::vector<bool>{false, false});
  CHECK_FALSE(agreement_of({&a, &b, &a, &b}).majority);
}

TEST_CASE("one other output of a batch is enough to differ") {
  auto a = gave(1);
  auto b = gave(1);
  const auto c = gave(1);
  a.batch_outputs = {{{std::byte{5}}}};
  b.batch_outputs = {{{std::byte{6}}}};
  CHECK_FALSE(agreement_of({&a, &b, &c}).majority);
}
