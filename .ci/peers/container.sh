#!/usr/bin/env bash
# The container builder with a real tool: `callboard deploy --builder container` has Buildah build the Dockerfile as it stands,
# and the image is deployed to `callboard local`. Needs root.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
callboard=$root/target/debug/callboard
# Not whatever `aws` comes first: PyPI's is v1.
aws_cli=/usr/bin/aws
work=$(mktemp -d /var/tmp/callboard-ci.XXXXXX)
cloud=
count=0
# shellcheck source=.ci/builder-image.sh
. "$root/.ci/builder-image.sh"

cleanup() {
    if [ -n "$cloud" ]; then
        kill "$cloud" 2>/dev/null || true
        wait "$cloud" 2>/dev/null || true
    fi
    remove_work
}
trap cleanup EXIT

fail() {
    echo "FAILED: $1"
    shift
    [ $# -eq 0 ] || printf '  %s\n' "$@"
    exit 1
}

# is WHAT EXPECTED GOT
is() {
    [ "$2" = "$3" ] || fail "$1" "expected: $2" "got:      $3"
    count=$((count + 1))
    echo "ok $1"
}

for program in buildah debootstrap skopeo jq curl "$aws_cli"; do
    command -v "$program" >/dev/null || fail "$program is missing: .ci/run installs it"
done
[ "$(id -u)" = 0 ] || fail "this needs root: debootstrap and Buildah's isolation by chroot do"

builder_image

# The repository's tracked files, so that a line can be changed and nothing of a developer's local cloud is touched.
mkdir "$work/project"
git -C "$root" ls-files -z | tar -C "$root" --null -T - -c | tar -C "$work/project" -x
cd "$work/project"
sed -i 's/^# tool = .*/tool = "buildah"/' callboard.toml
grep -q '^tool = "buildah"' callboard.toml || fail "callboard.toml has no line for the tool"
# How fast the first answer is says nothing of the builder: its gigabytes may still be on their way to the disk.
sed -i '/^max_ms = /d' callboard.toml
unset AWS_PROFILE AWS_SESSION_TOKEN
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true AWS_PAGER='' NO_COLOR=1

"$callboard" local --port 0 --fresh >"$work/local.out" 2>"$work/local.err" &
cloud=$!
end=$((SECONDS + 30))
until grep -q AWS_REGION "$work/local.out"; do
    [ $SECONDS -lt $end ] || fail "the local cloud does not say its address" "$(cat "$work/local.err")"
    sleep 0.1
done
# shellcheck disable=SC1091  # the lines are meant to be read by a shell
. "$work/local.out"
registry=${AWS_ENDPOINT_URL#http://}

# deploy WHICH: leaves its document in $work/WHICH.json and the build's log in $work/WHICH.log.
deploy() {
    local began=$SECONDS
    "$callboard" deploy stage --builder container --yes --json >"$work/$1.json" 2>"$work/$1.err" ||
        fail "deploy, $1" "$(tail -30 "$work/$1.err")"
    cp .callboard/build.log "$work/$1.log"
    is "deploy, $1 ($((SECONDS - began)) s): checks" true "$(jq .deployed.green "$work/$1.json")"
}

# step WHICH STEP MEMBER
step() {
    jq -r --arg step "$2" --arg member "$3" '.steps[] | select(.step == $step)[$member]' "$work/$1.json"
}

deploy first
is "first: who built" buildah "$(step first build detail | cut -d' ' -f1)"
is "first: blobs sent" "3 of 3 blobs sent" "$(step first push detail | sed 's/.*, //')"
url=$(jq -r .deployed.url "$work/first.json")
is "first: GET /stage/api/v0" stage "$(curl -sS "$url/api/v0" | jq -r .ENV)"
is "first: GET /stage/api/v0/items" "Get all items" "$(curl -sS "$url/api/v0/items" | jq -r .message)"
grep -q 'STEP .*COPY service/src' "$work/first.log" || fail "the build's log has what Buildah said" "$(cat "$work/first.log")"

deploy again
is "again: push" unchanged "$(step again push result)"
is "again: compiled" 0 "$(grep -c ' Compiling ' "$work/again.log" || true)"

# One line, in a file whose time is far in the past, as it may be in a checkout: cargo must see it all the same.
sed -i 's/"Get all items"/"Get each item"/' service/src/api/v0/items.rs
touch -d 2020-01-01 service/src/api/v0/items.rs
deploy changed
is "changed: GET /stage/api/v0/items" "Get each item" "$(curl -sS "$url/api/v0/items" | jq -r .message)"
is "changed: blobs sent" "2 of 3 blobs sent" "$(step changed push detail | sed 's/.*, //')"
is "changed: compiled" service "$(sed -n 's/^ *Compiling \([^ ]*\) .*/\1/p' "$work/changed.log" | xargs)"
is "changed: the dependencies are in a layer that was there" "Using cache" \
    "$(awk '/STEP .*RUN for member/ { getline; print $2, $3 }' "$work/changed.log")"

# What the registry holds is one image.
"$aws_cli" --endpoint-url "$AWS_ENDPOINT_URL" ecr get-login-password |
    skopeo login --tls-verify=false --authfile "$work/auth.json" --username AWS --password-stdin "$registry" >/dev/null
image="docker://$registry/hello:$(jq -r .deployed.tag "$work/changed.json")"
inspected=$(skopeo inspect --tls-verify=false --authfile "$work/auth.json" "$image")
is "skopeo inspect: digest" "$(jq -r .deployed.digest "$work/changed.json")" "$(jq -r .Digest <<<"$inspected")"
is "skopeo inspect: layers" 2 "$(jq '.Layers | length' <<<"$inspected")"
is "skopeo inspect --raw: one manifest and no index" application/vnd.docker.distribution.manifest.v2+json \
    "$(skopeo inspect --raw --tls-verify=false --authfile "$work/auth.json" "$image" | jq -r .mediaType)"
is "skopeo inspect --config: entry point" /var/task/bootstrap \
    "$(skopeo inspect --config --tls-verify=false --authfile "$work/auth.json" "$image" | jq -r '.config.Entrypoint[]')"

# A line that does not compile.
echo 'not rust' >>service/src/api/v0/items.rs
if "$callboard" deploy stage --builder container --yes >"$work/broken.out" 2>&1; then
    fail "a service that does not compile is deployed"
fi
grep -q 'could not build the image' "$work/broken.out" && grep -q '^.*error: expected' "$work/broken.out" &&
    grep -q '\.callboard/build\.log' "$work/broken.out" || fail "the error of the compiler is shown" "$(tail -30 "$work/broken.out")"
is "after a build that failed, what runs" "Get each item" "$(curl -sS "$url/api/v0/items" | jq -r .message)"

# Nothing stays behind: no working container, no archive of an image.
is "containers of Buildah left" "" "$(buildah containers --quiet)"
is "temporary folders left" "" "$(find "$TMPDIR" -maxdepth 1 -name 'callboard-*')"

echo "$count checks passed in $SECONDS s"
