#!/usr/bin/env bash
# simulated_test.sh RECORD DIFFERENCES: the whole suite on one simulated card, row by
# row against what the real driver did. No case may be skipped.
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

"$sim" run -- "$QAIC_BUILD/bin/qaic-conformance" --kernel 7 >"$work/ktap" 2>"$work/err" || status=$?
# 1: some case did not go as on the real driver. Which ones may is for the comparison.
if [ $status -gt 1 ]; then
  cat "$work/ktap" "$work/err"
  exit 1
fi
planned=$(sed -n 's/^1\.\.//p' "$work/ktap")
ended=$(grep -c -E '^(not )?ok ' "$work/ktap" || true)
[ -n "$planned" ] && [ "$planned" = "$ended" ] || { echo "simulated_test: $ended of $planned cases ended"; exit 1; }
for name in $(sed -n 's/^not ok [0-9]* //p' "$work/ktap"); do
  grep -q "^$name"$'\t' "$2" && continue
  grep -F "$name" "$work/ktap"
  exit 1
done
"$QAIC_SOURCE/conformance/expected/rows" "$work/ktap" >"$work/rows"
"$QAIC_SOURCE/tests/conformance/compare" "$1" "$work/rows" --differences "$2" --complete
