#!/usr/bin/env bash
# Explores the tests of published crates as they are, by `cargo drawloom test`: each is fetched from the registry by cargo, unpacked,
# and none of its files is changed. Prints a row of the table in docs/push-button.md for each.
#
#   cargo-drawloom/try.sh               all
#   cargo-drawloom/try.sh flume slab    some
#
# What is unpacked and compiled goes to $DRAWLOOM_TRY_DIR, or else to a folder of its own that is deleted at the end.
set -euo pipefail

# Each with the version, variables of the environment, if any, and what cargo is told besides. Old crates fail to compile by today's
# lints, also without drawloom: these are capped.
crates=(
    "arc-swap 1.7.1 --tests"
    "async-broadcast 0.7.2 --tests"
    "async-channel 2.3.1 --tests"
    "async-executor 1.13.2 DRAWLOOM_TIME=2s --tests"
    "async-lock 3.4.1 --tests"
    "async-task 4.7.1 DRAWLOOM_TIME=2s --tests"
    "atomic-waker 1.1.2 --tests"
    "bytes 1.10.1 --tests"
    "concurrent-queue 2.5.0 --tests"
    "crossbeam-channel 0.5.15 DRAWLOOM_TIME=1s --tests"
    "crossbeam-deque 0.8.6 --tests"
    "crossbeam-epoch 0.9.18 DRAWLOOM_TIME=2s --tests"
    "crossbeam-queue 0.3.12 --tests"
    "crossbeam-skiplist 0.1.3 RUSTFLAGS=--cap-lints=warn DRAWLOOM_TIME=2s --tests"
    "crossbeam-utils 0.8.21 DRAWLOOM_TIME=2s --tests"
    "dashmap 6.1.0 --lib"
    "event-listener 5.4.1 --tests"
    "flume 0.11.1 --tests"
    "futures-channel 0.3.31 --lib"
    "futures-util 0.3.31 --lib"
    "hyper 1.6.0 DRAWLOOM_TIME=1s --lib --features full"
    "kanal 0.1.1 DRAWLOOM_TIME=1s --tests"
    "left-right 0.11.5 --lib"
    "moka 0.12.10 DRAWLOOM_TIME=1s --lib --features sync,future"
    "once_cell 1.21.3 --tests"
    "oneshot 0.1.11 --tests"
    "papaya 0.2.3 RUSTFLAGS=--cap-lints=warn DRAWLOOM_TIME=1s --tests"
    "parking 2.2.1 --tests"
    "parking_lot 0.12.3 DRAWLOOM_TIME=1s --tests"
    "rayon-core 1.12.1 DRAWLOOM_TIME=1s --tests"
    "seize 0.5.0 --tests"
    "sharded-slab 0.1.7 --lib"
    "slab 0.4.9 --tests"
    "spin 0.10.1 DRAWLOOM_TIME=2s --lib --features fair_mutex,ticket_mutex,std"
    "thingbuf 0.1.6 DRAWLOOM_TIME=2s --tests"
    "thread_local 1.1.8 --lib"
    "tokio-util 0.7.15 DRAWLOOM_TIME=1s --tests --features full"
    "tracing-core 0.1.33 --tests"
    "triomphe 0.1.14 --lib"
)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [[ -z "${DRAWLOOM_TRY_DIR:-}" ]]; then
    DRAWLOOM_TRY_DIR=$(mktemp -d)
    trap 'rm -rf "$DRAWLOOM_TRY_DIR"' EXIT
fi
mkdir -p "$DRAWLOOM_TRY_DIR"
folder=$(cd "$DRAWLOOM_TRY_DIR" && pwd)

for name in "$@"; do
    if ! printf '%s\n' "${crates[@]}" | grep -q "^$name "; then
        echo "try.sh: there is no crate \`$name\`; there are: $(printf '%s\n' "${crates[@]}" | cut -d' ' -f1 | xargs)" >&2
        exit 2
    fi
done

(cd "$here" && cargo build --quiet --package cargo-drawloom)
PATH="$(cd "$here" && cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug:$PATH"
# Each crate has a folder of its own for what is compiled: one for all would be that of cargo-drawloom.
unset CARGO_TARGET_DIR
# And some name the toolchain of their authors.
if command -v rustup > /dev/null; then
    RUSTUP_TOOLCHAIN=${RUSTUP_TOOLCHAIN:-$(cd "$here" && rustup show active-toolchain | cut -d' ' -f1)}
    export RUSTUP_TOOLCHAIN
fi

# Lets cargo fetch a version, and prints where it has unpacked it.
fetched() {
    local fetching="$folder/fetching"
    mkdir -p "$fetching/src"
    touch "$fetching/src/lib.rs"
    printf '[package]\nname = "fetching"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n"%s" = { version = "=%s", default-features = false }\n[workspace]\n' \
        "$1" "$2" > "$fetching/Cargo.toml"
    rm -f "$fetching/Cargo.lock"
    (cd "$fetching" && cargo fetch --quiet && cargo metadata --format-version 1 |
        grep -o "\"manifest_path\":\"[^\"]*/$1-$2/Cargo.toml\"" | head -1 | sed 's/.*":"//; s/\/Cargo.toml"//')
}

row() {
    local name=$1 version=$2 package="$folder/$1-$2" printed="$folder/$1-$2.txt" began
    shift 2
    if [[ ! -d "$package" ]]; then
        cp -r "$(fetched "$name" "$version")" "$package"
        rm -f "$package/Cargo.lock"
    fi
    began=$SECONDS
    local variables=()
    while [[ "${1:-}" == [A-Z]*=* ]]; do
        variables+=("$1")
        shift
    done
    (cd "$package" && env "${variables[@]}" cargo drawloom test --no-fail-fast "$@" -- -q) > "$printed" 2>&1 || true
    # Of each of its test programs there is one line.
    count() {
        { grep -aoE "[0-9]+ $1" "$printed" || true; } | awk '{ sum += $1 } END { print sum + 0 }'
    }
    printf '| %s %s | %s | %s | %s | %s | %s | %s | %s | %s s |\n' "$name" "$version" "$(count 'explored whole')" \
        "$(count 'explored with sleeps')" "$(count 'explored within')" "$(count 'under sequential')" "$(count 'sampled')" "$(count 'run once')" \
        "$(count 'failed;')" "$((SECONDS - began))"
    if ! grep -aq "^test result" "$printed"; then
        echo "$name does not compile or has no tests:" >&2
        grep -aE "^error" "$printed" | head -3 >&2 || true
    fi
}

for line in "${crates[@]}"; do
    read -r name version arguments <<< "$line"
    if [[ $# -eq 0 || " $* " == *" $name "* ]]; then
        # shellcheck disable=SC2086
        row "$name" "$version" $arguments
    fi
done
