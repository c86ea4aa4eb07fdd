#!/usr/bin/env bash
# The examples against a simulated card: one lists it, one computes on it, one
# keeps it busy.
set -euo pipefail
sim=$QAIC_BUILD/bin/qaic-sim
program=$QAIC_BUILD/networks/scale-add/programqpc.bin
for needed in "$sim" "$program" "$QAIC_BUILD/examples/cards" "$QAIC_BUILD/examples/run_network" "$QAIC_BUILD/examples/queue"; do
  [ -e "$needed" ] || { echo "$needed is not built"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$sim" run --cards 2 -- "$QAIC_BUILD/examples/cards" > "$work/cards"
[ "$(grep -c '^QID [01] at .*, /dev/accel/accel[01]$' "$work/cards")" = 2 ]
[ "$(grep -c '16 of 16 NSPs free' "$work/cards")" = 2 ]
"$sim" run --set nsp_count=5 -- "$QAIC_BUILD/examples/cards" > "$work/five"
grep -q '5 of 5 NSPs free' "$work/five"
QAIC_VISIBLE_DEVICES=1 "$sim" run --cards 2 -- "$QAIC_BUILD/examples/cards" > "$work/one"
[ "$(grep -c '^QID 1 ' "$work/one")" = 1 ] && ! grep -q '^QID 0 ' "$work/one"

# 3 * 7 + 4 in each of 256 integers
python3 - "$work" << 'END'
import struct, sys
for name, numbers in (("x", [7] * 256), ("y", [4] * 256), ("factor", [3])):
    open(f"{sys.argv[1]}/{name}", "wb").write(struct.pack(f"<{len(numbers)}i", *numbers))
END
"$sim" run --verify-clean -- "$QAIC_BUILD/examples/run_network" "$program" "$work/x" "$work/y" "$work/factor" > "$work/out"
grep -q ': 19 00 00 00 19 00 00 00 ' "$work/out" || { cat "$work/out"; exit 1; }

status=0
"$sim" run -- "$QAIC_BUILD/examples/run_network" "$program" "$work/factor" 2> "$work/err" || status=$?
[ $status -eq 2 ] && grep -q 'is not 1024 bytes' "$work/err"

"$sim" run --verify-clean -- "$QAIC_BUILD/examples/queue" "$program" 200 > "$work/queue"
grep -q '^200 of 200 inferences, 8 in flight at once$' "$work/queue"
# One that hangs ends at the deadline of 3 s and leaves the card clean.
status=0
"$sim" run --verify-clean -- "$QAIC_BUILD/examples/queue" "$QAIC_BUILD/networks/hang/programqpc.bin" > "$work/queue" 2> "$work/err" || status=$?
[ $status -eq 6 ] && grep -q '^0 of 100 ' "$work/queue" && grep -q 'did not finish in time' "$work/err"
