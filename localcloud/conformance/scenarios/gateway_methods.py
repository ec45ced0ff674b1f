"""API Gateway: resources, methods and models."""
import json

from engine import cannot, scenario
from gateway import Api

FILE = "tests/aws/services/apigateway/test_apigateway_api.py::"
METHODS = FILE + "TestApiGatewayApiMethod::"
RESOURCES = FILE + "TestApiGatewayApiResource::"

for refused in ("update-method-replace-authorizer", "update-method-remove"):
    cannot("authorizers, which are refused by name", METHODS + "test_update_method", label=refused)


@scenario(METHODS + "test_method_lifecycle")
def lifecycle(case):
    api = Api(case)
    at = api.at(method="ANY")
    case.play("put-base-method-response", api.client.put_method, **at, authorizationType="NONE")
    case.play("get-base-method-response", api.client.get_method, **at)
    case.play("del-base-method-response", api.client.delete_method, **at)
    case.play("get-deleted-method-response", api.client.get_method, **at)
    case.play("delete-deleted-method-response", api.client.delete_method, **at)


@scenario(METHODS + "test_put_method_model")
def models(case):
    api = Api(case)
    one, two, at = "MySchema", "MySchemaTwo", api.at(method="ANY")
    path = "/requestModels/application~1json"

    def delete(label, name):
        case.play(label, api.client.delete_model, restApiId=api.id, modelName=name)

    for label, name in (("create-model", one), ("create-model-2", two)):
        schema = json.dumps({"title": name, "type": "object"})
        settings = {"contentType": "application/json", "description": "", "schema": schema}
        case.play(label, api.client.create_model, restApiId=api.id, name=name, **settings)
    put = {"authorizationType": "NONE", "requestModels": {"application/json": one}}
    case.play("put-method-request-models", api.client.put_method, **at, **put)
    delete("delete-model-used", one)
    replaced = [{"op": "replace", "path": path, "value": two}]
    case.play("update-method-model", api.client.update_method, **at, patchOperations=replaced)
    delete("delete-model-unused", one)
    delete("delete-model-used-2", two)
    below = api.at(api.resource("test"), "ANY")
    put["requestModels"] = {"application/json": two}
    case.play("put-method-2-request-models", api.client.put_method, **below, **put)
    delete("delete-model-used-by-2-method", two)
    removed = [{"op": "remove", "path": path, "value": two}]
    case.play("update-method-model-2", api.client.update_method, **below, patchOperations=removed)
    delete("delete-model-used-by-method-1", two)
    case.play("delete-method-using-model-2", api.client.delete_method, **at)
    delete("delete-model-unused-2", two)


@scenario(METHODS + "test_update_method")
def update_method(case):
    api = Api(case)
    at, parameter = api.at(method="ANY"), "/requestParameters/method.request.querystring.optional"
    case.play("put-method-response", api.client.put_method, **at, authorizationType="NONE")
    added = [
        {"op": "add", "path": parameter, "value": "true"},
        {"op": "add", "path": "/requestModels/application~1json", "value": "Empty"},
    ]
    case.play("update-method-add", api.client.update_method, **at, patchOperations=added)
    values = {"/operationName": "ReplacedOperationName", "/apiKeyRequired": "true", "/authorizationType": "AWS_IAM", parameter: "false"}
    replaced = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
    case.play("update-method-replace", api.client.update_method, **at, patchOperations=replaced)


@scenario(METHODS + "test_update_method_validation")
def update_method_validation(case):
    api = Api(case)
    at = api.at(method="ANY")
    update = api.client.update_method
    case.play("wrong-rest-api", update, **{**at, "restApiId": "fake-api"}, patchOperations=[])
    case.play("wrong-resource-id", update, **{**at, "resourceId": "fake-resource-id"}, patchOperations=[])
    named = [{"op": "replace", "path": "/operationName", "value": "methodDoesNotExist"}]
    case.play("method-does-not-exist", update, **{**at, "httpMethod": "GET"}, patchOperations=named)
    case.play("put-method-response", api.client.put_method, **at, authorizationType="NONE", apiKeyRequired=True)
    for label, *operations in (
        ("unsupported-operation", ("add", "/operationName", "operationName")),
        ("unsupported-operation-2", ("add", "/requestValidatorId", "wrong-id")),
        ("unsupported-path", ("add", "/httpMethod", "PUT")),
        ("wrong-path-request-parameters", ("replace", "/requestParameters", "method.request.querystring.optional=false")),
        ("wrong-path-request-models", ("add", "/requestModels/application/json", "Empty")),
        ("wrong-value-type", ("replace", "/apiKeyRequired", "whatever")),
        ("wrong-auth-type", ("replace", "/authorizationType", "CUSTOM")),
        ("skip-auth-id-with-wrong-type", ("replace", "/authorizerId", "abc123")),
        ("wrong-auth-id", ("replace", "/authorizationType", "CUSTOM"), ("replace", "/authorizerId", "abc123")),
        ("wrong-req-validator-id", ("replace", "/requestValidatorId", "fake-id")),
    ):
        operations = [{"op": op, "path": path, "value": value} for op, path, value in operations]
        case.play(label, update, **at, patchOperations=operations)


@scenario(RESOURCES + "test_create_proxy_resource")
def proxy_resources(case):
    api = Api(case)

    def make(label, parent, part):
        return case.play(label, api.client.create_resource, restApiId=api.id, parentId=parent, pathPart=part)["id"]

    def compare(label):
        answer = case.ask(api.client.get_resources, restApiId=api.id)
        answer["items"].sort(key=lambda item: item["path"])
        case.compare(label, answer)

    make("create-base-proxy-resource", api.root, "{proxy+}")
    parent = api.resource("parent")
    case.compare("create-proxy-sibling-resource", parent)
    greedy = make("create-proxy-sibling-proxy-child-resource", parent, "{proxy+}")
    child = make("create-proxy-sibling-static-child-resource", parent, "child")
    make("create-static-child-proxy-resource", child, "{proxy+}")
    compare("all-resources")
    api.client.delete_resource(restApiId=api.id, resourceId=greedy)
    dynamic = make("create-proxy-sibling-dynamic-child-resource", parent, "{child}")
    make("create-dynamic-child-proxy-resource", dynamic, "{proxy+}")
    compare("all-resources-2")


@scenario(RESOURCES + "test_create_proxy_resource_validation")
def proxy_resource_validation(case):
    api = Api(case)

    def make(label, parent, part):
        return case.play(label, api.client.create_resource, restApiId=api.id, parentId=parent, pathPart=part)

    greedy = make("create-base-proxy-resource", api.root, "{proxy+}")["id"]
    make("create-proxy-dynamic-sibling-resource", api.root, "{dynamic}")
    make("create-proxy-static-child-resource", greedy, "child")
    make("create-proxy-dynamic-child-resource", greedy, "{child}")
    make("create-greedy-child-resource", api.resource("parent"), "{child+}")


@scenario(RESOURCES + "test_create_resource_parent_invalid")
def parent_invalid(case):
    api = Api(case)
    case.play("wrong-resource-parent-id", api.client.create_resource, restApiId=api.id, parentId="fake-resource-id", pathPart="subpets")


@scenario(RESOURCES + "test_update_resource_behaviour")
def update_resource(case):
    api = Api(case)

    def update(label, resource, op, path, value=None):
        operation = {"op": op, "path": path} | ({} if value is None else {"value": value})
        case.play(label, api.client.update_resource, restApiId=api.id, resourceId=resource, patchOperations=[operation])

    def make(label, parent, part):
        return case.play(label, api.client.create_resource, restApiId=api.id, parentId=parent, pathPart=part)["id"]

    update("nonexistent-resource", "fake-resource", "replace", "/pathPart", "dogs")
    pets = api.resource("pets")
    update("invalid-path-part", pets, "replace", "/invalid", "dogs")
    update("invalid-parent-id", pets, "replace", "/parentId", "fake-parent")
    below = make("create-subresource", pets, "subpets")
    lowest = make("create-subresource-child", below, "pets")
    update("existing-future-sibling-path", lowest, "replace", "/parentId", api.root)
    api.client.delete_resource(restApiId=api.id, resourceId=lowest)
    update("update-parent-id-to-subresource-id", pets, "replace", "/parentId", below)
    update("update-parent-id-to-root-id", below, "replace", "/parentId", api.root)
    update("update-path-already-exists", below, "replace", "/pathPart", "pets")
    api.client.delete_resource(restApiId=api.id, resourceId=pets)
    case.play("resources-after-deletion", api.client.get_resources, restApiId=api.id)
    update("remove-unsupported", below, "remove", "/pathPart")
    update("add-unsupported", below, "add", "/pathPart", "added-pets")
