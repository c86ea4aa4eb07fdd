#!/usr/bin/env bash
# What qaic-conformance does without a node: list, select, refuse.
set -euo pipefail
suite=$QAIC_BUILD/bin/qaic-conformance
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "cli_test: $*" >&2; exit 1; }

cases=$("$suite" --list | wc -l)
[ "$cases" -gt 50 ] || fail "--list names $cases cases"
[ "$("$suite" --list --only 'wait.*' | grep -vc '^wait\.')" = 0 ] || fail "--only lets others through"
grep -q '^wait\.timeout$' <("$suite" --list --only 'wait.*') || fail "--only loses a case"
grep -q '^qaic-conformance [0-9]' <("$suite" --version) || fail "--version"
grep -q -- '--only GLOB' <("$suite" --help) || fail "--help"

status=0
"$suite" --only 'no-such-*' >"$work/out" 2>"$work/err" || status=$?
[ $status = 2 ] && [ ! -s "$work/out" ] && grep -q '^id: usage$' "$work/err" || fail "a glob that matches nothing: $status"
status=0
"$suite" --kernel 5 >"$work/out" 2>"$work/err" || status=$?
[ $status = 2 ] || fail "--kernel 5: $status"
status=0
"$suite" --node "$work/none" >"$work/out" 2>"$work/err" || status=$?
[ $status = 3 ] && [ ! -s "$work/out" ] && [ "$(wc -l <"$work/err")" = 3 ] || fail "a missing node: $status"

# A file is no accel node: every case must say so, and the exit code must.
: >"$work/file"
status=0
"$suite" --node "$work/file" --only 'bo.create' >"$work/out" 2>"$work/err" || status=$?
[ $status = 1 ] || fail "a plain file: $status"
[ "$(sed -n 1,2p "$work/out" | paste -s -d ' ')" = "KTAP version 1 1..1" ] || fail "no KTAP plan"
grep -q '^not ok 1 bo.create$' "$work/out" || fail "a plain file passes"
grep -q '^# observed bo.create CREATE_BO ENOTTY$' "$work/out" || fail "no row for what was seen"
