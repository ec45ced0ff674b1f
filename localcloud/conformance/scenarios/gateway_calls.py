"""API Gateway: what clients of an API see."""
import json

from engine import cannot, scenario
from gateway import Api, regional

FOLDER = "tests/aws/services/apigateway/"

cannot(
    "ImportRestApi and integrations of type HTTP, which are refused by name",
    FOLDER + "test_apigateway_import.py::TestApiGatewayImportRestApi::test_import_with_stage_variables",
)


@scenario(FOLDER + "test_apigateway_common.py::TestApiGatewayCommon::test_invocation_trace_id")
def trace_ids(case):
    name = case.name("fn")
    made = case.aws.function(name)
    case.compare("register-lambda", {"FunctionArn": made["FunctionArn"], "FunctionName": name})
    api = Api(case)
    api.mock(api.resource("path"))
    api.proxy(made["FunctionArn"], api.resource("{proxy+}"))
    api.allow(name)
    api.deploy("local")
    root, rest = "Root=1-3152b799-8954dae64eda91bc9a23a7e8", "Parent=7fa8c0f79203be72;Sampled=1"
    for label, path, trace in (
        ("normal-req-headers-MOCK", "path", None),
        ("trace-id-req-headers-MOCK", "path", f"{root};{rest}"),
        ("normal-req-headers-AWS_PROXY", "proxy-value", None),
        ("trace-id-req-headers-AWS_PROXY", "proxy-value", f"{root};{rest}"),
        ("trace-id-small-req-headers-AWS_PROXY", "proxy-value", root),
    ):
        _, headers, _ = api.ask(f"/local/{path}", headers={"x-amzn-trace-id": trace} if trace else None)
        headers = {name.lower(): value for name, value in headers.items()}
        case.compare(label, headers, adapt=regional)


@scenario(FOLDER + "test_apigateway_common.py::TestApigatewayRouting::test_routing_not_found")
def routing(case):
    api = Api(case)
    api.mock(api.resource("existing"), answer={"statusCode": 200, "message": "exists"})
    api.deploy("local")
    _, _, body = api.ask("/local/existing")
    case.compare("working-route", body)
    for label, path, method in (("not-found", "not-existing", "GET"), ("wrong-method", "existing", "POST")):
        _, headers, body = api.ask(f"/local/{path}", method)
        case.compare(label, {"content": body, "errorType": headers["x-amzn-ErrorType"]})


SENT = {
    "Accept": "application/json", "Accept-Charset": "UTF-8", "Accept-Encoding": "br", "Age": "request_Age", "Authorization": "Unauthorized",
    "Content-Encoding": "deflate", "Content-Type": "application/json", "Date": "Thu, 26 Nov 2026 00:00:00 GMT", "Pragma": "cache",
    "Range": "bytes=500-999", "Referer": "https://example.com/", "User-Agent": "localStack/0.0", "Via": "localhost", "Warn": "299 localStack/0.0",
    "Connection": "close", "TE": "trailers", "Proxy-Authenticate": "Basic",
}
RESERVED = ("content-length", "transfer-encoding", "authorization", "connection", "expect", "proxy-authenticate", "te")


def of_other_length(recorded):
    """The recorded function answered fewer members of its event."""
    recorded["response-headers"]["Content-Length"] = "<length>"
    return recorded


@scenario(FOLDER + "test_apigateway_integrations.py::TestApiGatewayHeaderRemapping::test_apigateway_header_remapping_aws[AWS_PROXY]")
def headers(case):
    name = case.name("fn")
    function = case.aws.function(name)["FunctionArn"]
    api = Api(case, endpointConfiguration={"types": ["REGIONAL"]})
    setting = lambda header: {f"integration.request.header.{header}": "'set'"}
    api.proxy(function, api.resource("no-param"))
    api.proxy(function, api.resource("full"), requestParameters=setting("Accept") | setting("Warn"))
    for header in RESERVED:
        api.proxy(function, api.resource(header), requestParameters=setting(header.title()))
    api.allow(name)
    api.deploy("test")
    case.compare("apigw-id", api.id)
    for label, path in (("no-param-integration", "no-param"), ("full-integration", "full")):
        _, told, event = api.ask(f"/test/{path}", headers=SENT)
        seen = {"body": event["body"], "headers": event["headers"], "response-headers": told}
        case.compare(label, seen, adapt=of_other_length)
    for header in RESERVED:
        _, told, body = api.ask(f"/test/{header}", headers=SENT)
        case.compare(header, {"body": body, "response-headers": told})


@scenario(FOLDER + "test_apigateway_lambda.py::test_aws_proxy_response_payload_format_validation")
def answers(case):
    name = case.name("fn")
    api = Api(case)
    api.proxy(case.aws.function(name)["FunctionArn"], api.resource("{proxy+}"))
    api.allow(name)
    api.deploy("test")

    def ask(label, answer, with_headers=False):
        """The function answers what the body of the request says."""
        _, told, content = api.ask("/test/answer", "POST", body=json.dumps(answer))
        seen = {"content": content} | ({"headers": told} if with_headers else {})
        case.compare(f"invoke-api-{label}", seen, adapt=regional)

    ask("no-body", {"statusCode": 200})
    ask("with-headers", {"statusCode": 200, "headers": {"test-header": "value", "header-bool": True}}, True)
    ask("with-headers-null", {"statusCode": 200, "headers": None}, True)
    ask("wrong-format", {"statusCode": 200, "wrongValue": "value"})
    ask("empty-response", {})
    ask("b64-encoded-true", {"statusCode": 200, "body": "dGVzdC1kYXRh", "isBase64Encoded": True})
    ask("b64-encoded-false", {"statusCode": 200, "body": "dGVzdC1kYXRh"})
    multi, solo = {"test-multi": ["value-multi"]}, {"test-multi": "value-solo"}
    ask("multi-headers-valid", {"statusCode": 200, "multiValueHeaders": {"test-multi": ["value1", "value2"]}}, True)
    ask("multi-headers-overwrite", {"statusCode": 200, "multiValueHeaders": multi, "headers": solo}, True)
    casing = {"statusCode": 200, "multiValueHeaders": {"tesT-Multi": ["value-multi"]}, "headers": solo}
    ask("multi-headers-overwrite-casing", casing, True)
    ask("multi-headers-invalid", {"statusCode": 200, "multiValueHeaders": {"test-multi-invalid": "value1"}})
    ask("invalid-status-code", {"statusCode": "test"})
    ask("status-code-str", {"statusCode": "201"})
    ask("just-string", "justAString")
    ask("only-headers", {"headers": {"test-header": "value"}})


@scenario(FOLDER + "test_apigateway_lambda.py::test_lambda_aws_proxy_integration_non_post_method")
def not_post(case):
    name = case.name("fn")
    api = Api(case)
    api.proxy(case.aws.function(name)["FunctionArn"], api.resource("{proxy+}"), "GET", through="GET")
    api.allow(name)
    api.deploy("test")
    _, _, body = api.ask("/test/a")
    case.compare("invocation-payload-with-get-proxy-method", body)
