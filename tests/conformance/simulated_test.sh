#!/usr/bin/env bash
# simulated_test.sh RECORD FATAL DIFFERENCES: the whole suite on two simulated cards, row by
# row against what the real driver did. No case may be skipped but those that DIFFERENCES names.
# FATAL is the record of the cases that may bring a real kernel down.
set -euo pipefail
sim=$QAIC_BUILD/bin/qaic-sim
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

status=0
"$sim" run -- true >"$work/out" 2>"$work/err" || status=$?
if [ $status = 10 ]; then
  cat "$work/err"
  exit 77
fi
[ $status = 0 ] || { cat "$work/err"; exit 1; }

"$sim" run --cards 2 -- "$QAIC_BUILD/bin/qaic-conformance" --kernel 7 --node /dev/accel/accel0 \
  --node /dev/accel/accel1 --crash-network "$QAIC_BUILD/networks/crash/programqpc.bin" --fatal \
  >"$work/ktap" 2>"$work/err" || status=$?
# 1: some case did not go as on the real driver. Which ones may is for the comparison.
if [ $status -gt 1 ]; then
  cat "$work/ktap" "$work/err"
  exit 1
fi
"$QAIC_SOURCE/tests/conformance/ktap" "$work/ktap" || exit 1
for name in $(sed -n 's/^not ok [0-9]* //p' "$work/ktap"); do
  grep -q "^$name"$'\t' "$3" && continue
  grep -F "$name" "$work/ktap"
  exit 1
done
"$QAIC_SOURCE/conformance/expected/rows" "$work/ktap" >"$work/rows"
cat "$1" "$2" >"$work/record"
"$QAIC_SOURCE/tests/conformance/compare" "$work/record" "$work/rows" --differences "$3" --complete
