#!/usr/bin/env bash
# rows_test.sh RECORD...: every errno row that a case is said to provoke was seen in that
# case on a real driver, in one of the records.
set -euo pipefail
suite=$QAIC_BUILD/bin/qaic-conformance
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$suite" --rows >"$work/rows"
"$suite" --list --fatal | sort >"$work/recordable"
bad=0
tried=0
while IFS=$'\t' read -r ioctl error cause name _; do
  [ "$name" != - ] && grep -qx "$name" "$work/recordable" || continue
  tried=$((tried + 1))
  cat "$@" | awk -F '\t' -v name="$name" -v error="$error" '$1 == name && $3 == error { found = 1 } END { exit !found }' ||
    { echo "no record of $error in $name ($ioctl: $cause)"; bad=1; }
done <"$work/rows"
[ "$tried" -gt 80 ] || { echo "only $tried rows"; bad=1; }
exit $bad
