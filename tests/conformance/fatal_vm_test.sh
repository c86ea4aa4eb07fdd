#!/usr/bin/env bash
# fatal_vm_test.sh KERNEL RECORD: each case that may bring the kernel down, in a guest of its own,
# against what was recorded. A guest may panic, of what such a case is there to show, and of nothing else.
set -euo pipefail
sim=$QAIC_BUILD/bin/qaic-sim
suite=$QAIC_BUILD/bin/qaic-conformance
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

status=0
"$sim" vm --kernel "$1" --prepare >"$work/release" 2>"$work/err" || status=$?
[ $status = 10 ] && { cat "$work/err"; exit 77; }
[ $status = 0 ] || { cat "$work/err"; exit 1; }

"$suite" --list --destructive | sort >"$work/others"
"$suite" --list --fatal | sort | comm -23 - "$work/others" >"$work/cases"
: >"$work/rows"
while read -r case; do
  status=0
  "$sim" vm --kernel "$1" --timeout 120s --kernel-log "$work/log" -- "$suite" --fatal --only "$case" \
    >"$work/ktap" 2>"$work/err" </dev/null || status=$?
  # Linux 6.12 may use what was given back of a file once more when the driver is unbound again.
  if [ $status != 0 ] && ! { [ $status = 7 ] && grep -q 'cleanup_srcu_struct\|drm_managed_release' "$work/log"; }; then
    echo "$case: exit code $status"
    cat "$work/ktap" "$work/err"
    tail -n 20 "$work/log"
    exit 1
  fi
  echo "$case: exit code $status, $(grep -o '# XFAIL.*' "$work/ktap" || echo 'no flaw shown')"
  "$QAIC_SOURCE/conformance/expected/rows" "$work/ktap" >>"$work/rows"
done <"$work/cases"
"$QAIC_SOURCE/tests/conformance/compare" "$2" "$work/rows" --complete
