#!/usr/bin/env bash
# What qaic-conformance prints is KTAP, and the check of that finds what is not.
set -euo pipefail
here=$QAIC_SOURCE/tests/conformance
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "ktap_test: $*" >&2; exit 1; }

valid() { printf '%s\n' "$@" >"$work/ktap"; "$here/ktap" "$work/ktap" >"$work/out" || fail "refuses: $* ($(cat "$work/out"))"; }
invalid() { printf '%s\n' "$@" >"$work/ktap"; ! "$here/ktap" "$work/ktap" >"$work/out" || fail "takes: $*"; }

valid 'KTAP version 1' '1..2' '# said' 'ok 1 a.b' 'not ok 2 c'
valid 'KTAP version 1' '1..3' 'ok 1 a # SKIP no card' 'ok 2 b # XFAIL a known bug' 'not ok 3 c # TIMEOUT 75 s'
grep -q '^pass:0 fail:0 skip:1 xfail:1 timeout:1$' "$work/out" || fail "counts $(cat "$work/out")"
valid 'KTAP version 1' '1..1' '  KTAP version 1' '  1..2' '  ok 1 a' '  not ok 2 b' 'not ok 1 both'
invalid 'TAP version 13' '1..1' 'ok 1 a'
invalid 'KTAP version 1' 'ok 1 a' '1..1'
invalid 'KTAP version 1' '1..2' 'ok 1 a'
invalid 'KTAP version 1' '1..1' 'ok 1 a' 'ok 2 b'
invalid 'KTAP version 1' '1..2' 'ok 1 a' 'ok 3 b'
invalid 'KTAP version 1' '1..1' 'ok 1'
invalid 'KTAP version 1' '1..1' 'ok 1 a # SKIPPED for fun'
invalid 'KTAP version 1' '1..1' 'ok 1 a # TIMEOUT 75 s'
invalid 'KTAP version 1' '1..1' 'loose words' 'ok 1 a'
invalid 'KTAP version 1' '1..1' '  KTAP version 1' '  1..1' '  not ok 1 b' 'ok 1 a'
invalid 'KTAP version 1' '1..1' 'ok 1 a' ''

# The suite itself, on a file that is no node: many cases fail, some are skipped.
: >"$work/file"
"$QAIC_BUILD/bin/qaic-conformance" --node "$work/file" --only 'bo.*' --only 'cards.*' --only 'flaw.short*' \
  >"$work/ktap" 2>"$work/err" || [ $? = 1 ] || fail "the suite does not run"
"$here/ktap" "$work/ktap" >"$work/out" || { cat "$work/out"; fail "the suite prints no valid KTAP"; }
grep -q 'fail:[1-9]' "$work/out" && grep -q 'skip:[1-9]' "$work/out" || fail "nothing failed, or nothing was skipped"
