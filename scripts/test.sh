#!/usr/bin/env bash
# Sets the machine up and runs all tests of the workspace.
#
#   scripts/test.sh          what fits: at most 25 minutes on 2 cores, from nothing
#   scripts/test.sh --long   every seed, version and duration
#
# What the tests run against is got by scripts/set-up.sh: see there when it installs and when it only says what to install.
# Tests of a server that is not here count as ignored; the end of the output names them and says why.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1:-}" in
    --long) export TESTBED_LONG=1 ;;
    "") unset TESTBED_LONG ;;
    *)
        echo "usage: scripts/test.sh [--long]" >&2
        exit 2
        ;;
esac

export TESTBED_DIR=${TESTBED_DIR:-$PWD/target/testbed}
scripts/set-up.sh

log=$TESTBED_DIR/test.log
status=0
# --no-fail-fast: one failure does not hide the next.
CARGO_TERM_COLOR=never cargo test --workspace --all-features --no-fail-fast 2>&1 | tee "$log" || status=$?

# In the log: "test NAME ... ignored, REASON" of the standard harness, "test [needs WHAT] NAME ... ignored" of ours.
ignored=$(sed -n -E \
    -e 's/^test +\[(needs [^]]*)\] +(.*[^ ]) +\.\.\. ignored.*$/\2 (\1)/p' -e t \
    -e 's/^test +(.*[^ ]) +\.\.\. ignored, (.*)$/\1 (\2)/p' -e t \
    -e 's/^test +(.*[^ ]) +\.\.\. ignored.*$/\1/p' "$log")

echo
echo "== summary"
awk '/^test result: / {
    for (i = 1; i < NF; i++) {
        if ($(i + 1) == "passed;") passed += $i
        if ($(i + 1) == "failed;") failed += $i
        if ($(i + 1) == "ignored;") ignored += $i
    }
} END { printf "%d passed, %d failed, %d ignored\n", passed, failed, ignored }' "$log"
if [ -s "$TESTBED_DIR/missing" ]; then
    echo
    echo "not on this machine:"
    sed 's/^/  /' "$TESTBED_DIR/missing"
fi
if [ -n "$ignored" ]; then
    echo
    echo "ignored:"
    printf '%s\n' "$ignored" | sed 's/^/  /'
fi
if grep -q -E '^test .* (FAILED|failed)$' "$log"; then
    echo
    echo "failed:"
    sed -n -E 's/^test +(.*[^ ]) +\.\.\. (FAILED|failed)$/  \1/p' "$log"
fi
exit "$status"
