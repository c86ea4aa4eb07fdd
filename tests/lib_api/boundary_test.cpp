#include "lib/api/boundary.hpp"

#include <doctest/doctest.h>

#include <cstddef>

#include <stdexcept>
#include <string>

namespace api = qaic::api;
namespace base = qaic::base;

TEST_CASE("a struct is filled no further than the caller's size") {
  struct {
    qaic_inference_stats stats;
    std::uint32_t behind;
  } caller{};
  caller.stats.size = 12;  // an older program: size, queue_level_before, queue_elements
  caller.stats.submit_latency_us = 77;
  caller.behind = 78;
  qaic_inference_stats filled{};
  filled.queue_level_before = 1;
  filled.queue_elements = 2;
  filled.submit_latency_us = 3;
  REQUIRE(api::give(&caller.stats, filled).has_value());
  CHECK(caller.stats.size == 12);
  CHECK(caller.stats.queue_level_before == 1);
  CHECK(caller.stats.queue_elements == 2);
  CHECK(caller.stats.submit_latency_us == 77);
  CHECK(caller.behind == 78);
}

TEST_CASE("what a newer program expects and this library lacks is zero") {
  struct {
    qaic_inference_stats stats;
    std::uint32_t newer;
    std::uint32_t behind;
  } caller{};
  caller.stats.size = sizeof(qaic_inference_stats) + 4;
  caller.newer = 1;
  caller.behind = 2;
  REQUIRE(api::give(&caller.stats, qaic_inference_stats{}).has_value());
  CHECK(caller.newer == 0);
  CHECK(caller.behind == 2);
}

TEST_CASE("a struct without a size is refused") {
  qaic_inference_stats stats{};
  const auto given = api::give(&stats, qaic_inference_stats{});
  REQUIRE_FALSE(given.has_value());
  CHECK(given.error().id == "struct-size");
}

TEST_CASE("an exception becomes an error of kind internal") {
  qaic_error error{};
  const auto thrown = [&](auto exception) {
    return api::guard(&error, [&]() -> base::Result<void> { throw exception; });
  };
  CHECK(thrown(std::runtime_error("broken")) == -1);
  CHECK(error.kind == QAIC_ERROR_INTERNAL);
  CHECK(std::string(error.what) == "broken");
  CHECK(thrown(std::bad_alloc()) == -1);
  CHECK(std::string(error.id) == "memory");
  CHECK(error.kind == QAIC_ERROR_UNAVAILABLE);  // nobody's bug
  CHECK(thrown(7) == -1);
  CHECK(std::string(error.id) == "exception");
  // A caller who wants no error is served too.
  CHECK(api::guard(nullptr, [&]() -> base::Result<void> { throw 7; }) == -1);
}

TEST_CASE("text that is too long for its field is cut and terminated") {
  qaic_error error{};
  api::set_error(&error,
                 base::make_error(base::ErrorKind::device, std::string(100, 'i'), std::string(2000, 'w')));
  CHECK(std::string(error.id).size() == sizeof(error.id) - 1);
  CHECK(std::string(error.what).size() == sizeof(error.what) - 1);
  CHECK(std::string(error.hint).empty());
}

TEST_CASE("a struct of an older caller is taken as far as it goes, the rest is zero") {
  qaic_queue_options options{};
  options.size = offsetof(qaic_queue_options, delivery);
  options.depth = 3;
  options.delivery = 2;  // memory behind an older caller's struct
  const auto older = api::taken(options);
  REQUIRE(older.has_value());
  CHECK(older->depth == 3);
  CHECK(older->delivery == 0);
  options.size = sizeof(options) + 8;
  CHECK(api::taken(options)->delivery == 2);
  options.size = 0;
  CHECK(api::taken(options).error().id == "struct-size");
}
