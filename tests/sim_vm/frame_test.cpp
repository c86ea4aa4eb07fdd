#include "sim/vm/frame.hpp"

#include <doctest/doctest.h>

using namespace qaic::sim::vm;

TEST_CASE("a frame is its kind and length, little-endian, and its payload") {
  CHECK(encode_frame(FrameKind::standard_output, "hi") == std::string("\x04\0\0\0\x02\0\0\0hi", 10));
}

TEST_CASE("frames come out of a stream that is cut anywhere") {
  const std::string stream = encode_frame(FrameKind::note, "one line") +
                             encode_frame(FrameKind::want_input, "") + encode_frame(FrameKind::ended, "137");
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    FrameReader reader;
    std::string seen;
    for (const std::string_view part :
         {std::string_view(stream).substr(0, cut), std::string_view(stream).substr(cut)}) {
      reader.append(part);
      for (;;) {
        const auto frame = reader.next();
        REQUIRE(frame);
        if (!*frame) break;
        seen += std::to_string(static_cast<unsigned>((*frame)->kind)) + ":" + (*frame)->payload + ";";
      }
    }
    CHECK(seen == "3:one line;6:;7:137;");
  }
}

TEST_CASE("a kind that does not exist and a payload that is too long are refused") {
  FrameReader unknown;
  unknown.append(std::string_view("\x09\0\0\0\0\0\0\0", 8));
  CHECK_FALSE(unknown.next());
  FrameReader endless;
  endless.append(std::string_view("\x05\0\0\0\x01\0\x04\0", 8));  // 256 KiB and a byte
  const auto frame = endless.next();
  REQUIRE_FALSE(frame);
  CHECK(frame.error().id == "vm-frame");
}
