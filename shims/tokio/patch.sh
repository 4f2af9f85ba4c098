#!/bin/sh
# Makes what a program needs to explore with tokio's stand-in, and prints what to put into its Cargo.toml.
#
#     shims/tokio/patch.sh target/drawloom-tokio >> Cargo.toml
#
# tokio itself is still needed, for what is not modelled; but `[patch]` replaces it for everybody. So a package in the folder depends
# on it at the place to which cargo has downloaded it, and takes the place of drawloom-real-tokio, from which drawloom has it.
set -eu

folder=${1:?"usage: shims/tokio/patch.sh FOLDER: where to put a small package, say target/drawloom-tokio"}
project=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$folder/src"
folder=$(cd "$folder" && pwd)

manifest=$(cd "$project" && cargo metadata --format-version 1 |
    grep -o '"manifest_path":"[^"]*/tokio-1\.[0-9.]*/Cargo.toml"' | head -n 1 | cut -d '"' -f 4)
if [ -z "$manifest" ]; then
    echo "patch.sh: cargo has no source of tokio; run \`cargo fetch\` in $project" >&2
    exit 1
fi

sed -e "s#^tokio = .*version = \"[^\"]*\"#tokio = { path = \"$(dirname "$manifest")\"#" \
    -e 's/^version.workspace = true/version = "0.1.0"/' -e 's/^edition.workspace = true/edition = "2024"/' \
    -e '/workspace = true/d' -e '/^\[lints\]/d' "$project/real-tokio/Cargo.toml" > "$folder/Cargo.toml"
cp "$project/real-tokio/src/lib.rs" "$folder/src/lib.rs"

cat <<PATCH

[patch.crates-io]
tokio = { path = "$project/shims/tokio" }

[patch."file://$project/real-tokio"]
drawloom-real-tokio = { path = "$folder" }
PATCH
