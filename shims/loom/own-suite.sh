#!/usr/bin/env bash
# Runs loom's own tests, as they are published, with the shim in loom's place: `bash shims/loom/own-suite.sh`.
# The published crate is fetched from the registry by cargo; nothing of it is in this repository.
#
# Exit codes: 0 all tests end as this file expects, 1 some do not, 2 the tests could not be fetched or compiled.
set -euo pipefail
shim=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$shim/../.." && pwd)
version=0.7.2
folder=${CARGO_TARGET_DIR:-$root/target}/loom-own-suite

# Tests of loom that do not pass, each with the word for its reason; docs/from-loom.md has the table.
#   shutdown      expects a static to be gone when the closure has returned
#   no-limit      expects loom's table of branches to be full
#   run-once      keeps data in a std static, and expects to be run once
expected_failures='
atomic::lazy_static_arc_shutdown shutdown
double_panic_in_drop::double_panic_at_branch_max no-limit
thread_local::drop run-once
'

fail() {
    printf 'own-suite: %s\n' "$1" >&2
    exit 2
}

# What somebody has set for tests of their own is no concern of these.
for variable in "${!DRAWLOOM_@}" "${!LOOM_@}"; do
    unset "$variable"
done

rm -rf "$folder/suite"
mkdir -p "$folder/fetch/src" "$folder/suite/src"
cat >"$folder/fetch/Cargo.toml" <<END
[package]
name = "fetch-loom"
version = "0.0.0"
edition = "2021"
[dependencies]
loom = "=$version"
[workspace]
END
: >"$folder/fetch/src/lib.rs"
cargo vendor --quiet --versioned-dirs --manifest-path "$folder/fetch/Cargo.toml" "$folder/vendor" >/dev/null ||
    fail "loom $version could not be fetched; cargo has to reach its registry, or have the crate in its cache"
published=$folder/vendor/loom-$version
[ -d "$published/tests" ] || fail "the published loom $version has no folder tests"
cp -r "$published/tests" "$folder/suite/tests"

cat >"$folder/suite/Cargo.toml" <<END
[package]
name = "loom-own-suite"
version = "0.0.0"
edition = "2018"
[features]
futures = ["loom/futures"]
[dependencies]
loom = "$version"
[dev-dependencies]
futures-util = "0.3"
[patch.crates-io]
loom = { path = "$shim" }
[workspace]
END
: >"$folder/suite/src/lib.rs"

cd "$folder/suite"
output=$folder/output
echo "own-suite: loom $version's tests, with the shim in its place"
cargo test --quiet --release --features futures --tests --no-run --target-dir "$folder/target" ||
    fail "loom's tests do not compile with the shim"
: >"$output"
for file in tests/*.rs; do
    test=$(basename "$file" .rs)
    # Whether tests fail is read from what is printed.
    cargo test --quiet --release --features futures --test "$test" --target-dir "$folder/target" -- \
        --format pretty >"$folder/$test.output" 2>&1 || true
    grep -q '^test result:' "$folder/$test.output" || {
        cat "$folder/$test.output" >&2
        fail "tests/$test.rs has not run to its end"
    }
    sed -nE "s/^test ([^ ]+)( - should panic)? \.\.\. (ok|FAILED|ignored).*/$test::\1 \3/p" "$folder/$test.output" >>"$output"
done

passed=0 failed=0 ignored=0 surprises=0
while read -r test result; do
    reason=$(awk -v test="$test" '$1 == test { print $2 }' <<<"$expected_failures")
    case $result in
    ok)
        passed=$((passed + 1))
        if [ -n "$reason" ]; then
            echo "$test passes, but was expected to fail ($reason): take it off the list here and in docs/from-loom.md"
            surprises=$((surprises + 1))
        fi
        ;;
    FAILED)
        failed=$((failed + 1))
        if [ -n "$reason" ]; then
            echo "$test fails as expected ($reason)"
        else
            echo "$test fails, which was not expected; see $folder/${test%%::*}.output"
            surprises=$((surprises + 1))
        fi
        ;;
    ignored) ignored=$((ignored + 1)) ;;
    esac
done <"$output"
while read -r test reason; do
    if [ -n "$test" ] && ! grep -q "^$test " "$output"; then
        echo "$test was expected to fail ($reason), but has not run"
        surprises=$((surprises + 1))
    fi
done <<<"$expected_failures"
echo "own-suite: $passed passed, $failed failed, $ignored ignored by loom; $surprises not as expected"
[ "$surprises" -eq 0 ]
