"""REST APIs for scenarios: made in few words, and asked over plain HTTP as their clients would."""
import http.client
import json
import urllib.parse

# What CloudFront adds in front of an EDGE API; the local cloud's APIs answer as regional ones do.
EDGE = {"via", "x-cache", "x-amz-cf-id", "x-amz-cf-pop"}
TO_200 = {"application/json": '{"statusCode": 200}'}


def addressed(recorded):
    """The local cloud tells with a new API, and in lists, where it answers: in a tag of its own."""
    for api in recorded.get("items", [recorded]):
        api["tags"] = {"callboard:url": "<url>"}
    return recorded


def regional(recorded):
    """A recorded answer of an EDGE API, without what CloudFront added."""
    headers = recorded.get("headers", recorded)
    for name in [name for name in headers if name.lower() in EDGE]:
        del headers[name]
    return recorded


class Api:
    """A REST API of a case."""

    def __init__(self, case, **settings):
        self.case, self.client = case, case.aws.apigateway
        made = self.client.create_rest_api(name=case.name("api"), **settings)
        self.id, self.root = made["id"], made["rootResourceId"]

    def resource(self, part, parent=None):
        return self.client.create_resource(restApiId=self.id, parentId=parent or self.root, pathPart=part)["id"]

    def at(self, resource=None, method="GET"):
        return {"restApiId": self.id, "resourceId": resource or self.root, "httpMethod": method}

    def method(self, resource=None, method="GET", **settings):
        self.client.put_method(**self.at(resource, method), authorizationType="NONE", **settings)

    def mock(self, resource=None, method="GET", answer=None):
        """A method that answers 200 by itself."""
        at = self.at(resource, method)
        self.method(resource, method)
        self.client.put_method_response(**at, statusCode="200")
        self.client.put_integration(**at, type="MOCK", requestTemplates=TO_200)
        answer = {"statusCode": 200, "message": "default deployment"} if answer is None else answer
        templates = {"application/json": json.dumps(answer)}
        self.client.put_integration_response(**at, statusCode="200", selectionPattern="", responseTemplates=templates)

    def proxy(self, function_arn, resource=None, method="ANY", through="POST", **settings):
        """A method that leads to a function."""
        self.method(resource, method)
        uri = f"arn:aws:apigateway:{self.case.aws.region}:lambda:path/2015-03-31/functions/{function_arn}/invocations"
        self.client.put_integration(**self.at(resource, method), type="AWS_PROXY", integrationHttpMethod=through, uri=uri, **settings)

    def allow(self, function):
        source = f"arn:aws:execute-api:{self.case.aws.region}:{self.case.account}:{self.id}/*/*"
        self.case.aws.lambda_.add_permission(
            FunctionName=function, StatementId=self.id, Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com", SourceArn=source
        )

    def deploy(self, stage=None, **settings):
        if stage:
            settings["stageName"] = stage
        return self.client.create_deployment(restApiId=self.id, **settings)["id"]

    def url(self):
        arn = f"arn:aws:apigateway:{self.case.aws.region}::/restapis/{self.id}"
        return self.client.get_tags(resourceArn=arn)["tags"]["callboard:url"]

    def ask(self, path, method="GET", headers=None, body=None):
        """Status, headers in their case (the values of one name joined), and the body: parsed when it is an object, else text."""
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.url()).netloc)
        connection.request(method, path, body, {"User-Agent": "python/test", **(headers or {})})
        answer = connection.getresponse()
        told = {}
        for name, value in answer.getheaders():
            told[name] = f"{told[name]}, {value}" if name in told else value
        text = answer.read().decode()
        connection.close()
        return answer.status, told, json.loads(text) if text.startswith("{") else text
