#!/usr/bin/env bash
# Explores with published crates as they stand, with drawloom in the place of the tokio that they depend on.
#
#   shims/tokio/try.sh [NAME...] [CRATE=VERSION...]
#
# NAME is a folder of shims/tokio/explorations; without one, all are run. It has tests, *.rs, and a file `dependencies`: lines for
# `[dependencies]` of their Cargo.toml. CRATE=VERSION takes another version of one of these, with a known bug, say.
#
# Everything is fetched by cargo, into DRAWLOOM_TRY_DIR or target/try. Nothing in this repository changes.
# Ends with 0 if all explorations pass, with 1 if some do not, with 2 if some could not be run.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
export CARGO_TERM_COLOR=never

give_up() {
    printf 'try.sh: %s\n' "$@" >&2
    exit 2
}

names=() crates=() versions=()
for argument in "$@"; do
    if [[ $argument =~ ^([a-z][a-z0-9_-]*)=([0-9][0-9A-Za-z.+-]*)$ ]]; then
        crates+=("${BASH_REMATCH[1]}")
        versions+=(-e "s/^(${BASH_REMATCH[1]} = .*\"=)[^\"]*/\\1${BASH_REMATCH[2]}/")
    else
        names+=("$argument")
    fi
done
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(ls "$here/explorations")
for name in "${names[@]}"; do
    [[ $name =~ ^[a-z][a-z0-9-]*$ && -f $here/explorations/$name/dependencies ]] ||
        give_up "there is no exploration \`$name\`; there are: $(ls "$here/explorations" | xargs)"
done
for crate in "${crates[@]}"; do
    grep -qE "^$crate = .*\"=" "${names[@]/#/$here/explorations/}" -r --include=dependencies ||
        give_up "no exploration that is to run depends on \`$crate\`"
done

work=${DRAWLOOM_TRY_DIR:-$root/target/try}/tokio
mkdir -p "$work"
work=$(cd "$work" && pwd)
patch=$("$here/patch.sh" "$work/real-tokio" 2>"$work/log") || give_up "$(cat "$work/log")"

# The dependencies of an exploration, in the versions that are asked for.
dependencies() {
    sed -E "${versions[@]}" -e '' "$here/explorations/$1/dependencies"
}

# Each exploration is a package of its own: what one asks of a crate does not change it for another.
make() {
    rm -rf "${work:?}/$1"
    mkdir -p "$work/$1/src" "$work/$1/tests"
    : >"$work/$1/src/lib.rs"
    cp "$here/explorations/$1/"*.rs "$work/$1/tests"
    cat >"$work/$1/Cargo.toml" <<END
[workspace]

[package]
name = "explored-$1"
edition = "2024"

[dependencies]
drawloom = { path = "$root", features = ["explore", "tokio"] }
tokio = { version = "1", features = ["full"] }
$(dependencies "$1")

[profile.test]
opt-level = 1
$patch
END
}

verdicts() {
    sed -nE 's/^(test .* \.\.\. )?([a-z0-9_]+: (verified|bounded|sampled|passed): )/    \2/p' "$1"
}

ended=0
for name in "${names[@]}"; do
    make "$name"
    printf '%s: %s\n' "$name" "$(dependencies "$name" | sed -nE 's/^([a-z0-9_-]+) = .*"=([^"]+)".*/\1 \2/p' | paste -sd, | sed 's/,/, /g')"
    log=$work/$name/log
    since=$SECONDS
    if (cd "$work/$name" && cargo test --no-fail-fast --target-dir "$work/target" --test '*' -- --nocapture --test-threads=1 >"$log" 2>&1); then
        printf '  passes (%d s)\n' $((SECONDS - since))
        verdicts "$log"
    elif grep -q '^running' "$log"; then
        ended=1
        printf '  FAILS (%d s); see %s\n' $((SECONDS - since)) "$log"
        verdicts "$log"
        sed -nE '/^[a-z-]+ in [a-z_]+: |signal: |^test .*FAILED$/s/^/    /p' "$log"
    else
        give_up "$name cannot be run:" "$(grep -v '^ *\(Compiling\|Locking\|Adding\|Updating\)\|^warning' "$log" | tail -40)"
    fi
done
exit $ended
