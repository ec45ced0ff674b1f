#!/usr/bin/env bash
# The AWS CLI (v2), skopeo and curl, none of which was written here, against `callboard local` with both stages deployed.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=.ci/checking.bash
. "$root/.ci/checking.bash"

aws() {
    "$aws_cli" --endpoint-url "$endpoint" --output json "$@"
}

# A project of its own beside the repository, so that nothing of a developer's local cloud is touched.
mkdir "$work/project"
cd "$work/project"
cat >callboard.toml <<TOML
name = "hello"
[build]
service_dir = "$root"
package = "service"
profile = "lambda"
TOML
printf 'SOME_ENV=one\nOTHER_ENV=two\n' >.env.stage
printf 'SOME_ENV=three\nOTHER_ENV=four\n' >.env.prod
start_local_cloud
endpoint=$AWS_ENDPOINT_URL
has "the endpoint is on loopback" http://127.0.0.1: "$endpoint"
registry=${endpoint#http://}

for stage in stage prod; do
    "$callboard" deploy "$stage" --yes >"$work/deploy.$stage" 2>&1 ||
        fail "callboard deploy $stage --yes" "$(cat "$work/deploy.$stage")"
    echo "ok callboard deploy $stage --yes"
    count=$((count + 1))
done

# Who, what, how configured.
is "sts get-caller-identity: account" 000000000000 "$(aws sts get-caller-identity | jq -r .Account)"
function=$(aws lambda get-function --function-name hello-stage)
is "lambda get-function: state" Active "$(jq -r .Configuration.State <<<"$function")"
is "lambda get-function: package" Image "$(jq -r .Configuration.PackageType <<<"$function")"
is "lambda get-function: ENV" stage "$(jq -r .Configuration.Environment.Variables.ENV <<<"$function")"
has "lambda get-function: image by digest" hello@sha256: "$(jq -r .Code.ImageUri <<<"$function")"

# The data plane, from the deployed processes.
rest_api=$(aws apigateway get-rest-apis | jq -r '.items[] | select(.name == "hello") | .id')
is "apigateway get-stages" "prod stage" \
    "$(aws apigateway get-stages --rest-api-id "$rest_api" | jq -r '[.item[].stageName] | sort | join(" ")')"
is "apigateway get-stages: stage variable" prod \
    "$(aws apigateway get-stages --rest-api-id "$rest_api" | jq -r '.item[] | select(.stageName == "prod") | .variables.env')"
url=$(aws apigateway get-tags --resource-arn "arn:aws:apigateway:us-east-1::/restapis/$rest_api" | jq -r '.tags["callboard:url"]')
is "GET /stage/api/v0" '{"ENV":"stage","message":"Hello World!","SOME_ENV":"one","OTHER_ENV":"two"}' \
    "$(curl -sS "$url/stage/api/v0" | jq -c '{ENV, message, SOME_ENV, OTHER_ENV}')"
is "GET /prod/api/v0" '{"ENV":"prod","message":"Hello World!","SOME_ENV":"three","OTHER_ENV":"four"}' \
    "$(curl -sS "$url/prod/api/v0" | jq -c '{ENV, message, SOME_ENV, OTHER_ENV}')"

# A change by another hand is what the next request sees.
aws lambda update-function-configuration --function-name hello-stage --timeout 7 \
    --environment 'Variables={ENV=stage,SOME_ENV=changed,OTHER_ENV=two}' >/dev/null
aws lambda wait function-updated --function-name hello-stage
is "lambda update-function-configuration: timeout" 7 \
    "$(aws lambda get-function-configuration --function-name hello-stage | jq .Timeout)"
is "lambda update-function-configuration: environment" changed "$(curl -sS "$url/stage/api/v0" | jq -r .SOME_ENV)"

# CloudWatch's figures of those very requests: this CLI sends forms, where the console's SDK sends CBOR.
metric() {
    aws cloudwatch get-metric-data --start-time "$(date -u -d '-1 hour' +%FT%TZ)" --end-time "$(date -u -d '+1 minute' +%FT%TZ)" \
        --metric-data-queries "[{\"Id\": \"m1\", \"MetricStat\": {\"Metric\": {\"Namespace\": \"AWS/Lambda\", \"MetricName\": \"$1\",
        \"Dimensions\": [{\"Name\": \"FunctionName\", \"Value\": \"hello-stage\"}]}, \"Period\": 60, \"Stat\": \"$2\"}}]" |
        jq -r '.MetricDataResults[0].Values | add // 0 | floor'
}
calls=$(metric Invocations Sum)
for _ in 1 2 3; do curl -sS -o /dev/null "$url/stage/api/v0"; done
is "cloudwatch get-metric-data: three more calls" $((calls + 3)) "$(metric Invocations Sum)"
is "cloudwatch get-metric-data: no errors" 0 "$(metric Errors Sum)"
is "cloudwatch get-metric-statistics: as many" $((calls + 3)) \
    "$(aws cloudwatch get-metric-statistics --namespace AWS/Lambda --metric-name Duration --period 3600 \
        --dimensions Name=FunctionName,Value=hello-stage --statistics SampleCount \
        --start-time "$(date -u -d '-1 hour' +%FT%TZ)" --end-time "$(date -u -d '+1 minute' +%FT%TZ)" |
        jq '[.Datapoints[].SampleCount] | add | floor')"
is "cloudwatch list-metrics" "ConcurrentExecutions Duration Errors Invocations Throttles" \
    "$(aws cloudwatch list-metrics --dimensions Name=FunctionName,Value=hello-stage | jq -r '[.Metrics[].MetricName] | join(" ")')"
if aws cloudwatch describe-alarms >"$work/refused" 2>&1; then
    fail "cloudwatch describe-alarms is refused"
fi
has "cloudwatch describe-alarms is refused by name" DescribeAlarms "$(cat "$work/refused")"

# The log line of one request of ours, found in what is there and seen to arrive.
request_id() {
    curl -sS -o /dev/null -D - "$url/stage/api/v0/items" | tr -d '\r' |
        awk 'tolower($1) == "x-amzn-requestid:" { print $2 }'
}
group=/aws/lambda/hello-stage
id=$(request_id)
[ -n "$id" ] || fail "the answer has an x-amzn-RequestId"
in_tail() {
    aws logs tail "$group" --since 10m --format short | grep -q "$id"
}
until_true 20 "logs tail shows request $id" in_tail
echo "ok logs tail" && count=$((count + 1))
"$aws_cli" --endpoint-url "$endpoint" logs tail "$group" --follow --since 1m --format short \
    >"$work/tail" 2>"$work/tail.err" &
children+=($!)
until_true 30 "logs tail --follow shows what was there" grep -q "$id" "$work/tail"
id=$(request_id)
until_true 30 "logs tail --follow shows the new request $id" grep -q "$id" "$work/tail"
is "logs tail --follow: complaints" "" "$(cat "$work/tail.err")"

# Logs Insights: AWS's own client against the local cloud's own engine.
now=$(date +%s)
query() {
    aws logs start-query --log-group-names "$group" /aws/lambda/hello-prod --start-time $((now - 3600)) \
        --end-time $((now + 60)) --query-string "$1" | jq -r .queryId
}
query_ended() {
    results=$(aws logs get-query-results --query-id "$query_id")
    [ "$(jq -r .status <<<"$results")" = Complete ]
}
query_id=$(query "filter @message like '$id' or @type = 'REPORT' | sort @log desc | limit 1000
    | stats max(strcontains(@message, '$id')) as found, max(@memorySize) as size by @log | limit 1")
until_true 30 "logs get-query-results: the query ends" query_ended
is "logs get-query-results: the request of stage, and its memory in bytes" \
    "000000000000:$group 1 $(jq .Configuration.MemorySize <<<"$function")000000" \
    "$(jq -r '[.results[0][].value] | join(" ")' <<<"$results")"
is "logs describe-queries: the query" "$query_id" \
    "$(aws logs describe-queries --status Complete | jq -r '.queries[0].queryId')"
if query "fields @message | pattern @message" >"$work/refused" 2>&1; then
    fail "what is not offered of the language is refused"
fi
has "logs start-query: what is not offered is named" "does not offer the command pattern" "$(cat "$work/refused")"

# The registry, by the account's own token.
images=$(aws ecr describe-images --repository-name hello)
is "ecr describe-images: one image runs on both stages" 1 "$(jq '.imageDetails | length' <<<"$images")"
tag=$(jq -r '.imageDetails[0].imageTags[0]' <<<"$images")
digest=$(jq -r '.imageDetails[0].imageDigest' <<<"$images")
login() {
    "$aws_cli" --endpoint-url "$endpoint" ecr get-login-password |
        skopeo login --tls-verify=false --authfile "$work/auth.json" --username AWS --password-stdin "$registry"
}
has "skopeo login" "Login Succeeded" "$(login)"
inspected=$(skopeo inspect --tls-verify=false --authfile "$work/auth.json" "docker://$registry/hello:$tag")
is "skopeo inspect: digest" "$digest" "$(jq -r .Digest <<<"$inspected")"
is "skopeo inspect: layers" 2 "$(jq '.Layers | length' <<<"$inspected")"
skopeo copy --quiet --src-tls-verify=false --authfile "$work/auth.json" \
    "docker://$registry/hello:$tag" "oci:$work/copied:out"
is "skopeo copy, out: layers" 2 "$(jq -r '.manifests[0].digest' "$work/copied/index.json" | cut -d: -f2 |
    xargs -I{} jq '.layers | length' "$work/copied/blobs/sha256/{}")"
skopeo copy --quiet --dest-tls-verify=false --authfile "$work/auth.json" \
    "oci:$work/copied:out" "docker://$registry/hello:by-skopeo"
is "skopeo copy, in: tag" by-skopeo \
    "$(aws ecr describe-images --repository-name hello --image-ids imageTag=by-skopeo | jq -r '.imageDetails[0].imageTags[]' | grep by-skopeo)"
if skopeo inspect --tls-verify=false --creds AWS:wrong "docker://$registry/hello:$tag" >"$work/refused" 2>&1; then
    fail "a wrong password is refused"
fi
has "a wrong password is refused" uthor "$(cat "$work/refused")"

# A user of the account may what its policy says, and IAM can be asked about it beforehand.
aws iam create-user --user-name kim >/dev/null
key=$(aws iam create-access-key --user-name kim)
stages_function=arn:aws:lambda:us-east-1:000000000000:function:hello-stage
aws iam put-user-policy --user-name kim --policy-name own --policy-document \
    "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"lambda:Get*\", \"Resource\": \"$stages_function\"}}"
as_kim() {
    AWS_ACCESS_KEY_ID=$(jq -r .AccessKey.AccessKeyId <<<"$key") \
        AWS_SECRET_ACCESS_KEY=$(jq -r .AccessKey.SecretAccessKey <<<"$key") aws "$@"
}
is "sts get-caller-identity: a user" arn:aws:iam::000000000000:user/kim "$(as_kim sts get-caller-identity | jq -r .Arn)"
is "lambda get-function: what the user's policy allows" Active \
    "$(as_kim lambda get-function --function-name hello-stage | jq -r .Configuration.State)"
if as_kim lambda get-function --function-name hello-prod >"$work/refused" 2>&1; then
    fail "lambda get-function: what no policy allows is denied"
fi
has "lambda get-function: what no policy allows is denied" \
    "user/kim is not authorized to perform: lambda:GetFunction on resource: ${stages_function%-stage}-prod" "$(cat "$work/refused")"
is "iam simulate-principal-policy" "allowed implicitDeny" \
    "$(aws iam simulate-principal-policy --policy-source-arn arn:aws:iam::000000000000:user/kim \
        --action-names lambda:GetFunction lambda:DeleteFunction --resource-arns "$stages_function" |
        jq -r '[.EvaluationResults[].EvalDecision] | join(" ")')"

# A stranger's credentials are not let in: nobody can mistake this for AWS.
if AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=x aws sts get-caller-identity >"$work/refused" 2>&1; then
    fail "other credentials are refused"
fi
has "other credentials are refused" "error occurred" "$(cat "$work/refused")"

echo "$count checks passed"
