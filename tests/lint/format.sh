#!/usr/bin/env bash
# Every C and C++ file is as clang-format leaves it.
set -euo pipefail
cd "$1"
command -v clang-format-14 >/dev/null || { echo "clang-format-14 is missing"; exit 77; }
git ls-files --cached --others --exclude-standard '*.cpp' '*.hpp' '*.c' '*.h' | while read -r f; do
  [ -e "$f" ] && echo "$f"
done | xargs clang-format-14 --dry-run -Werror
echo "formatted"
