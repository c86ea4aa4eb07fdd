#!/usr/bin/env bash
# The comparison of two runs must find what it is there to find.
set -euo pipefail
here=$QAIC_SOURCE/tests/conformance
rows=$QAIC_SOURCE/conformance/expected/rows
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "compare_test: $*" >&2; exit 1; }

printf '%s\n' 'KTAP version 1' '1..3' '# observed a.one call EINVAL' 'ok 1 a.one' '# observed a.two text two words' \
  '# observed a.two empty ' 'not ok 2 a.two' 'ok 3 a.three # SKIP no card' >"$work/ktap"
"$rows" "$work/ktap" >"$work/rows"
printf 'a.one\tcall\tEINVAL\na.two\ttext\ttwo words\na.two\tempty\t\na.three\tSKIP\tno card\n' | diff - "$work/rows" ||
  fail "rows reads a KTAP output wrongly"
"$here/compare" "$work/rows" "$work/rows" >"$work/out" || fail "a run differs from itself"
grep -q '^# 3 rows agree (0 by a known difference), 0 do not, 1 cases not compared$' "$work/out" || fail "the count"

sed 's/EINVAL/EFAULT/' "$work/rows" >"$work/changed"
"$here/compare" "$work/rows" "$work/changed" >"$work/out" && fail "another errno passes"
grep -q 'a.one.*record: EINVAL.*observed: EFAULT' "$work/out" || fail "it does not say which"
grep -v text "$work/rows" >"$work/short"
"$here/compare" "$work/rows" "$work/short" >/dev/null && fail "a lost row passes"
"$here/compare" "$work/short" "$work/rows" >/dev/null && fail "a row without a record passes"
printf 'a.one\tcall\tEINVAL\tEFAULT\n' >"$work/differences"
"$here/compare" "$work/rows" "$work/changed" --differences "$work/differences" >/dev/null || fail "a known difference fails"
"$here/compare" "$work/rows" "$work/rows" --differences "$work/differences" >/dev/null && fail "a difference gone unnoticed"
printf 'a.two\ttext\ttwo words\t-\n' >"$work/differences"
"$here/compare" "$work/rows" "$work/short" --differences "$work/differences" >/dev/null || fail "a known loss fails"
"$here/compare" "$work/rows" "$work/rows" --differences "$work/differences" >/dev/null && fail "a row that should be lost passes"
"$here/compare" "$work/rows" "$work/rows" --complete >/dev/null || fail "a case that the record skipped too fails"
printf 'a.three\tcall\tok\n' | cat <(grep -v '^a.three' "$work/rows") - >"$work/recorded"
"$here/compare" "$work/recorded" "$work/rows" --complete >"$work/out" && fail "a skipped case passes as complete"
grep -q '^a.three.SKIP' "$work/out" || fail "it does not say which case was skipped"
printf 'a.three\tSKIP\tno card here\tskipped\n' >"$work/differences"
"$here/compare" "$work/recorded" "$work/rows" --complete --differences "$work/differences" >/dev/null || fail "a skip that is known fails"
grep -v '^a.three' "$work/rows" >"$work/ran"
"$here/compare" "$work/ran" "$work/ran" --complete --differences "$work/differences" >/dev/null && fail "a skip gone unnoticed"
printf 'a.two\ttext\t-\ttwo words\n' >"$work/differences"
"$here/compare" "$work/short" "$work/rows" --differences "$work/differences" >/dev/null || fail "a row that only the other has fails"
"$here/compare" "$work/rows" "$work/rows" --differences "$work/differences" >/dev/null && fail "a row that both have passes as one that only the other has"
: >"$work/empty"
"$here/compare" "$work/empty" "$work/empty" >/dev/null 2>&1 && fail "nothing at all passes"
exit 0
