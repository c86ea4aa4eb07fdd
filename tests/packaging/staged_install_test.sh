#!/usr/bin/env bash
# The libraries installed into a folder of their own are enough to build and
# start the examples: headers, pkg-config files, libraries.
set -euo pipefail
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
for component in libqaic libqaic-dev libqaic-fw libqaic-fw-dev; do
  cmake --install "$QAIC_BUILD" --prefix "$stage" --component $component > "$stage/install.log"
done
pc=$(find "$stage" -name qaic.pc)
export PKG_CONFIG_PATH=${pc%/*}
libdir=$(pkg-config --variable=libdir qaic)

# shellcheck disable=SC2046
cc -std=c11 -Wall -Wextra -Werror "$QAIC_SOURCE/examples/cards.c" $(pkg-config --cflags --libs qaic) -o "$stage/cards"
# shellcheck disable=SC2046
cc -std=c11 -Wall -Wextra -Werror "$QAIC_SOURCE/examples/queue.c" $(pkg-config --cflags --libs qaic) -o "$stage/queue"
# shellcheck disable=SC2046
c++ -std=c++20 -Wall -Wextra -Werror "$QAIC_SOURCE/examples/run_network.cpp" \
  $(pkg-config --cflags --libs qaic) -o "$stage/run_network"
# shellcheck disable=SC2046
cc -std=c11 -Wall -Wextra -Werror "$QAIC_SOURCE/examples/verify_image.c" $(pkg-config --cflags --libs qaic-fw) \
  -o "$stage/verify_image"

export LD_LIBRARY_PATH=$libdir
grep -q "libqaic.so.0 => $libdir" <(ldd "$stage/cards") || { ldd "$stage/cards"; exit 1; }

# Exit codes are the library's error kinds: 0 with cards, 3 without any.
status=0
"$stage/cards" > "$stage/cards.out" 2> "$stage/cards.err" || status=$?
if [ $status -ne 0 ] && [ $status -ne 3 ]; then
  cat "$stage/cards.err"; exit 1
fi
# A program that is not there is a bad file, whatever cards there are.
status=0
"$stage/run_network" "$stage/nothing" 2> "$stage/run.err" || status=$?
[ $status -eq 9 ] || { echo "exit code $status"; cat "$stage/run.err"; exit 1; }
grep -q "cannot open $stage/nothing" "$stage/run.err"
# What is no firmware image is told from a bad one.
grep -q "libqaic-fw.so.0 => $libdir" <(ldd "$stage/verify_image") || { ldd "$stage/verify_image"; exit 1; }
status=0
"$stage/verify_image" "$stage/run.err" > "$stage/verify.out" || status=$?
[ $status -eq 9 ] || { echo "exit code $status"; cat "$stage/verify.out"; exit 1; }
