#!/usr/bin/env bash
# vm_test.sh KERNEL RECORD: the whole suite on the real driver of that kernel, in a virtual
# machine with two simulated cards, against what was recorded; within four minutes.
set -euo pipefail
sim=$QAIC_BUILD/bin/qaic-sim
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What it takes to have the guest at all is not the suite's time.
status=0
"$sim" vm --kernel "$1" --prepare >"$work/release" 2>"$work/err" || status=$?
if [ $status = 10 ]; then
  cat "$work/err"
  exit 77
fi
[ $status = 0 ] || { cat "$work/err"; exit 1; }
echo "kernel $(cat "$work/release"), recorded: $(sed -n 's/^# Linux \([^ ]*\).*/\1/p' "$2")"

start=$SECONDS
"$sim" vm --kernel "$1" --cards 2 --timeout 400s --kernel-log "$work/log" -- \
  "$QAIC_BUILD/bin/qaic-conformance" --node /dev/accel/accel0 --node /dev/accel/accel1 \
  --crash-network "$QAIC_BUILD/networks/crash/programqpc.bin" --destructive >"$work/ktap" 2>"$work/err" || status=$?
took=$((SECONDS - start))
show() { grep -B20 '^not ok' "$work/ktap" | tail -n 60 || true; tail -n 20 "$work/err"; tail -n 20 "$work/log"; exit 1; }
[ $status = 0 ] || show
"$QAIC_SOURCE/tests/conformance/ktap" "$work/ktap" || exit 1
"$QAIC_SOURCE/conformance/expected/rows" "$work/ktap" >"$work/rows"
"$QAIC_SOURCE/tests/conformance/compare" "$2" "$work/rows" --complete || exit 1
grep -q 'Oops' "$work/log" && { echo "the kernel oopsed"; show; }
echo "$took s"
[ $took -le 240 ]
