#include "lib/firmware/digest.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

namespace qaic::firmware {

std::optional<Sha384> sha384(base::Bytes bytes) {
  Sha384 out{};
  unsigned int size = 0;
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  if (EVP_Digest(bytes.data(), bytes.size(), to, &size, EVP_sha384(), nullptr) != 1 || size != out.size()) {
    ERR_clear_error();
    return std::nullopt;
  }
  return out;
}

std::string hex(base::Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::byte b : bytes) {
    out += kDigits[std::to_integer<unsigned>(b) >> 4];
    out += kDigits[std::to_integer<unsigned>(b) & 15];
  }
  return out;
}

}  // namespace qaic::firmware
