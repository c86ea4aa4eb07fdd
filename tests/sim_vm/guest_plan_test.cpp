#include "sim/vm/guest_plan.hpp"

#include <doctest/doctest.h>

#include "sim/vm/guest_files.hpp"

using namespace qaic::sim::vm;

TEST_CASE("a plan arrives as it was made, empty and odd texts included") {
  GuestPlan plan;
  plan.modules = {"/modules/00-9p.ko", "/modules/01-mhi.ko"};
  plan.driver = "/modules/qaic.ko";
  plan.driver_parameters = "datapath_polling=1";
  plan.nodes = 4;
  plan.ready_timeout_ms = 30000;
  plan.firmware_tag = "images";
  plan.writable = {{"s0", "/home/a folder"}, {"s1", "/tmp"}};
  plan.folder = "/home/a folder/x";
  plan.umask = 027;
  plan.command = {"sh", "-c", "echo a=b\n", ""};
  plan.environment = {"A=", "B=x=y"};
  const auto got = decode_plan(encode_plan(plan));
  REQUIRE(got);
  CHECK(got->modules == plan.modules);
  CHECK(got->driver == plan.driver);
  CHECK(got->driver_parameters == plan.driver_parameters);
  CHECK(got->nodes == 4);
  CHECK(got->ready_timeout_ms == 30000);
  CHECK(got->firmware_tag == "images");
  REQUIRE(got->writable.size() == 2);
  CHECK(got->writable[0].tag == "s0");
  CHECK(got->writable[0].path == "/home/a folder");
  CHECK(got->folder == plan.folder);
  CHECK(got->umask == 027);
  CHECK(got->command == plan.command);
  CHECK(got->environment == plan.environment);
}

TEST_CASE("a plan that is cut or holds something unknown is refused") {
  using std::string_view_literals::operator""sv;
  for (const auto text : {"nodes=1"sv, "nodes=x\0"sv, "nodes\0"sv, "colour=red\0"sv, "share=alone\0"sv}) {
    CHECK_FALSE(decode_plan(text));
  }
}

TEST_CASE("a folder inside another one is shared once, and never the whole host") {
  const auto shares = writable_shares({"/tmp/work", "/home/me", "/", "/tmp", "/tmpfiles", "/home/me"});
  REQUIRE(shares.size() == 3);
  CHECK(shares[0].path == "/home/me");
  CHECK(shares[1].path == "/tmp");
  CHECK(shares[2].path == "/tmpfiles");
  CHECK(shares[0].tag != shares[1].tag);
}
