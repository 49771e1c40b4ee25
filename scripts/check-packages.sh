#!/usr/bin/env bash
# Packages every published crate, and builds each from outside the workspace, as a user would: from its packaged sources,
# at the MSRV, with its features off, at their defaults, each of them on, and all of them on.
#
#   scripts/check-packages.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=${CARGO_TARGET_DIR:-$PWD/target}
msrv=$(sed -n -E 's/^rust-version = "(.*)"$/\1/p' Cargo.toml)

# name folder, a line each; crates that say `publish = false` are not users' business.
crates=$(find . -name Cargo.toml -not -path './Cargo.toml' -not -path '*/target/*' | sort | while read -r manifest; do
    if ! grep -q '^publish = false' "$manifest"; then sed -n -E 's/^name = "(.*)"$/\1/p' "$manifest" | head -n 1; fi
done)
[ -n "$crates" ] || { echo "no published crate found" >&2; exit 1; }

# without REGEX ARGUMENT...: fails if the tree that cargo makes of the arguments has a crate of that name.
without() {
    local names=$1 tree found
    shift
    tree=$(cargo tree --prefix none "$@")
    if found=$(grep -E "^($names) " <<< "$tree" | sort -u); then
        printf 'cargo tree %s must not have:\n%s\n' "$*" "$found" >&2
        exit 1
    fi
}

echo "== what a build without a feature leaves out"
for crate in backingstore kine-server; do
    without 'rusqlite|libsqlite3-sys' -p "$crate" --no-default-features -e normal
done
# Examples have what they use as dev-dependencies.
without 'kube(-[a-z]+)*|k8s-openapi|aws-[a-z0-9-]+' -p examples -e normal,build,dev

echo "== cargo package"
# Those that are not published are packaged too, for nothing, so that the plain command passes. The builds below go further
# than cargo's own verification, which builds one set of features. What is not committed is packaged as it stands.
cargo package --workspace --quiet --no-verify --allow-dirty

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n -E 's/^version = "(.*)"$/\1/p' Cargo.toml | head -n 1)
patches=
for crate in $crates; do
    tar -xzf "$target/package/$crate-$version.crate" -C "$work"
    folder=$work/$crate-$version
    patches+="$crate = { path = \"$folder\" }"$'\n'
    for key in description license categories readme '\[package.metadata.docs.rs\]'; do
        if ! grep -q -E "^($key = |$key$)" "$folder/Cargo.toml"; then
            # A crate without a readme of its own is shown with its documentation's first page.
            if [ "$key" = readme ]; then continue; fi
            echo "$crate: its packaged Cargo.toml has no $key; add it, the registry and docs.rs show it" >&2
            exit 1
        fi
    done
done

cargo=(cargo)
if ! rustc --version | grep -q "^rustc $msrv\."; then
    if command -v rustup > /dev/null && rustup toolchain list | grep -q "^$msrv"; then
        cargo=(rustup run "$(rustup toolchain list | grep -o -m 1 "^$msrv[^ ]*")" cargo)
    else
        echo "note: checked with $(rustc --version), not the MSRV $msrv (rustup toolchain install $msrv)"
    fi
fi

# outside CRATE DEPENDENCY-TABLE: checks a crate that is not in the workspace and uses CRATE.
outside() {
    local crate=$1 dependency=$2
    cat > "$work/outside/Cargo.toml" << MANIFEST
[package]
name = "outside"
version = "0.0.0"
edition = "2024"
rust-version = "$msrv"

[dependencies]
$crate = { version = "$version", $dependency }

[workspace]

[patch.crates-io]
$patches
MANIFEST
    printf '//! Uses the crate from outside.\npub use %s as used;\n' "${crate//-/_}" > "$work/outside/src/lib.rs"
    # The workspace's versions, so that nothing new is downloaded.
    cp Cargo.lock "$work/outside/Cargo.lock"
    echo "-- $crate, $dependency"
    # Patches for the crates that this one does not use are no news.
    if ! CARGO_TARGET_DIR=$target/outside "${cargo[@]}" check --quiet --manifest-path "$work/outside/Cargo.toml" \
        > "$work/out" 2>&1; then
        cat "$work/out" >&2
        echo "$crate does not build from outside the workspace with $dependency" >&2
        exit 1
    fi
}

mkdir -p "$work/outside/src"
echo "== each crate from outside the workspace, with ${cargo[*]}"
for crate in $crates; do
    features=$(awk '/^\[/ { inside = ($0 == "[features]") }
        inside && match($0, /^"?[A-Za-z0-9_-]+"? = /) {
            name = substr($0, 1, RLENGTH - 3); gsub(/"/, "", name); if (name != "default") print name
        }' "$work/$crate-$version/Cargo.toml")
    outside "$crate" 'default-features = false'
    outside "$crate" 'default-features = true'
    all=
    for feature in $features; do
        outside "$crate" "default-features = false, features = [\"$feature\"]"
        all+="\"$feature\", "
    done
    outside "$crate" "features = [${all%, }]"
done
echo "== all packages build from outside"
