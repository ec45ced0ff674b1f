#!/usr/bin/env bash
# The headless commands with `--cloud aws` against moto (https://docs.getmoto.org), an AWS that nobody here wrote. What moto
# does differently from AWS, and what is therefore not checked here, is listed in docs/moto.md.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=.ci/checking.bash
. "$root/.ci/checking.bash"

moto_version=5.2.5
venv=$root/target/moto-$moto_version
[ -e "$venv/whole" ] || {
    rm -rf "$venv"
    python3 -m venv "$venv" && "$venv/bin/pip" install --quiet "moto[server]==$moto_version" && touch "$venv/whole"
}
# An image is what ECR holds and not a hash of its address; AWS's own policies are there to be attached.
MOTO_LAMBDA_STUB_ECR=false MOTO_IAM_LOAD_MANAGED_POLICIES=true \
    "$venv/bin/moto_server" -H 127.0.0.1 -p 0 >"$work/moto.out" 2>"$work/moto.err" &
children+=($!)
# Port 0: the kernel picks one, and moto says which.
until_true 60 "moto says its address" grep -q 'Running on http' "$work/moto.out" "$work/moto.err"
moto=$(cat "$work/moto.out" "$work/moto.err" | grep -o 'http://127\.0\.0\.1:[0-9]*')

mkdir "$work/project"
cd "$work/project"
cp -r "$root/console/tests/it/small_service" service
cat >callboard.toml <<TOML
name = "hello"
[function]
memory = 256
[build]
service_dir = "service"
package = "small_service"
profile = "dev"
TOML
printf 'target\nCargo.lock\n.callboard\n' >.gitignore
printf 'SOME_ENV=some\n' >.env.stage
printf 'SOME_ENV=other\n' >.env.prod
commit() {
    git add -A
    git -c user.name=t -c user.email=t@localhost commit -q -m state
}
git init -q
commit
start_local_cloud
local_endpoint=$AWS_ENDPOINT_URL

# on_moto COMMAND…: as whoever works on moto. moto refuses to be a proxy: so what is not there (the registry, the
# API's own host) is refused at once, and nothing of this leaves the machine.
on_moto() {
    env AWS_ENDPOINT_URL="$moto" AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 \
        AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test HTTPS_PROXY="$moto" NO_PROXY='' no_proxy='' "$@"
}

aws() {
    on_moto "$aws_cli" --endpoint-url "$moto" --output json "$@"
}

# run EXIT_CODE ARGUMENT…: a command of the console; what it says is in $out and $err.
run() {
    local expected=$1 code=0
    shift
    on_moto "$callboard" --cloud aws "$@" >"$work/out" 2>"$work/command.err" </dev/null || code=$?
    out=$(cat "$work/out")
    err=$(cat "$work/command.err")
    [ "$code" = "$expected" ] || fail "callboard $*" "expected exit code: $expected" "got: $code" "$out"
    count=$((count + 1))
    echo "ok callboard $*: exit code $code"
}

# of FILTER: of the JSON document that the last command wrote.
of() {
    jq -r "$1" <<<"$out"
}

# moto has no registry. So the image of the source in hand is built and pushed to the local cloud, and its manifest is put
# into moto's ECR, byte by byte: a push sends nothing when ECR holds the digest, and the build is reproducible.
put_image() {
    local tag=$1 token
    "$callboard" --cloud local deploy stage --yes --json >"$work/local.deploy" 2>"$work/local.deploy.err" ||
        fail "deploy to the local cloud"
    digest=$(jq -r .deployed.digest "$work/local.deploy")
    token=$("$aws_cli" --endpoint-url "$local_endpoint" ecr get-authorization-token |
        jq -r '.authorizationData[0].authorizationToken')
    curl -sSf -H "Authorization: Basic $token" -H "Accept: $media_type" \
        "$local_endpoint/v2/hello/manifests/$digest" -o "$work/manifest"
    is "the manifest of $tag hashes to its digest" "$digest" "sha256:$(sha256sum <"$work/manifest" | cut -d' ' -f1)"
    # Without --image-digest moto makes a digest up.
    is "moto holds $tag under its digest" "$digest" \
        "$(aws ecr put-image --repository-name hello --image-tag "$tag" --image-digest "$digest" \
            --image-manifest "$(cat "$work/manifest")" | jq -r .image.imageId.imageDigest)"
}
media_type=application/vnd.docker.distribution.manifest.v2+json

function_env() {
    aws lambda get-function-configuration --function-name "$1" | jq -cS .Environment.Variables
}

function_digest() {
    aws lambda get-function-configuration --function-name "$1" | jq -r '"sha256:" + .CodeSha256'
}

# The plan of an empty account, and a deploy that stops where moto has no registry.
run 4 plan stage --json
is "plan: account" 123456789012 "$(of .account)"
is "plan: all is created" '["create"]' "$(of '[.changes[].action] | unique | tojson')"
run 0 status --json
is "status: nothing runs" false "$(of .stages.stage.deployed)"
run 2 deploy stage
has "without a terminal it cannot be confirmed" "add --yes" "$err"
run 1 deploy stage --yes --json
is "a deploy without a registry: what was done" '["identity","build","image","repository"]' \
    "$(of '[.steps[].step] | tojson')"
has "a deploy without a registry: how to go on" "changed so far: repository" "$err"
is "the repository is there, scanned on push" true \
    "$(aws ecr describe-repositories --repository-names hello |
        jq -r '.repositories[0].imageScanningConfiguration.scanOnPush')"

# The same deploy goes on from there. Nobody answers at the API's address, so its checks fail: exit code 3.
put_image 20260101_000001
first=$digest
run 3 deploy stage --yes --json
is "deploy: the image of the same digest" "$first" "$(of .deployed.digest)"
is "deploy: nothing is pushed" unchanged "$(of '.steps[] | select(.step == "push").result')"
is "deploy: all 19 steps" 19 "$(of '.steps | length')"
is "deploy: its checks fail, for nobody answers" false "$(of .deployed.green)"
has "deploy: it waits 20 s for the gateway and no longer" "for 20 s: checking all the same" "$err"
is "lambda: the environment" '{"ENV":"stage","SOME_ENV":"some"}' "$(function_env hello-stage)"
is "lambda: the image" "$first" "$(function_digest hello-stage)"
is "lambda: memory" 256 "$(aws lambda get-function-configuration --function-name hello-stage | jq .MemorySize)"
is "lambda: the stamp" 20260101_000001 \
    "$(aws lambda get-function --function-name hello-stage | jq -r '.Tags["callboard:image-tag"]')"
is "iam: the policies of the role" "AWSLambdaBasicExecutionRole AWSXRayDaemonWriteAccess" \
    "$(aws iam list-attached-role-policies --role-name hello-lambda-ex |
        jq -r '[.AttachedPolicies[].PolicyName] | sort | join(" ")')"
api=$(aws apigateway get-rest-apis | jq -r '.items[] | select(.name == "hello") | .id')
account=arn:aws:lambda:us-east-1:123456789012
is "apigateway: the stage variable" stage \
    "$(aws apigateway get-stage --rest-api-id "$api" --stage-name stage | jq -r .variables.env)"
is "apigateway: both paths lead to the stage's function" \
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/$account:function:hello-\${stageVariables.env}/invocations" \
    "$(aws apigateway get-resources --rest-api-id "$api" --embed methods |
        jq -r '[.items[].resourceMethods.ANY.methodIntegration.uri] | unique | join(" ")')"
is "lambda: the gateway may invoke from this stage" "arn:aws:execute-api:us-east-1:123456789012:$api/stage/*/*" \
    "$(aws lambda get-policy --function-name hello-stage |
        jq -r '.Policy | fromjson | .Statement[].Condition.ArnLike["AWS:SourceArn"]')"

# Nothing is left to do; done again, it changes nothing.
run 0 plan stage --json
is "plan: all is there" '["unchanged"]' "$(of '[.changes[].action] | unique | tojson')"
run 3 deploy stage --yes --json
is "the same deploy again changes nothing" '["checks_failed","done","unchanged"]' "$(of '[.steps[].result] | unique | tojson')"
run 0 status --json
is "status: tag" 20260101_000001 "$(of .stages.stage.image_tag)"
is "status: environment" '["in_step"]' "$(of '[.stages.stage.env.keys[].state] | unique | tojson')"
is "status: state" "Active Successful" "$(of '.stages.stage | "\(.state) \(.update)"')"
is "status: address" "https://$api.execute-api.us-east-1.amazonaws.com/stage" "$(of .stages.stage.url)"
run 0 images --json
is "images: stage runs it" stage "$(of '.[0].runs | join(" ")')"

# Prod gets stage's image with its own environment.
run 4 promote --dry-run --json
is "promote --dry-run: it is not done" 404 "$(curl -s -o /dev/null -w '%{http_code}' "$moto/2015-03-31/functions/hello-prod")"
run 3 promote --yes --json
is "promote: the image" "$first" "$(of .deployed.digest)"
is "promote: nothing is built" 0 "$(of '[.steps[] | select(.step == "build")] | length')"
is "promote: prod's own environment" '{"ENV":"prod","SOME_ENV":"other"}' "$(function_env hello-prod)"
run 0 promote --dry-run
run 1 rollback prod --yes
has "rollback: prod ran nothing before" "nothing is known that prod ran before" "$err"

# Another image and another environment on stage, and back: both, each alone.
sed -i 's/Not Found/Not here/' service/src/main.rs
commit
printf 'SOME_ENV=second\nMORE=1\n' >.env.stage
put_image 20260101_000002
second=$digest
run 3 deploy stage --yes
has "deploy: the way back is named" "callboard rollback stage --to 1" "$err"
is "lambda: the second image" "$second" "$(function_digest hello-stage)"
run 4 rollback stage --dry-run
is "rollback --dry-run: it is not done" "$second" "$(function_digest hello-stage)"
run 3 rollback stage --yes --json
is "rollback: the image" "$first" "$(function_digest hello-stage)"
is "rollback: the environment" '{"ENV":"stage","SOME_ENV":"some"}' "$(function_env hello-stage)"
run 3 rollback stage --image-only --yes
is "rollback --image-only: the image" "$second" "$(function_digest hello-stage)"
is "rollback --image-only: the environment stays" '{"ENV":"stage","SOME_ENV":"some"}' "$(function_env hello-stage)"
run 3 rollback stage --env-only --yes
is "rollback --env-only: the image stays" "$second" "$(function_digest hello-stage)"
is "rollback --env-only: the environment" '{"ENV":"stage","MORE":"1","SOME_ENV":"second"}' "$(function_env hello-stage)"
run 3 rollback stage --to 20260101_000001 --image-only --yes
is "rollback --to TAG: the image" "$first" "$(function_digest hello-stage)"
run 1 rollback stage --to 99 --yes
has "rollback --to VERSION: which there are" "the function has no version 99" "$err"

# Somebody deploys the API by hand; the stage goes back to the deployment before.
deployment() {
    aws apigateway get-stage --rest-api-id "$api" --stage-name stage | jq -r .deploymentId
}
ours=$(deployment)
theirs=$(aws apigateway create-deployment --rest-api-id "$api" --stage-name stage | jq -r .id)
is "apigateway: their deployment answers" "$theirs" "$(deployment)"
run 4 rollback stage --gateway --dry-run
run 3 rollback stage --gateway --yes --json
is "rollback --gateway: the step" updated "$(of '.steps[] | select(.step == "deployment").result')"
is "rollback --gateway: our deployment answers" "$ours" "$(deployment)"
is "rollback --gateway: the stage variable stays" stage \
    "$(aws apigateway get-stage --rest-api-id "$api" --stage-name stage | jq -r .variables.env)"
run 3 rollback stage --gateway --to "$theirs" --yes
is "rollback --gateway --to: their deployment answers" "$theirs" "$(deployment)"

# An image that nobody runs or ran goes; the others stay.
printf '{"schemaVersion":2,"mediaType":"%s","config":{"size":1},"layers":[]}' "$media_type" >"$work/old"
aws ecr put-image --repository-name hello --image-tag 20250101_000000 --image-manifest "$(cat "$work/old")" \
    --image-digest "sha256:$(sha256sum <"$work/old" | cut -d' ' -f1)" >/dev/null
tags() {
    aws ecr describe-images --repository-name hello | jq -r '[.imageDetails[].imageTags[]] | sort | join(" ")'
}
run 4 images prune --keep 0 --dry-run
run 2 images prune --keep 0
is "images prune: not done without --yes" "20250101_000000 20260101_000001 20260101_000002" "$(tags)"
run 0 images prune --keep 0 --yes --json
is "images prune: what runs or ran stays" "20260101_000001 20260101_000002" "$(tags)"
run 0 images prune --keep 0 --dry-run

# The journal: each change, and commands that the AWS CLI takes.
run 0 journal --json
is "journal: the changes" "deploy promote prune images roll back roll back (environment only) roll back (image only) roll back gateway" \
    "$(of '[.[] | select(.cloud == "aws").what] | unique | join(" ")')"
is "journal: none is open" 0 "$(of '[.[] | select(.outcome == "begun")] | length')"
is "journal: a deploy that changed nothing has no commands" 1 \
    "$(of '[.[] | select(.cloud == "aws" and .outcome == "checks_failed" and .commands == [])] | length')"
run 0 journal --commands
[[ $out != *SOME_ENV=s* ]] || fail "the journal says a value of the environment"
while read -r line; do
    # One of each operation is enough. The CLI checks the arguments before it calls, and nobody is there to be called.
    command=${line#aws }
    said=$(eval "AWS_MAX_ATTEMPTS=1 on_moto $aws_cli --endpoint-url http://127.0.0.1:9 $command" 2>&1 || true)
    has "the AWS CLI takes: aws ${command%% --*}" "Could not connect to the endpoint URL" "$said"
done < <(sed -n 's/^  \$ //p' <<<"$out" | sort -u -k1,3)

# Down: a stage, then all.
run 4 teardown stage --dry-run
run 2 teardown stage
run 0 teardown stage --yes --json
is "teardown stage: only prod is left" hello-prod "$(aws lambda list-functions | jq -r '[.Functions[].FunctionName] | join(" ")')"
is "teardown stage: the gateway's other stage is left" prod \
    "$(aws apigateway get-stages --rest-api-id "$api" | jq -r '[.item[].stageName] | join(" ")')"
is "teardown stage: the image is left" "20260101_000001 20260101_000002" "$(tags)"
run 0 teardown stage --dry-run
run 4 teardown --all --dry-run --json
is "teardown --all --dry-run: what goes" \
    "API hello,function hello-prod,gateway stage prod,repository hello,role hello-lambda-ex" \
    "$(of '[.changes[] | select(.action == "delete").resource] | sort | join(",")')"
run 0 teardown --all --yes --json
is "teardown --all: functions" 0 "$(aws lambda list-functions | jq '.Functions | length')"
is "teardown --all: APIs" 0 "$(aws apigateway get-rest-apis | jq '.items | length')"
is "teardown --all: roles" 0 "$(aws iam list-roles | jq '.Roles | length')"
is "teardown --all: repositories" 0 "$(aws ecr describe-repositories | jq '.repositories | length')"
run 0 teardown --all --dry-run
run 4 plan stage --json
is "from there all is created anew" '["create"]' "$(of '[.changes[].action] | unique | tojson')"

echo "$count checks passed"
