"""API Gateway: REST APIs themselves."""
from engine import scenario
from gateway import Api, addressed

TESTS = "tests/aws/services/apigateway/test_apigateway_api.py::TestApiGatewayApiRestApi::"


@scenario(TESTS + "test_create_rest_api_private_type")
def private(case):
    make = case.aws.apigateway.create_rest_api
    name, label = case.name("api"), "create-with-private-type-and-"
    case.play(label + "ipv4-ip-address-type", make, name=name, endpointConfiguration={"ipAddressType": "ipv4", "types": ["PRIVATE"]})
    case.play(label + "wrong-ip-address-type", make, name=name, endpointConfiguration={"ipAddressType": "wrong", "types": ["PRIVATE"]})
    settings = {"description": "", "endpointConfiguration": {"ipAddressType": "ipv4", "types": ["PRIVATE"]}}
    case.play(label + "ipv4-ip-address-type-and-empty-description", make, name=name, **settings)


@scenario(TESTS + "test_create_rest_api_with_binary_media_types")
def binary(case):
    make = case.aws.apigateway.create_rest_api
    case.play("create-with-binary-media", make, adapt=addressed, name=case.name("api"), binaryMediaTypes=["image/png"])


@scenario(TESTS + "test_create_rest_api_with_endpoint_configuration")
def endpoints(case):
    def make(label, configuration, adapt=None, **settings):
        call = case.aws.apigateway.create_rest_api
        case.play(label, call, adapt=adapt, name=case.name("api"), endpointConfiguration=configuration, **settings)

    both = {"types": ["wrong"], "ipAddressType": "wrong"}
    make("create-with-empty-types", {"types": []})
    make("create-with-invalid-ip-address-type", {"ipAddressType": "wrong", "types": ["EDGE"]})
    make("create-with-invalid-types", {"ipAddressType": "ipv4", "types": ["wrong"]})
    make("create-with-invalid-ip-address-type-and-types", {"ipAddressType": "wrong", "types": ["wrong"]})
    make("create-with-invalid-types-and-ip-address-type", both)
    make("create-with-multiple-errors-1", both, description="", minimumCompressionSize=-1)
    make("create-with-multiple-errors-2", {"ipAddressType": "ipv4", "types": ["EDGE"]}, description="", minimumCompressionSize=-1)
    make("create-with-two-types", {"types": ["EDGE", "REGIONAL"]})
    make("create-with-endpoint-config-dualstack", {"ipAddressType": "dualstack", "types": ["EDGE"]}, addressed)
    make("create-with-endpoint-config-regional", {"ipAddressType": "ipv4", "types": ["REGIONAL"]}, addressed)


@scenario(TESTS + "test_create_rest_api_with_optional_params")
def optional(case):
    def make(label, adapt=None, **settings):
        case.play(label, case.aws.apigateway.create_rest_api, adapt=adapt, name=case.name("api"), **settings)

    make("create-only-name", addressed)
    make("create-empty-desc", description="")
    make("create-with-version", addressed, version="v1")
    make("create-with-empty-binary-media", addressed, binaryMediaTypes=[])
    make("string-compression-size", minimumCompressionSize=-1)


@scenario(TESTS + "test_get_api_case_insensitive")
def case_of_ids(case):
    client = case.aws.apigateway
    made = case.play("create-rest-api", client.create_rest_api, name=case.name("api"), description="lower case api")
    case.play("get-api-upper-case", client.get_rest_api, restApiId=made["id"].upper())


@scenario(TESTS + "test_list_and_delete_apis")
def list_and_delete(case):
    client, made = case.aws.apigateway, []
    for number, description in ((1, "this is my api"), (2, "this is my api2")):
        settings = {"name": case.name("api"), "description": description}
        made.append(case.play(f"create-rest-api-{number}", client.create_rest_api, adapt=addressed, **settings)["id"])

    def compare(label):
        # The account of this run has the APIs of other tests too.
        listed = case.ask(client.get_rest_apis, limit=500)
        listed["items"] = [api for api in listed["items"] if api["id"] in made]
        case.compare(label, listed, adapt=addressed)

    compare("get-rest-api-before-delete")
    case.play("delete-rest-api", client.delete_rest_api, restApiId=made[0])
    compare("get-rest-api-after-delete")


def replace(path, value):
    return {"op": "replace", "path": path, "value": value}


@scenario(TESTS + "test_update_rest_api_concatenation_of_errors")
def errors_of_updates(case):
    api, wrong = Api(case), lambda path, value: {"op": "wrong", "path": path, "value": value}
    ip_type = wrong("/endpointConfiguration/ipAddressType", "dualstack")
    kind = wrong("/endpointConfiguration/types/0", "EDGE")
    label = "update-rest-api-wrong-operations-on-"
    for rest, operations in (("ipAddressType", [ip_type] * 2), ("type", [kind] * 2), ("type-and-on-ip-address-type", [kind, ip_type, ip_type])):
        case.play(label + rest, api.client.update_rest_api, restApiId=api.id, patchOperations=operations)


@scenario(TESTS + "test_update_rest_api_ip_address_type")
def ip_address_type(case):
    api = Api(case)
    ip_type, kind = "/endpointConfiguration/ipAddressType", "/endpointConfiguration/types/0"

    def update(label, *operations):
        case.play(f"update-rest-api-{label}", api.client.update_rest_api, restApiId=api.id, patchOperations=list(operations))

    update("replace-type", replace(kind, "PRIVATE"))
    update("replace-to-ipv4-within-private-type", replace(ip_type, "ipv4"))
    update("wrong-ipAddressType", replace(ip_type, "wrong"))
    update("wrong-type", replace(kind, "wrong"))
    update("invalid-operation-on-ipAddressType", {"op": "add", "path": ip_type, "value": "dualstack"})
    update("invalid-operation-on-type", {"op": "test", "path": kind, "value": "EDGE"})
    update("replace-ip-address-type", replace(ip_type, "dualstack"))
