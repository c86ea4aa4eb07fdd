#include "tools/qaic-fw/unpack.hpp"

#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <string>
#include <utility>

namespace qaic::tools::fw {

namespace {

using base::ByteVector;
using base::Result;

auto refuse(std::string what, std::string hint = {}) {
  return base::fail(
      base::make_error(base::ErrorKind::bad_input, "fw-compression", std::move(what), std::move(hint)));
}

struct XzDecoder {
  lzma_stream stream = LZMA_STREAM_INIT;
  XzDecoder() = default;
  XzDecoder(const XzDecoder&) = delete;
  XzDecoder& operator=(const XzDecoder&) = delete;
  ~XzDecoder() { lzma_end(&stream); }
};

}  // namespace

Result<ByteVector> unpack_zstd(base::Bytes packed, std::size_t limit) {
  const auto size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size == ZSTD_CONTENTSIZE_ERROR) return refuse("not a zstd file");
  if (size == ZSTD_CONTENTSIZE_UNKNOWN) {
    return refuse("the zstd file does not state its content's size, so the kernel cannot load it",
                  "compress it from a file, not from a pipe");
  }
  if (size > limit)
    return refuse("the zstd file's content is larger than " + std::to_string(limit) + " bytes");
  ByteVector out(static_cast<std::size_t>(size));
  const auto got = ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) != 0 || got != out.size()) return refuse("the zstd file is damaged");
  return out;
}

Result<ByteVector> unpack_xz(base::Bytes packed, std::size_t limit) {
  XzDecoder decoder;
  constexpr std::uint64_t kMemory = 128U << 20;  // xz -9 needs 65 MiB
  if (lzma_stream_decoder(&decoder.stream, kMemory, LZMA_TELL_ANY_CHECK) != LZMA_OK) {
    return base::fail(base::make_error(base::ErrorKind::internal, "fw-liblzma", "liblzma cannot start"));
  }
  decoder.stream.next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
  decoder.stream.avail_in = packed.size();
  ByteVector out;
  std::size_t used = 0;
  for (;;) {
    if (used == out.size()) {
      if (used > limit)
        return refuse("the xz file's content is larger than " + std::to_string(limit) + " bytes");
      out.resize(std::max<std::size_t>(1U << 20, out.size() * 2));
    }
    decoder.stream.next_out = reinterpret_cast<std::uint8_t*>(out.data() + used);
    decoder.stream.avail_out = out.size() - used;
    const auto code = lzma_code(&decoder.stream, LZMA_FINISH);
    used = out.size() - decoder.stream.avail_out;
    if (code == LZMA_GET_CHECK) {
      const auto check = lzma_get_check(&decoder.stream);
      if (check != LZMA_CHECK_CRC32 && check != LZMA_CHECK_NONE) {
        return refuse("the xz file's integrity check is not CRC32, so the kernel cannot load it",
                      "compress it with: xz --check=crc32");
      }
    } else if (code == LZMA_STREAM_END) {
      break;
    } else if (code != LZMA_OK) {
      return refuse(code == LZMA_FORMAT_ERROR ? "not an xz file" : "the xz file is damaged or truncated");
    }
  }
  if (used > limit) return refuse("the xz file's content is larger than " + std::to_string(limit) + " bytes");
  out.resize(used);
  return out;
}

}  // namespace qaic::tools::fw
