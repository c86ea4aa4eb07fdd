#!/usr/bin/env bash
# uapi_pin.sh SERIES COMPILER: compiles uapi_pin.cpp against the kernel's own
# qaic_accel.h, fetched into a cache: QAIC_CACHE, or the build folder. Every
# check is a static_assert, so that compiling it is the test.
set -euo pipefail
series=$1
compiler=$2
cache=${QAIC_CACHE:-$QAIC_BUILD/cache}/kernel-headers
headers=$("$QAIC_SOURCE/scripts/fetch-kernel-headers" "$cache" "$series") || exit $?
"$compiler" -std=c++20 -fsyntax-only -Wall -D__user= -DSZ_4K=4096 -isystem "$headers/drm" -I "$QAIC_SOURCE" \
  "$QAIC_SOURCE/tests/wire/uapi_pin.cpp"
checks=$(grep -c -E '^(SAME_)' "$QAIC_SOURCE/tests/wire/uapi_pin.cpp")
echo "wire/uapi.hpp agrees with $(cat "$headers/package"): $checks checks"
