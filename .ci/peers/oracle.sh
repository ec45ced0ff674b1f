#!/usr/bin/env bash
# AWS's recorded answers (../shared/oracle/given) replayed with boto3 against `callboard local`, every answer held against botocore's service
# models; writes localcloud/CONFORMANCE.md, and fails when the committed one says otherwise.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=.ci/checking.bash
. "$root/.ci/checking.bash"

oracle=$root/../shared/oracle/given
[ -d "$oracle" ] || fail "AWS's recorded answers are not there: $oracle"
boto3_version=1.44.8
venv=$root/target/boto3-$boto3_version
[ -e "$venv/whole" ] || {
    rm -rf "$venv"
    python3 -m venv "$venv" && "$venv/bin/pip" install --quiet "boto3==$boto3_version" && touch "$venv/whole"
}
mkdir "$work/project"
cd "$work/project"
printf 'name = "hello"\n' >callboard.toml
start_local_cloud
"$venv/bin/python" "$root/localcloud/conformance/replay.py" --endpoint "$AWS_ENDPOINT_URL" --oracle "$oracle" \
    --table "$work/CONFORMANCE.md"
if ! diff -u "$root/localcloud/CONFORMANCE.md" "$work/CONFORMANCE.md"; then
    cp "$work/CONFORMANCE.md" "$root/localcloud/CONFORMANCE.md"
    fail "localcloud/CONFORMANCE.md was not what this run found: it has been written anew"
fi
