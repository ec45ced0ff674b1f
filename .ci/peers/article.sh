#!/usr/bin/env bash
# The AWS CLI commands of the article that Callboard is made for ("API Service with FastAPI + AWS Lambda + API Gateway and Make It Work"),
# as they stand there: the same flags in the same order, with the article's own variables. They go to `callboard local`, and what
# came of them has to answer through the gateway. What is not the AWS CLI's is replaced: `docker build` by the image that `callboard deploy` makes
# of this repository's service (where the article has Python), `docker login`, `docker tag` and `docker push` by skopeo.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=.ci/checking.bash
. "$root/.ci/checking.bash"

mkdir "$work/project"
cd "$work/project"
cat >callboard.toml <<TOML
name = "built"
[build]
service_dir = "$root"
package = "service"
profile = "lambda"
TOML
# As the article has them.
printf 'SOME_ENV=Anni\nOTHER_ENV=Raven\n# COMMENTED_OUT_ENV=Shako\n' >.env.stage
printf 'SOME_ENV=Anni\nOTHER_ENV=Crow' >.env.prod

start_local_cloud
"$callboard" deploy stage --yes >"$work/built" 2>&1 || fail "callboard deploy stage --yes" "$(cat "$work/built")"
endpoint=$AWS_ENDPOINT_URL
registry=${endpoint#http://}
# "Properly configured" is what the article asks for; the variable itself has to come out of its own question to EC2.
export AWS_DEFAULT_REGION=$AWS_REGION
unset AWS_REGION

aws() {
    "$aws_cli" --endpoint-url "$endpoint" "$@"
}

# docker build
aws ecr get-login-password |
    skopeo login --tls-verify=false --authfile "$work/built.json" --username AWS --password-stdin "$registry" >/dev/null
tag=$(aws ecr describe-images --repository-name built --query 'imageDetails[0].imageTags[0]' --output text)
skopeo copy --quiet --src-tls-verify=false --authfile "$work/built.json" "docker://$registry/built:$tag" "oci:$work/image:latest"

# --- Push the Image to AWS ECR
IMAGE=fastapi
AWS_ACCOUNT=$(aws sts get-caller-identity --query 'Account' --output text)
AWS_REGION=$(aws ec2 describe-availability-zones --query 'AvailabilityZones[0].RegionName' --output text)
is "sts get-caller-identity: the account" 000000000000 "$AWS_ACCOUNT"
is "ec2 describe-availability-zones: the region" us-east-1 "$AWS_REGION"
has "ecr get-login-password | docker login" "Login Succeeded" "$(aws ecr get-login-password --region $AWS_REGION |
    skopeo login --tls-verify=false --authfile "$work/auth.json" --username AWS --password-stdin "$registry")"
aws ecr create-repository --repository-name $IMAGE --image-scanning-configuration scanOnPush=true --image-tag-mutability MUTABLE >"$work/said"
is "ecr create-repository: the address" "$registry/$IMAGE" "$(jq -r .repository.repositoryUri "$work/said")"
TAG=$(date +%Y%m%d_%H%M%S)
skopeo copy --quiet --dest-tls-verify=false --authfile "$work/auth.json" "oci:$work/image:latest" "docker://$registry/$IMAGE:$TAG"
is "docker push: the tag" "$TAG" \
    "$(aws ecr describe-images --repository-name $IMAGE | jq -r '.imageDetails[0].imageTags[0]')"

# --- Create a Lambda Execution Role
AWS_LAMBDA_ROLE_NAME=fastapi-execution
aws iam create-role --role-name $AWS_LAMBDA_ROLE_NAME --assume-role-policy-document '{"Version": "2012-10-17","Statement": [{ "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}' >"$work/said"
aws iam attach-role-policy --role-name $AWS_LAMBDA_ROLE_NAME --policy-arn arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
aws iam attach-role-policy --role-name $AWS_LAMBDA_ROLE_NAME --policy-arn arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess
is "iam attach-role-policy: both" "AWSLambdaBasicExecutionRole AWSXRayDaemonWriteAccess" \
    "$(aws iam list-attached-role-policies --role-name $AWS_LAMBDA_ROLE_NAME |
        jq -r '[.AttachedPolicies[].PolicyName] | sort | join(" ")')"

# --- Create a Lambda Function, Update The Environmental Variables: for one stage and, as the article has it, again for the other.
# The article's image is one for AWS's own default, x86_64; on another machine Lambda has to be told.
architectures=()
[ "$(uname -m)" = x86_64 ] || architectures=(--architectures arm64)
function_of() {
    ENV=$1
    AWS_LAMBDA_FUNC_NAME="$IMAGE-$ENV"
    aws lambda create-function \
        --function-name $AWS_LAMBDA_FUNC_NAME \
        --package-type Image \
        --code ImageUri=$AWS_ACCOUNT.dkr.ecr.$AWS_REGION.amazonaws.com/$IMAGE:$TAG \
        --role $(aws iam get-role --role-name $AWS_LAMBDA_ROLE_NAME --query 'Role.Arn' --output text) "${architectures[@]}" >"$work/said"
    is "lambda create-function $AWS_LAMBDA_FUNC_NAME: the state" Pending "$(jq -r .State "$work/said")"
    # Who types the commands takes longer than Lambda does; a script has to wait.
    aws lambda wait function-active-v2 --function-name $AWS_LAMBDA_FUNC_NAME
    aws lambda update-function-configuration \
        --function-name $AWS_LAMBDA_FUNC_NAME \
        --environment "Variables={ENV=$ENV}" >"$work/said"
    aws lambda wait function-updated-v2 --function-name $AWS_LAMBDA_FUNC_NAME

    # Update ENV variables for the lambda function
    comment_re="^#.*"
    VARIABLES="Variables={"
    while IFS= read -r line || [ -n "$line" ]; do
        trimmed="$(echo $line | sed -e 's/^[[:space:]]*//')"
        if [[ ! $trimmed =~ $comment_re ]] && [ "$trimmed" != "" ]; then
            VARIABLES+="$trimmed,"
        fi
    done <.env.$ENV
    VARIABLES+="ENV=$ENV}"
    aws lambda update-function-configuration \
        --function-name $AWS_LAMBDA_FUNC_NAME \
        --environment $VARIABLES >"$work/said"
    aws lambda wait function-updated-v2 --function-name $AWS_LAMBDA_FUNC_NAME
    is "lambda update-function-configuration: ENV of $ENV" "$ENV" "$(jq -r .Environment.Variables.ENV "$work/said")"
}
function_of stage

# --- Create an API Gateway
API_GATEWAY_NAME=$IMAGE
aws apigateway create-rest-api --name $API_GATEWAY_NAME --region $AWS_REGION >"$work/said"
API_GATEWAY_ID=$(aws apigateway get-rest-apis --query "items[?name=='$API_GATEWAY_NAME'].id" --output text)
is "apigateway get-rest-apis: the id" "$(jq -r .id "$work/said")" "$API_GATEWAY_ID"
PARENT_ID=$(aws apigateway get-resources --rest-api-id $API_GATEWAY_ID --region $AWS_REGION --query 'items[0].id' --output text)
aws apigateway create-resource --rest-api-id $API_GATEWAY_ID --region $AWS_REGION --parent-id $PARENT_ID --path-part {proxy+} >"$work/said"
RESOURCE_ID=$(aws apigateway get-resources --rest-api-id $API_GATEWAY_ID --query "items[?parentId=='$PARENT_ID'].id" --output text)
is "apigateway get-resources: the proxy resource" "$(jq -r .id "$work/said")" "$RESOURCE_ID"
aws apigateway put-method --rest-api-id $API_GATEWAY_ID --region $AWS_REGION --resource-id $RESOURCE_ID --http-method ANY --authorization-type "NONE" >"$work/said"
LAMBDA_ARN=$(aws lambda get-function --function-name $AWS_LAMBDA_FUNC_NAME --query 'Configuration.FunctionArn' --output text)
aws apigateway put-integration \
    --region $AWS_REGION \
    --rest-api-id $API_GATEWAY_ID \
    --resource-id $RESOURCE_ID \
    --http-method ANY \
    --type AWS_PROXY \
    --integration-http-method POST \
    --uri arn:aws:apigateway:${AWS_REGION}:lambda:path/2015-03-31/functions/arn:aws:lambda:$AWS_REGION:$AWS_ACCOUNT:function:$IMAGE-\${stageVariables.env}/invocations >"$work/said"
has "apigateway put-integration: the stage variable stays" "function:$IMAGE-\${stageVariables.env}/invocations" "$(jq -r .uri "$work/said")"
permit_and_deploy() {
    aws lambda add-permission --function-name $LAMBDA_ARN --source-arn "arn:aws:execute-api:$AWS_REGION:$AWS_ACCOUNT:$API_GATEWAY_ID/*/*/{proxy+}" --principal apigateway.amazonaws.com --statement-id apigateway-access --action lambda:InvokeFunction >"$work/said"
    aws apigateway create-deployment --rest-api-id $API_GATEWAY_ID --stage-name $ENV --variables env=$ENV >"$work/said"
}
permit_and_deploy

# --- View the OpenAPI Documentation: on AWS at https://$API_GATEWAY_ID.execute-api.$AWS_REGION.amazonaws.com, here on a port of the API's own.
url=$(aws apigateway get-tags --resource-arn "arn:aws:apigateway:$AWS_REGION::/restapis/$API_GATEWAY_ID" | jq -r '.tags["callboard:url"]')
has "the gateway's address" http://127.0.0.1: "$url"
answers() {
    is "GET /$1/api/v0" "{\"ENV\":\"$1\",\"message\":\"Hello World!\",\"SOME_ENV\":\"Anni\",\"OTHER_ENV\":\"$2\"}" \
        "$(curl -sS "$url/$1/api/v0" | jq -c '{ENV, message, SOME_ENV, OTHER_ENV}')"
    is "GET /$1/api/v0/items" '{"message":"Get all items"}' "$(curl -sS "$url/$1/api/v0/items" | jq -c .)"
    is "GET /$1/docs" 200 "$(curl -sS -o /dev/null -w '%{http_code}' "$url/$1/docs")"
}
answers stage Raven

# --- Deploy to Production: another function and another stage, the same API.
function_of prod
LAMBDA_ARN=$(aws lambda get-function --function-name $AWS_LAMBDA_FUNC_NAME --query 'Configuration.FunctionArn' --output text)
permit_and_deploy
answers prod Crow
answers stage Raven
is "apigateway get-stages: each its variable" "prod=prod stage=stage" \
    "$(aws apigateway get-stages --rest-api-id $API_GATEWAY_ID | jq -r '[.item[] | "\(.stageName)=\(.variables.env)"] | sort | join(" ")')"

echo "$count checks passed"
