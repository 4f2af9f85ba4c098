#!/usr/bin/env bash
# Takes a published crate as it stands, gives it drawloom's std and core, runs its own tests, and explores it.
#
#   shims/std/try.sh CRATE VERSION
#
# The explorations are shims/std/explorations/CRATE/*.rs. A file `settings` beside them may set
#   features  of the crate, separated by commas
#   also      dependencies of the crate, separated by spaces, that get drawloom's std and core as well
#   manifest  lines for the end of its Cargo.toml: dependencies of the explorations
#
# Everything is fetched by cargo, into DRAWLOOM_TRY_DIR or target/try. Nothing in this repository changes.
# Ends with 0 if the crate's tests and the explorations pass, with 1 if some do not, with 2 if they could not be run.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
export CARGO_TERM_COLOR=never
# Lints of this compiler that the crate did not know are no concern of ours.
export RUSTFLAGS="--cap-lints warn"

give_up() {
    printf 'try.sh: %s\n' "$@" >&2
    exit 2
}

[ $# -eq 2 ] || give_up "say which crate, and which version of it: try.sh CRATE VERSION"
crate=$1 version=$2
[[ $crate =~ ^[A-Za-z][A-Za-z0-9_-]*$ ]] || give_up "\`$crate\` cannot be the name of a crate"
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+][A-Za-z0-9.+-]+)?$ ]] ||
    give_up "\`$version\` is no version in full, as 1.2.3 is"

work=${DRAWLOOM_TRY_DIR:-$root/target/try}
mkdir -p "$work"
work=$(cd "$work" && pwd)
explorations=$here/explorations/$crate
features= also= manifest=
if [ -f "$explorations/settings" ]; then
    # shellcheck source=/dev/null
    . "$explorations/settings"
fi

# Fetches the crate and its dependencies into $fetched/vendor. The lock file names the exact version, because
# cargo takes a yanked one, as versions with known bugs often are, only from there.
fetched=$work/fetched/$crate-$version
fetch() {
    mkdir -p "$fetched/src"
    : >"$fetched/src/lib.rs"
    local wanted
    wanted=$(sed 's/.*/"&"/; s/,/", "/g' <<<"$features")
    cat >"$fetched/Cargo.toml" <<END
[workspace]
[package]
name = "drawloom-try"
edition = "2024"
[dependencies]
$crate = { version = "=$version", features = [${wanted#\"\"}] }
END
    cat >"$fetched/Cargo.lock" <<END
version = 4
[[package]]
name = "$crate"
version = "$version"
source = "registry+https://github.com/rust-lang/crates.io-index"
[[package]]
name = "drawloom-try"
version = "0.0.0"
dependencies = ["$crate"]
END
    local log=$fetched/log
    (cd "$fetched" && cargo vendor --quiet --versioned-dirs vendor >/dev/null 2>"$log") && return
    rm -rf "$fetched/vendor"
    if grep -q "no matching package named" "$log"; then
        give_up "there is no crate \`$crate\` on crates.io"
    elif grep -q "candidate versions found" "$log"; then
        give_up "there is no version $version of $crate: $(grep -m1 -o 'candidate versions.*' "$log")"
    elif grep -q "failed to download\|download of .* failed\|failed to query replaced source" "$log"; then
        give_up "cargo cannot reach the registry: $(tail -1 "$log" | sed 's/^ *//')"
    fi
    give_up "cargo cannot fetch $crate $version:" "$(cat "$log")"
}
[ -d "$fetched/vendor/$crate-$version" ] || fetch

# One folder of $fetched/vendor, whose version is not known.
vendored() {
    local folders=("$fetched/vendor/$1"-[0-9]*)
    [ -d "${folders[0]}" ] || give_up "$crate $version does not depend on $1, which $explorations/settings names"
    [ ${#folders[@]} -eq 1 ] || give_up "$crate $version depends on several versions of $1; name another"
    printf '%s' "${folders[0]}"
}

# Copies what was fetched to $2, with std and core swapped.
swap() {
    rm -rf "$2"
    mkdir -p "$(dirname "$2")"
    cp -r "$1" "$2"
    # Of another time and another machine: the lines below would not fit it.
    rm -f "$2/Cargo.lock"
    cat >>"$2/Cargo.toml" <<END

[dependencies.std]
package = "drawloom-std"
path = "$root/shims/std"

[dependencies.core]
package = "drawloom-core"
path = "$root/shims/core"
END
}

source=$fetched/vendor/$crate-$version
grep -rqE --include='*.rs' --exclude-dir={tests,benches,examples} \
    '(std|core)::(sync|thread|cell|time|hint|collections)|(std|core)::\{|thread_local!' "$source" ||
    give_up "$crate $version uses nothing of std or core that drawloom instruments: there is nothing to explore"

copy=$work/crates/$crate-$version
swap "$source" "$copy"
printf '\n[workspace]\n' >>"$copy/Cargo.toml"
if [ -n "$also" ]; then
    printf '\n[patch.crates-io]\n' >>"$copy/Cargo.toml"
    for dependency in $also; do
        folder=$(vendored "$dependency")
        swap "$folder" "$work/crates/$crate-$version-with/$dependency"
        printf '%s = { path = "%s" }\n' "$dependency" "$work/crates/$crate-$version-with/$dependency" >>"$copy/Cargo.toml"
    done
fi

cargo_test() {
    local folder=$1
    shift
    (cd "$folder" && cargo test ${features:+--features "$features"} --target-dir "$work/target" "$@" 2>&1)
}

# Says how many of the crate's tests pass, by the harness's own sums.
count() {
    awk '/^test result:/ { passed += $4; failed += $6 } END { printf "%d of %d", passed, passed + failed }' "$1"
}

ended=0
printf '%s %s, with std and core from drawloom\n' "$crate" "$version"

log=$work/crates/$crate-$version.log
since=$SECONDS
if cargo_test "$copy" --no-fail-fast >"$log"; then
    printf '  own tests: %s pass (%d s)\n' "$(count "$log")" $((SECONDS - since))
else
    ended=1
    plain=$work/crates/$crate-$version-plain
    rm -rf "$plain"
    cp -r "$source" "$plain"
    rm -f "$plain/Cargo.lock"
    printf '\n[workspace]\n' >>"$plain/Cargo.toml"
    if cargo_test "$plain" --no-fail-fast >"$log.plain"; then
        printf '  own tests: %s pass, and with the real std %s; see %s\n' "$(count "$log")" "$(count "$log.plain")" "$log"
    elif grep -q '^test result:' "$log.plain"; then
        printf '  own tests: %s pass, and with the real std %s, not all either; see %s\n' \
            "$(count "$log")" "$(count "$log.plain")" "$log"
    else
        printf '  own tests: they do not build, with the real std either; see %s\n' "$log.plain"
    fi
fi

[ -d "$explorations" ] || give_up "no exploration is written for $crate: put one into shims/std/explorations/$crate"
cat >>"$copy/Cargo.toml" <<END

[dev-dependencies.drawloom]
path = "$root"
features = ["explore"]

[dev-dependencies.drawloom-quarantine]
path = "$root/shims/quarantine"

$manifest
END
mkdir -p "$copy/tests"
for exploration in "$explorations"/*.rs; do
    name=$(basename "$exploration" .rs)
    cp "$exploration" "$copy/tests/drawloom-$name.rs"
    # Written in this edition, whatever the crate's is.
    printf '\n[[test]]\nname = "drawloom-%s"\npath = "tests/drawloom-%s.rs"\nedition = "2024"\n' "$name" "$name" \
        >>"$copy/Cargo.toml"
done
for exploration in "$explorations"/*.rs; do
    name=$(basename "$exploration" .rs)
    since=$SECONDS
    if cargo_test "$copy" --test "drawloom-$name" -- --nocapture --test-threads=1 >"$log.$name"; then
        printf '  %s: passes (%d s)\n' "$name" $((SECONDS - since))
        sed -nE 's/^.*: ((verified|bounded|sampled): )/    \1/p' "$log.$name"
    elif grep -q '^test result:' "$log.$name"; then
        ended=1
        printf '  %s: FAILS (%d s)\n' "$name" $((SECONDS - since))
        sed -n '/^running/,/^failures:/ { /^running/d; /^failures:/d; p }' "$log.$name"
    elif signal=$(grep -o 'signal: .*' "$log.$name"); then
        ended=1
        printf '  %s: ENDS THE PROCESS (%s; %d s); see %s\n' "$name" "${signal%)}" $((SECONDS - since)) "$log.$name"
    else
        give_up "$name cannot be run with $crate $version:" "$(grep -v '^ *Compiling\|^warning' "$log.$name" | tail -40)"
    fi
done
exit $ended
