#include "os/close_watch.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/sealed_memory.hpp"

using namespace qaic::os;

TEST_CASE("a file is open only here when the last description and the last mapping are gone") {
  auto file = sealed_memory_file("test", 8192);
  REQUIRE(file);
  CHECK(open_only_here(file->get()));
  auto other = reopen(file->get(), O_RDWR);
  REQUIRE(other);
  CHECK_FALSE(open_only_here(file->get()));
  const int copy = ::dup(other->get());
  other->reset();
  CHECK_FALSE(open_only_here(file->get()));
  void* memory = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, copy, 0);
  REQUIRE(memory != MAP_FAILED);
  ::close(copy);
  CHECK_FALSE(open_only_here(file->get()));
  REQUIRE(::munmap(memory, 4096) == 0);
  CHECK(open_only_here(file->get()));
}

TEST_CASE("a reader elsewhere counts as open") {
  auto file = sealed_memory_file("test", 4096);
  REQUIRE(file);
  auto other = reopen(file->get(), O_RDONLY);
  REQUIRE(other);
  CHECK_FALSE(open_only_here(file->get()));
}

TEST_CASE("each watched file that was closed is named once") {
  auto watch = CloseWatch::create();
  REQUIRE(watch);
  auto first = sealed_memory_file("first", 4096);
  auto second = sealed_memory_file("second", 4096);
  REQUIRE(first);
  REQUIRE(second);
  const auto first_watch = watch->add(first->get());
  const auto second_watch = watch->add(second->get());
  REQUIRE(first_watch);
  REQUIRE(second_watch);
  CHECK(watch->take_closed().empty());
  for (int i = 0; i < 3; ++i) REQUIRE(reopen(first->get(), O_RDWR));
  CHECK(watch->take_closed() == std::vector<int>{*first_watch});
  CHECK(watch->take_closed().empty());
  REQUIRE(reopen(second->get(), O_RDONLY));
  CHECK(watch->take_closed() == std::vector<int>{*second_watch});
}

TEST_CASE("nobody can change the size of sealed memory") {
  auto file = sealed_memory_file("test", 4096);
  REQUIRE(file);
  CHECK(::ftruncate(file->get(), 0) != 0);
  CHECK(::ftruncate(file->get(), 8192) != 0);
}
