#!/usr/bin/env bash
# Runs the loom tests of a published crate with drawloom in loom's place:
#
#   bash shims/loom/try.sh [OPTIONS] CRATE VERSION [FILTER]
#
#   --real             with loom itself, for comparison
#   --each             one line a test
#   --features LIST    features of the crate, instead of those that its manifest suggests
#   --cfg NAME         the cfg that switches loom on, instead of the one in its manifest; may be repeated
#   --limit SECONDS    stop the tests after this time
#   --add FILE         run the tests in FILE as well; with FILTER `added` alone, if their names say so
#   --into FOLDER      make FILE a module of the one in FOLDER, not a test target: for crates that use loom in
#                      their own tests only
#
# The crate is downloaded, unpacked and changed in target/try, or in the folder $DRAWLOOM_TRY_DIR. FILTER is the test
# harness's. The variables LOOM_* and DRAWLOOM_* are handed on, and what is in RUSTFLAGS is added to.
#
# Exit codes: 0 all tests passed, 1 some failed, 2 wrong usage, 3 no such crate, or one without loom tests,
# 4 it does not compile, 5 no network, 6 the time limit.
set -euo pipefail
shim=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$shim/../.." && pwd)

die() {
    printf 'try: %s\n' "$2" >&2
    exit "$1"
}

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}"
}

real=false each=false add='' into='' features='' features_given=false cfgs=() limit='' words=()
while [ $# -gt 0 ]; do
    case $1 in
    --real) real=true ;;
    --each) each=true ;;
    --features)
        [ $# -ge 2 ] || die 2 "--features needs a list, as in --features full"
        features=$2 features_given=true
        shift
        ;;
    --cfg)
        [ $# -ge 2 ] || die 2 "--cfg needs a name, as in --cfg loom"
        cfgs+=("$2")
        shift
        ;;
    --add)
        [ -f "${2:-}" ] || die 2 "--add needs a file with tests; there is none at \`${2:-}\`"
        add=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
        shift
        ;;
    --into)
        [ $# -ge 2 ] || die 2 "--into needs a folder of the crate, as in --into src/tests"
        into=$2
        shift
        ;;
    --limit)
        [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die 2 "--limit needs a number of seconds, as in --limit 60"
        limit=$2
        shift
        ;;
    -h | --help)
        usage
        exit 0
        ;;
    -*) die 2 "unknown option $1; see try.sh --help" ;;
    *) words+=("$1") ;;
    esac
    shift
done
[ "${#words[@]}" -ge 2 ] && [ "${#words[@]}" -le 3 ] ||
    die 2 "a crate and its version are needed, as in: try.sh parking 2.2.1; see try.sh --help"
crate=${words[0]} version=${words[1]} filter=${words[2]:-}
[[ $crate =~ ^[A-Za-z0-9_-]+$ ]] || die 2 "\`$crate\` is no name of a crate"
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+][A-Za-z0-9.+-]+)?$ ]] ||
    die 2 "\`$version\` is no version; a full one is needed, as in 2.2.1"

folder=${DRAWLOOM_TRY_DIR:-${CARGO_TARGET_DIR:-$root/target}/try}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
engine=drawloom
$real && engine=loom
source=$folder/$engine/$crate-$version
# Not the name of the published folder, by which it is found below.
fetched=$folder/fetched/$crate@$version

# --- The published crate, fetched by cargo ---

if [ ! -f "$fetched/published" ]; then
    mkdir -p "$fetched/src"
    : >"$fetched/src/lib.rs"
    cat >"$fetched/Cargo.toml" <<END
[workspace]
[package]
name = "drawloom-try"
version = "0.0.0"
edition = "2024"
[dependencies]
$crate = "=$version"
END
    # cargo takes a yanked version, as those with known bugs often are, only from a lock file.
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
    if ! (cd "$fetched" && cargo metadata --quiet --format-version 1) >"$fetched/metadata" 2>"$fetched/log"; then
        if grep -q "no matching package named\|candidate versions found\|failed to select a version" "$fetched/log"; then
            die 3 "crates.io has no version $version of a crate \`$crate\`; \`cargo info $crate\` shows the newest"
        fi
        die 5 "cargo cannot fetch $crate $version; it needs the network for crates that it has not downloaded yet: $(
            tail -n 1 "$fetched/log" | sed 's/^ *//'
        )"
    fi
    published=$(grep -o "\"manifest_path\":\"[^\"]*/$crate-$version/Cargo.toml\"" "$fetched/metadata" | head -n 1)
    [ -n "$published" ] || die 5 "cargo does not say where it has put $crate $version"
    published=${published#*:\"}
    printf '%s' "${published%/Cargo.toml\"}" >"$fetched/published"
fi
rm -rf "$source"
mkdir -p "$folder/$engine"
cp -r "$(cat "$fetched/published")" "$source" || {
    rm -f "$fetched/published"
    die 5 "what cargo had fetched is gone; try again"
}
manifest=$source/Cargo.toml

# --- How it uses loom: `KIND CFG NAME REQUIREMENT OPTIONAL`, a line for each dependency on it. Published manifests
# --- have one table for each dependency. ---

uses=$(awk '
    function flush() {
        if (name != "" && (package == "loom" || (package == "" && name == "loom")))
            print kind, (cfg == "" ? "-" : cfg), name, requirement, optional
        name = ""
    }
    /^\[/ {
        flush()
        if (match($0, /(dev-|build-)?dependencies\.[A-Za-z0-9_-]+\]$/)) {
            kind = name = substr($0, RSTART, RLENGTH - 1)
            sub(/\..*/, "", kind)
            sub(/.*\./, "", name)
            cfg = ""
            if (match($0, /^\[target\..*cfg\(.*\)/)) {
                cfg = substr($0, RSTART, RLENGTH)
                # The word that ends in loom.
                if (match(cfg, /[A-Za-z0-9_]*loom[,)]/)) cfg = substr(cfg, RSTART, RLENGTH - 1)
                else cfg = ""
            }
            package = ""; requirement = "?"; optional = "false"
        }
        next
    }
    /^package = /  { package = $3; gsub(/"/, "", package) }
    /^version = /  { requirement = $0; sub(/^version = /, "", requirement); gsub(/[" ]/, "", requirement) }
    /^optional = / { optional = $3 }
    END { flush() }
' "$manifest")
[ -n "$uses" ] || die 3 "$crate $version does not depend on loom; its tests are not loom tests"

if [ "${#cfgs[@]}" -eq 0 ]; then
    while read -r _ cfg _; do
        if [ "$cfg" != - ] && [[ " ${cfgs[*]-} " != *" $cfg "* ]]; then cfgs+=("$cfg"); fi
    done <<<"$uses"
fi
# Tests usually have debug assertions, and some insist.
flags="${RUSTFLAGS:+$RUSTFLAGS }-C debug-assertions --cap-lints warn"
for cfg in "${cfgs[@]}"; do flags+=" --cfg $cfg"; done

# A feature by this name, or one that an optional dependency of this name makes.
has_feature() {
    awk -v wanted="$1" '
        /^\[/ { inside = ($0 == "[features]") }
        inside && $1 == wanted && $2 == "=" { found = 1 }
        END { exit !found }
    ' "$manifest"
}
if ! $features_given; then
    if has_feature loom || grep -q ' true$' <<<"$uses"; then features=loom; fi
    # A crate whose parts are features tests them all; and what it has for tests only, it needs for them.
    for feature in full test-util; do
        if has_feature "$feature"; then features=${features:+$features,}$feature; fi
    done
fi

# A profile by this name is meant for these tests.
profile=(--release)
if grep -q '^\[profile\.loom\]' "$manifest"; then profile=(--profile loom); fi

# --- What is added to it ---

if [ -n "$into" ]; then
    [ -n "$add" ] || die 2 "--into needs --add"
    [ -f "$source/$into/mod.rs" ] || die 2 "$crate $version has no module at \`$into\`"
    cp "$add" "$source/$into/added.rs"
    printf '\n#[cfg(%s)]\nmod added;\n' "${cfgs[0]-all()}" >>"$source/$into/mod.rs"
elif [ -n "$add" ]; then
    mkdir -p "$source/tests"
    cp "$add" "$source/tests/added.rs"
    printf '\n[[test]]\nname = "added"\npath = "tests/added.rs"\n' >>"$manifest"
fi

# --- Where its loom tests are ---

targets=()
for file in "$source"/tests/*.rs; do
    if [ -f "$file" ] && grep -qE '\bloom(_crate)?::' "$file"; then targets+=(--test "$(basename "$file" .rs)"); fi
done
if [ -d "$source/src" ] && grep -rqE '\bloom::(model|Builder)|model::Builder' "$source/src"; then targets+=(--lib); fi
[ "${#targets[@]}" -gt 0 ] || die 3 "$crate $version depends on loom, but has published no tests with it"

# --- Its manifest ---

requirement=$(awk '{ print $4; exit }' <<<"$uses")
if ! $real; then
    if [[ ! $requirement =~ ^[\^~=]*0\.7(\.|$) ]]; then
        echo "try: $crate asks for loom $requirement; the shim is 0.7.2, so its manifest is changed to ask for 0.7"
    fi
    changed=$(awk '
        # Whether this table is that of loom is known at its end.
        function flush(  i) {
            for (i = 1; i <= count; i++) {
                if (is_loom && lines[i] ~ /^version = /) lines[i] = "version = \"0.7\""
                print lines[i]
            }
            count = 0
        }
        /^\[/ { flush(); is_loom = /dependencies\.loom\]$/ }
        /^package = "loom"$/ { is_loom = 1 }
        { lines[++count] = $0 }
        END { flush() }
    ' "$manifest")
    printf '%s\n\n[patch.crates-io]\nloom = { path = "%s" }\n' "$changed" "$shim" >"$manifest"
fi
grep -q '^\[workspace\]' "$manifest" || printf '\n[workspace]\n' >>"$manifest"

export CARGO_TERM_COLOR=never RUSTFLAGS="$flags" CARGO_TARGET_DIR="$folder/$engine/target"
cd "$source"
selection=()
[ -n "$features" ] && selection=(--features "$features")
if ! $real && [ -f Cargo.lock ] && grep -q '^name = "loom"$' Cargo.lock; then
    # A newer one that is in the file would be preferred to the shim.
    cargo update --quiet loom --precise 0.7.2 2>"$source.log" || rm Cargo.lock
fi
echo "try: $crate $version on $engine: RUSTFLAGS=\"$flags\" cargo test ${profile[*]} ${targets[*]} ${selection[*]-} ${filter}"
packages=$(cargo tree --quiet --edges normal,dev,build "${selection[@]}" --prefix none --format '{p}' 2>"$source.log") || {
    tail -n 20 "$source.log" >&2
    die 4 "cargo cannot resolve its dependencies"
}
looms=$(grep -E '^loom v' <<<"$packages" | sed 's/ (\*)$//' | sort -u || true)
if ! $real; then
    others=$(grep -v "($shim)" <<<"$looms" || true)
    [ "$others" != "$looms" ] || die 4 "loom is not part of what is built; name its cfg or feature with --cfg or --features"
    if [ -n "$others" ]; then
        echo "try: through a dependency it also uses ${others//$'\n'/, } itself, whose types panic in the shim's models"
    fi
fi

# --- Its tests ---

if ! cargo test --quiet "${profile[@]}" "${targets[@]}" "${selection[@]}" --no-run >"$source.log" 2>&1; then
    grep -E '^(error|warning: unused)' -A 12 "$source.log" | head -n 80 >&2 || tail -n 40 "$source.log" >&2
    die 4 "it does not compile; all of it is in $source.log"
fi
# Otherwise loom does not say how much it has run.
$real && export LOOM_LOG="${LOOM_LOG:-info}"
run=(cargo test --quiet "${profile[@]}" "${targets[@]}" "${selection[@]}" --no-fail-fast --)
[ -n "$filter" ] && run+=("$filter")
run+=(--show-output --format pretty)
[ -n "$limit" ] && run=(timeout --kill-after 5 "$limit" "${run[@]}")
started=$(date +%s%N)
status=0
"${run[@]}" >"$source.log" 2>&1 || status=$?
milliseconds=$((($(date +%s%N) - started) / 1000000))

# Results by test: `NAME RESULT EXECUTIONS COVERAGE`. What a test has printed comes after all results, under its name.
results=$(awk '
    function number(text) { gsub(/,/, "", text); return text + 0 }
    # The program may print before the result, in the same line.
    match($0, /^test [^ ]+( - should panic)? \.\.\. /) {
        name = $2
        if ($0 ~ /(ok|FAILED|ignored)$/ && !(name in result)) {
            result[name] = $NF
            order[++count] = name
        }
        next
    }
    match($0, /^---- [^ ]+ stdout ----$/) { now = $2; next }
    # A test is verified if all its models are.
    match($0, /: (verified|bounded|sampled): (all |the )?([0-9,]+|only) /) {
        text = substr($0, RSTART + 2, RLENGTH - 3); words = split(text, word, " ")
        executions[now] += word[words] == "only" ? 1 : number(word[words])
        rank = index("verified:bounded:sampled:", word[1])
        if (rank > ranks[now]) { ranks[now] = rank; coverage[now] = substr(word[1], 1, length(word[1]) - 1) }
    }
    match($0, /found in execution [0-9,]+/) {
        text = substr($0, RSTART, RLENGTH); split(text, word, " ")
        executions[now] += number(word[4]) + 1
    }
    match($0, /Completed in [0-9]+ iterations/) {
        text = substr($0, RSTART, RLENGTH); split(text, word, " ")
        executions[now] += word[3]
    }
    END { for (i = 1; i <= count; i++) print order[i], result[order[i]], executions[order[i]] + 0, coverage[order[i]] }
' "$source.log")
if $each && [ -n "$results" ]; then
    awk '{ printf "try:   %-8s %-8s %10d executions  %s\n", $2, $4, $3, $1 }' <<<"$results"
fi
count() { awk -v wanted="$1" '$2 == wanted { n++ } END { print n + 0 }' <<<"$results"; }
passed=$(count ok) failed=$(count FAILED) ignored=$(count ignored)
executions=$(awk '{ n += $3 } END { print n + 0 }' <<<"$results")
awk '$2 == "FAILED" { print "try: failed: " $1 }' <<<"$results"
printf 'try: %s %s on %s: %d passed, %d failed, %d ignored; %d executions; %d.%03d s\n' \
    "$crate" "$version" "$engine" "$passed" "$failed" "$ignored" "$executions" \
    $((milliseconds / 1000)) $((milliseconds % 1000))
if ! $real; then
    awk '$2 == "ok" && $4 != "" { models++; how[$4]++ } END {
        printf "try: of %d tests with models that passed, %d verified, %d bounded, %d sampled\n",
            models, how["verified"], how["bounded"], how["sampled"]
    }' <<<"$results"
fi
if [ "$status" -ne 0 ] || $each; then echo "try: what the tests printed is in $source.log"; fi
[ "$status" -ne 124 ] && [ "$status" -ne 137 ] || die 6 "stopped after $limit s; what had not ended is not counted"
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || {
    tail -n 20 "$source.log" >&2
    die 1 "the tests ended with status $status"
}
[ $((passed + failed)) -gt 0 ] || die 3 "no test was run${filter:+ whose name contains \`$filter\`}"
[ "$failed" -eq 0 ]
