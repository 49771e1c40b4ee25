#!/usr/bin/env bash
# Searches for inputs that break what internal/fuzz asks of the parsers, with libFuzzer.
#
#   scripts/fuzz.sh [SECONDS [TARGET...]]      each target that long (default: 10), as many at a time as there are cores
#
# FUZZ_SEED makes a search begin as one before did; without it each is another.
# It needs a C++ compiler, and neither a nightly toolchain nor cargo-fuzz. What it finds is in internal/fuzz/artifacts.
# Inputs that reach new code stay below the target folder; runs of a minute and more begin with them, for shorter ones
# they are too many.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-10}
shift || true
here=$PWD/internal/fuzz
target_dir=${CARGO_TARGET_DIR:-$PWD/target}
host=$(rustc -vV | sed -n 's/^host: //p')

if [ $# -gt 0 ]; then
    targets=("$@")
else
    targets=()
    for program in "$here"/fuzz_targets/*.rs; do targets+=("$(basename "$program" .rs)"); done
fi

# What cargo-fuzz sets without a sanitizer: counters and comparisons for libFuzzer to go by. These are options of LLVM, so
# they work on a stable toolchain. `--target` keeps them from build scripts and macros.
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0 \
-Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks"
echo "== building ${#targets[@]} fuzz targets"
cargo build --quiet --release -p fuzz --bins --target "$host" --target-dir "$target_dir"

# run TARGET: its words go to a log, and what it found, if it did, to the screen.
run() {
    local target=$1 found=$target_dir/fuzz/$1 log=$target_dir/fuzz/$1.log artifacts=$here/artifacts/$1
    if [ "$seconds" -lt 60 ]; then found=$target_dir/fuzz/$1.short; rm -rf "$found"; fi
    mkdir -p "$found" "$artifacts"
    local more=()
    # The documentation's own files are values as they stand.
    if [ "$target" = values ]; then more+=("$PWD/backingstore-config/tests/golden/documentation"); fi
    # Longer texts reach nothing new and take their time. One that takes 5 seconds is a find too: a values file is read in
    # milliseconds.
    if ! RUST_BACKTRACE=0 "$target_dir/$host/release/$target" "$found" "$here/corpus/$target" "${more[@]}" -max_total_time="$seconds" -seed="${FUZZ_SEED:-0}" \
        -max_len=1500 -timeout=5 -artifact_prefix="$artifacts/" > "$log" 2>&1; then
        local file
        file=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
        printf '\nfuzz %s: FAILED\n' "$target"
        # What was asked for and did not hold; else libFuzzer's word for it, such as a timeout.
        { grep -A 4 -F "panicked at " "$log" || grep -E "ERROR|SUMMARY" "$log" || tail -n 5 "$log"; } | cut -c -2000
        printf 'to see it again: cargo run -p fuzz --bin %s -- %s\n' "$target" "${file:-(no file: see $log)}"
        return 1
    fi
    printf 'fuzz %s: %s\n' "$target" "$(sed -n 's/^Done \(.*\)$/\1, nothing found/p' "$log")"
}

status=0
cores=$(nproc 2> /dev/null || echo 2)
running=0
for target in "${targets[@]}"; do
    if [ "$running" -ge "$cores" ]; then
        wait -n || status=1
        running=$((running - 1))
    fi
    run "$target" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || status=1
    running=$((running - 1))
done
exit "$status"
