"""API Gateway: integrations, their answers and those of methods, gateway responses."""
import json

from engine import scenario
from gateway import Api, TO_200

FILE = "tests/aws/services/apigateway/test_apigateway_api.py::"
LAMBDA = "tests/aws/services/apigateway/test_apigateway_lambda.py::"


@scenario(FILE + "TestApigatewayIntegration::test_put_integration_response_templates")
def response_templates(case):
    api = Api(case)
    at = api.at(method="POST")
    api.method(method="POST")
    api.client.put_integration(**at, type="MOCK", requestTemplates=TO_200)
    put = {**at, "statusCode": "200", "selectionPattern": ""}
    for label, template in (("none", None), ("empty", "")):
        templates = {"application/json": template}
        case.play(f"put-integration-response-template-{label}", api.client.put_integration_response, **put, responseTemplates=templates)
    case.play("put-integration-no-response-template", api.client.put_integration_response, **put)


@scenario(FILE + "TestApigatewayIntegration::test_put_integration_wrong_type")
def wrong_type(case):
    api = Api(case)
    case.play("put-integration-wrong-type", api.client.put_integration, **api.at(), type="HTTPS_PROXY")


@scenario(LAMBDA + "test_put_integration_aws_proxy_uri")
def proxy_uri(case):
    api = Api(case)
    api.method()
    region = case.aws.region
    function = f"arn:aws:lambda:{region}:{case.account}:function:any"
    gateway, rest = f"arn:aws:apigateway:{region}", f"/2015-03-31/functions/{function}/invocations"
    for label, uri in (
        ("lambda-uri", function),
        ("wrong-arn", f"bad-arn:lambda:path{rest}"),
        ("wrong-type", f"{gateway}:lambda:test{rest}"),
        ("wrong-firehose", f"{gateway}:firehose:path{rest}"),
        ("bad-lambda-arn", f"{gateway}:lambda:path/random/value/{function}/invocations"),
    ):
        settings = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri}
        case.play(f"put-integration-{label}", api.client.put_integration, **api.at(), **settings)


def with_mock(case):
    api = Api(case)
    api.method()
    api.client.put_integration(**api.at(), type="MOCK", requestTemplates=TO_200)
    return api, {**api.at(), "statusCode": "200"}


@scenario(FILE + "TestApigatewayIntegrationResponse::test_lifecycle_integration_response")
def integration_response(case):
    api, at = with_mock(case)
    client = api.client
    created = {"responseTemplates": {"application/json": '"created"'}, "selectionPattern": ""}
    case.play("put-integration-response", client.put_integration_response, **at, **created)
    case.play("get-integration-response", client.get_integration_response, **at)
    replaced = [{"op": "replace", "path": "/selectionPattern", "value": "updated-pattern"}]
    case.play("update-integration-response", client.update_integration_response, **at, patchOperations=replaced)
    overwritten = {"responseTemplates": {"application/json": "overwrite"}, "selectionPattern": "overwrite-pattern"}
    case.play("overwrite-integration-response", client.put_integration_response, **at, **overwritten)
    case.play("get-method", client.get_method, **api.at())
    case.play("delete-integration-response", client.delete_integration_response, **at)


@scenario(FILE + "TestApigatewayMethodResponse::test_lifecycle_method_response")
def method_response(case):
    api, at = with_mock(case)
    client = api.client
    case.play("put-method-response", client.put_method_response, **at, responseParameters={}, responseModels={})
    case.play("get-integration-response", client.get_method_response, **at)
    for label, op in (("add", "add"), ("update", "replace")):
        operations = [
            {"op": op, "path": "/responseParameters/method.response.header.my-header", "value": "true"},
            {"op": op, "path": "/responseModels/application~1json", "value": "Empty"},
        ]
        case.play(f"{label}-method-responses", client.update_method_response, **at, patchOperations=operations)
    case.play("get-method", client.get_method, **api.at())
    case.play("delete-method-response", client.delete_method_response, **at)


PARAMETERS = {
    "gatewayresponse.header.x-request-path": "method.request.path.petId",
    "gatewayresponse.header.Access-Control-Allow-Origin": "'a.b.c'",
    "gatewayresponse.header.x-request-query": "method.request.querystring.q",
    "gatewayresponse.header.x-request-header": "method.request.header.Accept",
}
TEMPLATE = """{
     "message": $context.error.messageString,
     "type":  "$context.error.responseType",
     "stage":  "$context.stage",
     "resourcePath":  "$context.resourcePath",
     "stageVariables.a":  "$stageVariables.a",
     "statusCode": "'404'"
}"""


@scenario(FILE + "TestApiGatewayGatewayResponse::test_gateway_response_crud")
def gateway_responses(case):
    api = Api(case)
    client, at = api.client, {"restApiId": api.id, "responseType": "MISSING_AUTHENTICATION_TOKEN"}
    case.play("get-gateway-response-default", client.get_gateway_response, **at)
    put = {"statusCode": "404", "responseParameters": PARAMETERS, "responseTemplates": {"application/json": TEMPLATE}}
    case.play("put-gateway-response", client.put_gateway_response, **at, **put)
    case.play("get-gateway-responses", client.get_gateway_responses, restApiId=api.id)
    case.play("get-gateway-response", client.get_gateway_response, **at)
    case.play("delete-gateway-response", client.delete_gateway_response, **at)
    case.play("get-deleted-gw-response", client.get_gateway_response, **at)


@scenario(FILE + "TestApiGatewayGatewayResponse::test_update_gateway_response")
def update_gateway_response(case):
    api = Api(case)
    client, at = api.client, {"restApiId": api.id, "responseType": "DEFAULT_4XX"}
    origin = "/responseParameters/gatewayresponse.header.Access-Control-Allow-Origin"

    def update(label, *operations, kind="DEFAULT_4XX"):
        settings = {"restApiId": api.id, "responseType": kind, "patchOperations": list(operations)}
        case.play(label, client.update_gateway_response, **settings)

    status = {"op": "replace", "path": "/statusCode", "value": "444"}
    update("update-gateway-response-not-set", status)
    case.play("default-get-gateway-response", client.get_gateway_response, **at)
    templates = {"application/json": json.dumps({"application/json": '{"message":$context.error.messageString}'})}
    put = {"statusCode": "404", "responseParameters": PARAMETERS, "responseTemplates": templates}
    case.play("put-gateway-response", client.put_gateway_response, **at, **put)
    xml = "<gatewayResponse><message>$context.error.messageString</message><type>$context.error.responseType</type></gatewayResponse>"
    example = {"op": "replace", "path": origin, "value": "'example.com'"}
    update("update-gateway-response", status, example, {"op": "add", "path": "/responseTemplates/application~1xml", "value": xml})
    case.play("get-gateway-response", client.get_gateway_response, **at)
    update("update-gateway-add-status-code", {**status, "op": "add"})
    update("update-gateway-remove-status-code", {"op": "remove", "path": "/statusCode"})
    update("update-gateway-replace-invalid-parameter", example, kind="DEFAULT_5XX")
    update("update-gateway-no-path", {"op": "add", "value": "'example.com'"})
    update("update-gateway-wrong-op", {"op": "wrong-op", "path": "/statusCode", "value": "'example.com'"})
    update("update-gateway-wrong-path", {"op": "add", "path": "/wrongPath", "value": "'example.com'"})
    for number, path in enumerate(("/responseTemplates/application~1json", origin)):
        nothing = {"op": "replace", "path": path, "value": None}
        update(f"update-gateway-replace-invalid-parameter-{number}-none", nothing)
