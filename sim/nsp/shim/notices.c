#include "sim/nsp/shim/shim.h"

static int32_t notice_fd = -1;

void notices_to(int32_t fd) {
  notice_fd = fd;
}

void send_notice(uint32_t kind, uint32_t value, const char* text, uint32_t length) {
  struct {
    struct nsp_notice head;
    char text[NSP_NOTICE_MAX_TEXT];
  } record;
  const int32_t kWrite = 64;
  if (length > NSP_NOTICE_MAX_TEXT) length = NSP_NOTICE_MAX_TEXT;
  record.head.kind = kind;
  record.head.value = value;
  record.head.length = length;
  copy_bytes(record.text, text, length);
  /* Below the pipe's atomic size: records of several threads never mix. */
  system_call(kWrite, (uint32_t)notice_fd, (uint32_t)&record, sizeof(record.head) + length, 0, 0, 0);
}

void fatal(const char* text) {
  uint32_t length = 0;
  while (text[length] != '\0') ++length;
  send_notice(NSP_NOTICE_FATAL, 0, text, length);
  exit_process(NSP_EXIT_FATAL);
}

struct output {
  char* at;
  uint32_t room;
};

static void put(struct output* out, char c) {
  if (out->room == 0) return;
  *out->at++ = c;
  --out->room;
}

/* Digits of `value` in reverse order; base 10 or 16. No division helper exists. */
static uint32_t digits(char* reversed, uint64_t value, uint32_t base, const char* alphabet) {
  uint32_t count = 0;
  do {
    uint32_t rest = 0;
    if (base == 16) {
      rest = (uint32_t)value & 15;
      value >>= 4;
    } else if (value >> 32 == 0) {
      rest = (uint32_t)value % 10;
      value = (uint32_t)value / 10;
    } else {
      uint64_t quotient = 0, remainder = 0;
      for (int bit = 63; bit >= 0; --bit) {
        remainder = remainder << 1 | (value >> bit & 1);
        if (remainder >= 10) {
          remainder -= 10;
          quotient |= 1ULL << bit;
        }
      }
      rest = (uint32_t)remainder;
      value = quotient;
    }
    reversed[count++] = alphabet[rest];
  } while (value != 0);
  return count;
}

struct conversion {
  bool left, zero, plus, space, alternative, has_precision;
  uint32_t width, precision;
  uint32_t longs; /* number of l */
};

static void put_padded(struct output* out, const struct conversion* how, const char* prefix, const char* body,
                       uint32_t length, uint32_t zeros) {
  uint32_t prefix_length = 0;
  while (prefix[prefix_length] != '\0') ++prefix_length;
  uint32_t total = prefix_length + zeros + length;
  if (how->zero && !how->left && total < how->width) {
    zeros += how->width - total;
    total = how->width;
  }
  if (!how->left) {
    for (uint32_t i = total; i < how->width; ++i) put(out, ' ');
  }
  for (uint32_t i = 0; i < prefix_length; ++i) put(out, prefix[i]);
  for (uint32_t i = 0; i < zeros; ++i) put(out, '0');
  for (uint32_t i = 0; i < length; ++i) put(out, body[i]);
  if (how->left) {
    for (uint32_t i = total; i < how->width; ++i) put(out, ' ');
  }
}

static void put_number(struct output* out, struct conversion how, uint64_t value, uint32_t base, bool upper,
                       const char* prefix) {
  char reversed[20], body[20];
  const uint32_t count = digits(reversed, value, base, upper ? "0123456789ABCDEF" : "0123456789abcdef");
  for (uint32_t i = 0; i < count; ++i) body[i] = reversed[count - 1 - i];
  const uint32_t zeros = how.has_precision && how.precision > count ? how.precision - count : 0;
  if (how.has_precision) how.zero = false;
  put_padded(out, &how, prefix, body, count, zeros);
}

uint32_t format_text(char* text, uint32_t room, const char* format, __builtin_va_list arguments) {
  struct output out = {text, room};
  for (; *format != '\0'; ++format) {
    if (*format != '%') {
      put(&out, *format);
      continue;
    }
    struct conversion how = {0};
    for (++format;; ++format) {
      if (*format == '-')
        how.left = true;
      else if (*format == '0')
        how.zero = true;
      else if (*format == '+')
        how.plus = true;
      else if (*format == ' ')
        how.space = true;
      else if (*format == '#')
        how.alternative = true;
      else
        break;
    }
    for (; *format >= '0' && *format <= '9'; ++format) how.width = how.width * 10 + (uint32_t)(*format - '0');
    if (*format == '.') {
      how.has_precision = true;
      for (++format; *format >= '0' && *format <= '9'; ++format) {
        how.precision = how.precision * 10 + (uint32_t)(*format - '0');
      }
    }
    for (; *format == 'l' || *format == 'h' || *format == 'z'; ++format) how.longs += *format == 'l';
    const bool wide = how.longs >= 2;
    switch (*format) {
      case 'd':
      case 'i': {
        int64_t value = wide ? __builtin_va_arg(arguments, int64_t) : __builtin_va_arg(arguments, int32_t);
        const char* sign = value < 0 ? "-" : how.plus ? "+" : how.space ? " " : "";
        put_number(&out, how, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, false, sign);
        break;
      }
      case 'u':
      case 'x':
      case 'X': {
        const uint64_t value =
            wide ? __builtin_va_arg(arguments, uint64_t) : __builtin_va_arg(arguments, uint32_t);
        const bool hex = *format != 'u';
        put_number(&out, how, value, hex ? 16 : 10, *format == 'X', hex && how.alternative ? "0x" : "");
        break;
      }
      case 'p':
        put_number(&out, how, __builtin_va_arg(arguments, uint32_t), 16, false, "0x");
        break;
      case 'c': {
        const char c = (char)__builtin_va_arg(arguments, int32_t);
        put_padded(&out, &how, "", &c, 1, 0);
        break;
      }
      case 's': {
        const char* s = __builtin_va_arg(arguments, const char*);
        if (s == NULL) s = "(null)";
        uint32_t length = 0;
        while ((!how.has_precision || length < how.precision) && s[length] != '\0') ++length;
        how.zero = false;
        put_padded(&out, &how, "", s, length, 0);
        break;
      }
      case 'e':
      case 'f':
      case 'g': {
        /* No floating-point printing here: the bits are true at least. */
        union {
          double value;
          uint64_t bits;
        } number;
        number.value = __builtin_va_arg(arguments, double);
        how.width = 0;
        how.has_precision = false;
        put_number(&out, how, number.bits, 16, false, "double:0x");
        break;
      }
      case '%':
        put(&out, '%');
        break;
      case '\0':
        return room - out.room;
      default:
        put(&out, '%');
        put(&out, *format);
    }
  }
  return room - out.room;
}

uint32_t format_values(char* out, uint32_t room, const char* format, ...) {
  __builtin_va_list arguments;
  __builtin_va_start(arguments, format);
  const uint32_t length = format_text(out, room, format, arguments);
  __builtin_va_end(arguments);
  return length;
}
