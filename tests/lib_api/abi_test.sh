#!/usr/bin/env bash
# What libqaic.so exports, what its linker map lists and what qaic.h declares
# are the same set of names; and the library needs nothing it should not.
#   abi_test.sh LIBRARY
set -euo pipefail
library=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm -D --defined-only "$library" | awk '$2 == "T" || $2 == "W" || $2 == "D" || $2 == "B" || $2 == "R" {print $3}' |
  sed 's/@.*//' | sort -u > "$work/exported"
sed -n 's/^ *\([a-z_0-9]*\);$/\1/p' "$QAIC_SOURCE/lib/api/libqaic.map" | sort -u > "$work/listed"
# Declarations may span lines; a name is what stands before its parenthesis.
grep -v '^#' "$QAIC_SOURCE/lib/include/qaic/qaic.h" | tr '\n' ' ' | grep -oE 'QAIC_API [^;(]*\(' |
  sed -E 's/.*[ *](qaic_[a-z_0-9]+)\($/\1/' | sort -u > "$work/declared"

failed=0
compare() { # WHAT FILE1 FILE2
  if ! diff -u "$work/$2" "$work/$3" > "$work/difference"; then
    echo "$1:" && cat "$work/difference"
    failed=1
  fi
}
[ -s "$work/exported" ] || { echo "no exported symbol found in $library"; exit 1; }
compare "exported and listed in libqaic.map differ" exported listed
compare "exported and declared in qaic.h differ" exported declared

soname=$(readelf -d "$library" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
[ "$soname" = libqaic.so.0 ] || { echo "soname is $soname"; failed=1; }
# Every library in this list costs each start of each tool (DESIGN: start-up is a feature).
needed=$(readelf -d "$library" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -vE '^lib(c|m|stdc\+\+|gcc_s|elf|asan|ubsan|tsan)\.so|^ld-linux' || true)
[ -z "$needed" ] || { echo "unexpected libraries: $needed"; failed=1; }
exit $failed
