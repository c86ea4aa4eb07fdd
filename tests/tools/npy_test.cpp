#include "tools/qaic-run/npy.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace qaic;
using tools::run::npy_header;
using tools::run::parse_npy;

namespace {

std::string file(const std::string& dictionary, const std::string& data, char major = 1) {
  std::string out = "\x93NUMPY";
  out += major;
  out += '\0';
  out += static_cast<char>(dictionary.size() & 0xFF);
  out += static_cast<char>(dictionary.size() >> 8);
  if (major > 1) out += std::string(2, '\0');
  return out + dictionary + data;
}

std::string error(const std::string& text) {
  const auto parsed = parse_npy(base::as_bytes(text));
  return parsed ? "" : parsed.error().what;
}

}  // namespace

TEST_CASE("a file as numpy.save writes it gives type, shape and where the data is") {
  const std::string text =
      file("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }\n", std::string(24, 'x'));
  const auto npy = parse_npy(base::as_bytes(text));
  REQUIRE(npy.has_value());
  CHECK(npy->type == "i4");
  CHECK(npy->shape == std::vector<std::int64_t>{2, 3});
  CHECK(npy->data_size == 24);
  CHECK(npy->data_offset == text.size() - 24);
  CHECK(parse_npy(base::as_bytes(file("{'descr': '|b1', 'fortran_order': False, 'shape': (), }", "x", 2)))
            ->type == "i1");
}

TEST_CASE("what is written is read back, at a multiple of 64 bytes") {
  for (const auto& shape : {std::vector<std::int64_t>{}, {5}, {1, 2, 3}}) {
    std::size_t size = 4;
    for (const auto dimension : shape) size *= static_cast<std::size_t>(dimension);
    const std::string header = npy_header("f4", shape);
    CHECK(header.size() % 64 == 0);
    const std::string text = header + std::string(size, '\0');
    const auto npy = parse_npy(base::as_bytes(text));
    REQUIRE(npy.has_value());
    CHECK(npy->shape == shape);
  }
}

TEST_CASE("each kind of file that cannot be a tensor is refused with its reason") {
  const std::string data(8, '\0');
  CHECK(error("PK").find("does not start") != std::string::npos);
  // Digits up to the file's end: nothing may read on beyond it.
  CHECK(error(file("{'fortran_order': False, 'shape': (2,), 'descr': '<'" + std::string(40, '0'), ""))
            .find("names no type") != std::string::npos);
  CHECK(error(file("{'descr': '>i4', 'fortran_order': False, 'shape': (2,), }", data)).find("big-endian") !=
        std::string::npos);
  CHECK(error(file("{'descr': '<i4', 'fortran_order': True, 'shape': (1, 2), }", data)).find("Fortran") !=
        std::string::npos);
  CHECK(error(file("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,), }", data))
            .find("structured") != std::string::npos);
  CHECK(error(file("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", data)).find("not supported") !=
        std::string::npos);
  CHECK(error(file("{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", data)).find("12 bytes") !=
        std::string::npos);
  CHECK(error(file("{'descr': '<i4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4), }", data))
            .find("overflows") != std::string::npos);
  CHECK(error(file("{'descr': '<i4', 'fortran_order': False, 'shape': (-1,), }", data)).find("malformed") !=
        std::string::npos);
  CHECK(error(file("{'descr': '<i4', 'shape': (2,), }", data)).find("lacks") != std::string::npos);
  CHECK(error(std::string("\x93NUMPY\x01\x00\xFF\xFFx", 11)).find("cut off") != std::string::npos);
  CHECK(error(file("{}", data, 9)).find("version 9") != std::string::npos);
}
