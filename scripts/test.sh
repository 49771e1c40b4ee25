#!/usr/bin/env bash
# Sets the machine up and runs all tests of the workspace.
#
#   scripts/test.sh          what fits: at most 25 minutes on 2 cores, from nothing
#   scripts/test.sh --long   every seed, version and duration
#
# Then each fuzz target searches for 10 seconds, with --long for 5 minutes: see scripts/fuzz.sh.
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

fuzz_status=0
fuzzed="left out, there is no C++ compiler"
if command -v "${CXX:-c++}" > /dev/null; then
    echo
    # The short search is the same each time, so that a change is blamed for what it finds; the long one looks elsewhere.
    if [ -n "${TESTBED_LONG:-}" ]; then
        scripts/fuzz.sh 300 || fuzz_status=$?
    else
        FUZZ_SEED=1 scripts/fuzz.sh 10 || fuzz_status=$?
    fi
    fuzzed=$([ "$fuzz_status" = 0 ] && echo "nothing found" || echo "FAILED, see above")
fi

# In the log: "test NAME ... ignored, REASON" of the standard harness, "test [needs WHAT] NAME ... ignored" of ours. As
# "REASON<tab>NAME" they sort by reason.
tab=$'\t'
ignored=$(sed -n -E \
    -e "s/^test +\[(needs [^]]*)\] +(.*[^ ]) +\.\.\. ignored.*\$/\1$tab\2/p" -e t \
    -e "s/^test +(.*[^ ]) +\.\.\. ignored, (.*)\$/\2$tab\1/p" -e t \
    -e "s/^test +(.*[^ ]) +\.\.\. ignored.*\$/no reason given$tab\1/p" "$log" | sort)
if [ -n "$ignored" ]; then
    printf '%s\n' "$ignored" | awk -F "$tab" '
        $1 != reason { reason = $1; printf "\nignored, %s:\n", reason }
        { printf "  %s\n", $2 }'
fi
if [ -s "$TESTBED_DIR/missing" ]; then
    printf '\nnot on this machine:\n'
    sed 's/^/  /' "$TESTBED_DIR/missing"
fi
failed=$(sed -n -E 's/^test +(.*[^ ]) +\.\.\. (FAILED|failed)$/  \1/p' "$log")
if [ -n "$failed" ]; then
    printf '\nfailed:\n%s\n' "$failed"
fi

echo
awk -v status="$status" '/^test result: / {
    for (i = 1; i < NF; i++) {
        if ($(i + 1) == "passed;") passed += $i
        if ($(i + 1) == "failed;") failed += $i
        if ($(i + 1) == "ignored;") ignored += $i
    }
} END {
    printf "%s: %d passed, %d failed, %d ignored\n", status == 0 ? "ok" : "FAILED", passed, failed, ignored
}' "$log"
echo "fuzz targets: $fuzzed"
[ "$status" != 0 ] || status=$fuzz_status
exit "$status"
