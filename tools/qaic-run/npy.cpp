#include "tools/qaic-run/npy.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "base/checked.hpp"

namespace qaic::tools::run {

using base::Bytes;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

auto bad(std::string what) {
  return fail(base::make_error(base::ErrorKind::bad_input, "tensor-npy", ".npy: " + std::move(what),
                               "write it with numpy.save, C order, little-endian"));
}

// The text after 'key': in the header's dictionary, blanks removed.
std::optional<std::string_view> value_of(std::string_view header, std::string_view key) {
  const std::string quoted = fmt::format("'{}':", key);
  const auto at = header.find(quoted);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = header.substr(at + quoted.size());
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  return rest;
}

Result<std::vector<std::int64_t>> parse_shape(std::string_view text) {
  if (!text.starts_with('(')) return bad("the header's shape is no tuple");
  text.remove_prefix(1);
  std::vector<std::int64_t> shape;
  for (;;) {
    while (text.starts_with(' ') || text.starts_with(',')) text.remove_prefix(1);
    if (text.starts_with(')')) return shape;
    std::int64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0 || shape.size() >= 32)
      return bad("the header's shape is malformed");
    shape.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  }
}

}  // namespace

bool is_npy(Bytes bytes) {
  return bytes.size() >= kMagic.size() && base::as_text(bytes.first(kMagic.size())) == kMagic;
}

Result<Npy> parse_npy(Bytes file) {
  if (!is_npy(file) || file.size() < 10) return bad("the file does not start with a .npy header");
  const auto major = std::to_integer<unsigned>(file[6]);
  if (major < 1 || major > 3) return bad(fmt::format("format version {} is not known", major));
  std::size_t length = 0;
  std::size_t start = 10;
  if (major == 1) {
    length = *base::read_struct<base::le16>(file, 8);
  } else {
    const auto wide = base::read_struct<base::le32>(file, 8);
    if (!wide) return bad("the header is cut off");
    length = *wide;
    start = 12;
  }
  const auto header_bytes = base::slice(file, start, length);
  if (!header_bytes) return bad("the header is cut off");
  const std::string_view header = base::as_text(*header_bytes);

  const auto descr = value_of(header, "descr");
  const auto order = value_of(header, "fortran_order");
  const auto shape = value_of(header, "shape");
  if (!descr || !order || !shape) return bad("the header lacks descr, fortran_order or shape");
  if (descr->size() < 5 || descr->front() != '\'') return bad("structured types are not supported");
  const auto quote = descr->find('\'', 1);
  if (quote == std::string_view::npos) return bad("the header's descr is malformed");
  std::string_view type = descr->substr(1, quote - 1);
  if (type.starts_with('>')) return bad("big-endian data is not supported");
  if (!type.starts_with('<') && !type.starts_with('|') && !type.starts_with('=')) {
    return bad(fmt::format("type '{}' is not supported", type));
  }
  type.remove_prefix(1);
  if (type.empty()) return bad("the header's descr names no type");

  Npy npy;
  npy.type = type == "b1" ? "i1" : std::string(type);  // bool travels as int8
  QAIC_TRY(npy.shape, parse_shape(*shape));
  if (order->starts_with("True") && npy.shape.size() > 1) return bad("Fortran order is not supported");
  if (!order->starts_with("True") && !order->starts_with("False")) return bad("fortran_order is malformed");
  std::uint64_t element = 0;
  const auto [rest, error] = std::from_chars(type.data() + 1, type.data() + type.size(), element);
  if (error != std::errc() || rest != type.data() + type.size() || element == 0 || element > 16) {
    return bad(fmt::format("type '{}' is not supported", type));
  }
  std::uint64_t size = element;
  for (const auto dimension : npy.shape) {
    const auto product = base::checked_multiply(size, static_cast<std::uint64_t>(dimension));
    if (!product) return bad("the shape's size overflows");
    size = *product;
  }
  npy.data_offset = start + length;
  if (file.size() - npy.data_offset != size) {
    return bad(fmt::format("type and shape say {} bytes of data, the file has {}", size,
                           file.size() - npy.data_offset));
  }
  npy.data_size = static_cast<std::size_t>(size);
  return npy;
}

std::string npy_header(const std::string& type, const std::vector<std::int64_t>& shape) {
  std::string tuple;
  for (const auto dimension : shape) tuple += fmt::format("{}, ", dimension);
  if (shape.size() > 1) tuple.resize(tuple.size() - 2);
  std::string dictionary = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}), }}",
                                       type.ends_with('1') ? "|" : "<", type, tuple);
  // Header and dictionary together fill a multiple of 64 bytes, newline last.
  while ((10 + dictionary.size() + 1) % 64 != 0) dictionary += ' ';
  dictionary += '\n';
  std::string out(kMagic);
  out += '\x01';
  out += '\0';
  out += static_cast<char>(dictionary.size() & 0xFF);
  out += static_cast<char>(dictionary.size() >> 8);
  return out + dictionary;
}

}  // namespace qaic::tools::run
