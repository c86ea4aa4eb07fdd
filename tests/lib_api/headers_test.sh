#!/usr/bin/env bash
# The installed headers compile alone, strictly, as the languages they promise,
# under every compiler that is here.
set -euo pipefail
include=$QAIC_SOURCE/lib/include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
strict=(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fsyntax-only "-I$include")
tried=0
check() { # COMPILER STANDARD LANGUAGE HEADER
  command -v "$1" > /dev/null || return 0
  printf '#include <qaic/%s>\n#include <qaic/%s>\n' "$4" "$4" > "$work/unit"
  "$1" "-std=$2" "${strict[@]}" -x "$3" "$work/unit"
  tried=$((tried + 1))
}
for c in gcc clang-14; do check $c c11 c qaic.h; done
for cxx in g++ clang++-14; do
  check $cxx c++20 c++ qaic.h
  check $cxx c++11 c++ qaic.h
  check $cxx c++20 c++ qaic.hpp
done
[ $tried -gt 0 ] || { echo "no compiler found"; exit 77; }
