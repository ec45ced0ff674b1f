"""The life of functions: creation, update, state, deletion."""
import boto3
import botocore.exceptions

from engine import cannot, scenario
from images import FIXTURE, as_image, fixture

TESTS = "tests/aws/services/lambda_/test_lambda.py::"
API = "tests/aws/services/lambda_/test_lambda_api.py::"
FUNCTION = API + "TestLambdaFunction::"
# So much takes a while to unpack: the change is still in progress when the next call comes.
BALLAST = 48 * 1024 * 1024

cannot("zip packages", FUNCTION + "test_create_lambda_exceptions", label="invalid_zip_exc")
cannot("zip packages", API + "TestLambdaImages::test_lambda_zip_file_to_image", label="zipfile-to-image-error")
cannot("zip packages in S3", FUNCTION + "test_lambda_code_location_s3_errors", TESTS + "TestLambdaFeatures::test_upload_lambda_from_s3")
cannot("VPC", FUNCTION + "test_invalid_vpc_config_security_group")


def code(case, **more):
    return {"PackageType": "Image", "Code": {"ImageUri": case.aws.image(**more)}, "Role": case.aws.role()}


def active(case, name):
    case.aws.lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})


def create(case, label, name, **settings):
    """As the test itself made it; the function is Active afterwards."""
    made = case.play(label, case.aws.lambda_.create_function, adapt=as_image, FunctionName=name, **code(case), **settings)
    active(case, name)
    return made


def create_by_fixture(case, label, name, **settings):
    answer = case.ask(case.aws.lambda_.create_function, FunctionName=name, **code(case), **{**FIXTURE, **settings})
    case.compare(label, fixture(answer), adapt=as_image)
    active(case, name)


@scenario(TESTS + "TestLambdaBaseFeatures::test_function_state")
def state(case):
    name = case.name("fn")
    create(case, "create-fn-response", name)
    case.play("get-fn-response", case.aws.lambda_.get_function, adapt=as_image, FunctionName=name)


@scenario(TESTS + "TestLambdaBaseFeatures::test_lambda_different_iam_keys_environment")
def keys(case):
    create_by_fixture(case, "create-result", case.name("fn"))


@scenario(TESTS + "TestLambdaBehavior::test_mixed_architecture")
def architectures(case):
    client, name = case.aws.lambda_, case.name("fn")
    create_by_fixture(case, "create_function_response", name, Architectures=["x86_64"])
    update = {"FunctionName": name, "ImageUri": case.aws.image(), "Architectures": ["arm64"]}
    case.play("update_function_code_response", client.update_function_code, adapt=as_image, **update)


@scenario(TESTS + "TestLambdaCleanup::test_recreate_function")
def recreated(case):
    name = case.name("fn")
    create_by_fixture(case, "create_function_response_one", name)
    case.aws.lambda_.delete_function(FunctionName=name)
    create_by_fixture(case, "create_function_response_two", name)


@scenario(FUNCTION + "test_create_lambda_exceptions")
def creation_refused(case):
    client, name, wanted = case.aws.lambda_, case.name("fn"), code(case)

    def create(label, **more):
        case.play(label, client.create_function, FunctionName=name, **{**wanted, **more})

    create("invalid_role_arn_exc", Role="r1")
    create("invalid_runtime_exc", Runtime="non-existent-runtime", Handler="index.handler")
    create("uppercase_runtime_exc", Runtime="PYTHON3.9", Handler="index.handler")
    # The one that is refused by the client already.
    checking = boto3.client("lambda", endpoint_url=case.aws.endpoint)
    try:
        checking.create_function(FunctionName=name, Architectures=[], **wanted)
    except botocore.exceptions.ParamValidationError as error:
        case.compare("empty_architectures", str(error))
    create("multiple_architectures", Architectures=["x86_64", "arm64"])
    create("uppercase_architecture", Architectures=["X86_64"])


@scenario(FUNCTION + "test_update_lambda_exceptions")
def update_refused(case):
    client, name = case.aws.lambda_, case.name("fn")
    case.aws.function(name)
    update = client.update_function_configuration
    case.play("invalid_role_arn_exc", update, FunctionName=name, Role="r1")
    case.play("invalid_runtime_exc", update, FunctionName=name, Runtime="non-existent-runtime")
    case.play("uppercase_runtime_exc", update, FunctionName=name, Runtime="PYTHON3.9")


@scenario(FUNCTION + "test_delete_on_nonexisting_version")
def nothing_deleted(case):
    client, name = case.aws.lambda_, case.name("unknown")
    case.play("delete_function_response_non_existent", client.delete_function, FunctionName=name)
    case.play("delete_function_response_non_existent_with_qualifier", client.delete_function, FunctionName=name, Qualifier="1233")


@scenario(FUNCTION + "test_lambda_code_location_zipfile")
def new_code(case):
    client, name = case.aws.lambda_, case.name("fn")
    create(case, "create-response-zip-file", name)
    case.play("get-function-response", client.get_function, adapt=as_image, FunctionName=name)
    heavy = case.aws.image("heavy-location", ballast=BALLAST)
    case.play("update-function-response", client.update_function_code, adapt=as_image, FunctionName=name, ImageUri=heavy)
    case.play("get-function-response-updated", client.get_function, adapt=as_image, FunctionName=name)


@scenario(FUNCTION + "test_lambda_concurrent_code_updates")
def concurrent_updates(case):
    client, name = case.aws.lambda_, case.name("fn")
    create(case, "create-function-response", name)
    client.update_function_code(FunctionName=name, ImageUri=case.aws.image("heavy-concurrent", ballast=BALLAST))
    case.play("update-during-in-progress-update-exc", client.update_function_code, FunctionName=name, ImageUri=case.aws.image())


@scenario(FUNCTION + "test_list_functions")
def listed(case):
    client, names = case.aws.lambda_, sorted([case.name("fn-a"), case.name("fn-b")])
    create_by_fixture(case, "create_response_1", names[0], Publish=True)
    create_by_fixture(case, "create_response_2", names[1])
    case.play("list_functions_invalid_functionversion", client.list_functions, FunctionVersion="invalid")

    def own(**arguments):
        found = client.get_paginator("list_functions").paginate(**arguments).build_full_result()["Functions"]
        return {"Functions": [function for function in found if function["FunctionName"] in names]}

    case.compare("list_all", own(FunctionVersion="ALL"), adapt=as_image)
    case.compare("list_default", own(), adapt=as_image)


@scenario(FUNCTION + "test_redundant_updates")
def redundant(case):
    client, name = case.aws.lambda_, case.name("fn")
    create_by_fixture(case, "create_response", name, Description="Initial description")
    update = {"FunctionName": name, "Description": "1st update description"}
    case.play("first_update_result", client.update_function_configuration, adapt=as_image, **update)
    case.aws.settled(name)
    case.play("get_fn_config_result", client.get_function_configuration, adapt=as_image, FunctionName=name)
    case.play("get_fn_result", client.get_function, adapt=as_image, FunctionName=name)
    case.play("redundant_update_result", client.update_function_configuration, adapt=as_image, **update)
    case.aws.settled(name)
    case.play("get_fn_result_after_redundant_update", client.get_function, adapt=as_image, FunctionName=name)


@scenario(API + "TestLambdaImages::test_lambda_image_and_image_config_crud")
def image_config(case):
    client, name = case.aws.lambda_, case.name("fn")
    image = {"PackageType": "Image", "Code": {"ImageUri": case.aws.image("latest", also=("bin/sh", "app1/function"))}, "Role": case.aws.role()}
    config = {"EntryPoint": ["sh"], "Command": ["-c", "echo test"], "WorkingDirectory": "/app1"}
    variables = {"Variables": {"CUSTOM_ENV": "test"}}
    made = {"FunctionName": name, "ImageConfig": config, "Environment": variables, **image}
    case.play("create-image-with-config-response", client.create_function, **made)
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})

    def look(suffix, label="get-function-code"):
        case.play(f"{label}-{suffix}", client.get_function, FunctionName=name)
        case.play(f"get-function-config-{suffix}", client.get_function_configuration, FunctionName=name)

    look("with-config-response")
    new = {"Command": ["-c", "echo test1"], "WorkingDirectory": "/app1"}
    case.play("update-function-code-response", client.update_function_configuration, FunctionName=name, ImageConfig=new)
    case.aws.settled(name)
    look("response-after-update")
    case.play("update-function-code-delete-imageconfig-response", client.update_function_configuration, FunctionName=name, ImageConfig={})
    case.aws.settled(name)
    look("response-after-delete-imageconfig")


@scenario(API + "TestLambdaImages::test_lambda_zip_file_to_image")
def other_package(case):
    client, name = case.aws.lambda_, case.name("fn")
    create(case, "create-image-response", name)
    for suffix in ("response", "response-after-update"):
        case.play(f"get-function-code-{suffix}", client.get_function, adapt=as_image, FunctionName=name)
        case.play(f"get-function-config-{suffix}", client.get_function_configuration, adapt=as_image, FunctionName=name)
        # The other way round than recorded: a zip to an image function, refused too.
        refused = case.ask(client.update_function_code, FunctionName=name, ZipFile=b"zip")["Error"]["Message"]
        if refused != "Please provide ImageUri when updating a function with packageType Image.":
            raise AssertionError(refused)


@scenario(API + "TestLambdaRevisions::test_function_revisions_basic")
def revisions(case):
    client, name, image = case.aws.lambda_, case.name("fn"), case.aws.image()
    create_by_fixture(case, "create_function_response_rev1", name)
    look = lambda label: case.play(label, client.get_function, adapt=as_image, FunctionName=name)["Configuration"]["RevisionId"]
    revision = look("get_function_response_rev2")
    code = {"FunctionName": name, "ImageUri": image}
    case.play("update_function_revision_exception", client.update_function_code, **code, RevisionId="wrong")
    case.play("update_function_code_response_rev3", client.update_function_code, adapt=as_image, **code, RevisionId=revision)
    case.aws.settled(name)
    revision = look("get_function_response_rev4")
    # The recorded one changed the runtime.
    same = {"FunctionName": name, "Timeout": 30}
    update = client.update_function_configuration
    case.play("update_function_configuration_revision_exception", update, **same, RevisionId="wrong")
    case.play("update_function_configuration_response_rev5", update, adapt=as_image, **same, RevisionId=revision)
    case.aws.settled(name)
    look("get_function_response_rev6")


@scenario(API + "TestLambdaSizeLimits::test_large_environment_fails_multiple_keys")
def large_environment(case):
    variables = {"SMALL_VAR": "ok"}
    # Two braces, quotes, colons and a comma count too: one byte more than fits.
    empty = len('{"SMALL_VAR":"ok","LARGE_VAR":""}')
    variables["LARGE_VAR"] = "x" * (4 * 1024 - empty + 1)
    wanted = {**code(case), "Environment": {"Variables": variables}}
    case.play("failured_create_fn_result_multi_key", case.aws.lambda_.create_function, FunctionName=case.name("fn"), **wanted)


@scenario(API + "TestLambdaSizeLimits::test_oversized_request_create_lambda")
def large_request(case):
    wanted = {**code(case), "Environment": {"Variables": {"largeKey": "x" * 70_167_211}}}
    case.play("invalid_param_exc", case.aws.lambda_.create_function, FunctionName=case.name("fn"), **wanted)


@scenario(API + "TestLambdaVersions::test_publish_with_update")
def published_with_update(case):
    client, name = case.aws.lambda_, case.name("fn")
    create(case, "create_response", name)
    case.play("get_function_result", client.get_function, adapt=as_image, FunctionName=name)
    heavy = case.aws.image("heavy-publish", ballast=BALLAST)
    case.play("update_function_code_result", client.update_function_code, adapt=as_image, FunctionName=name, ImageUri=heavy, Publish=True)
    case.play("get_function_version_result", client.get_function, adapt=as_image, FunctionName=name, Qualifier="1")
    case.play("get_function_latest_result", client.get_function, adapt=as_image, FunctionName=name, Qualifier="$LATEST")


@scenario(API + "TestLambdaVersions::test_publish_with_wrong_sha256")
def published_by_digest(case):
    client, name = case.aws.lambda_, case.name("fn")
    create(case, "create_response", name)
    got = case.play("get_fn_response", client.get_function, adapt=as_image, FunctionName=name)
    case.play("publish_wrong_sha256_exc", client.publish_version, FunctionName=name, CodeSha256="somenonexistentsha256")
    digest = got["Configuration"]["CodeSha256"]
    case.play("publish_result", client.publish_version, adapt=as_image, FunctionName=name, CodeSha256=digest)


@scenario(API + "TestLoggingConfig::test_advanced_logging_configuration_format_switch")
def log_format(case):
    client, name = case.aws.lambda_, case.name("fn")
    logging(case, name)
    for label, wanted in [("", "JSON"), ("_v2", "Text")]:
        update = {"FunctionName": name, "LoggingConfig": {"LogFormat": wanted}}
        case.play(f"updated_config{label}", client.update_function_configuration, adapt=as_image, **update)
        case.aws.settled(name)
        case.play(f"received_config{label}", client.get_function_configuration, adapt=as_image, FunctionName=name)


@scenario(API + "TestLoggingConfig::test_function_advanced_logging_configuration")
def log_settings(case):
    client, name = case.aws.lambda_, case.name("fn")
    logging(case, name, LoggingConfig={"LogFormat": "JSON"})
    advanced = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", "LogGroup": "cool_lambda"}
    case.play("updated_config", client.update_function_configuration, adapt=as_image, FunctionName=name, LoggingConfig=advanced)
    case.aws.settled(name)
    case.play("received_config", client.get_function_configuration, adapt=as_image, FunctionName=name)


def logging(case, name, **settings):
    create_by_fixture(case, "create_response", name, MemorySize=256, Timeout=5, **settings)
    case.play("get_function_response", case.aws.lambda_.get_function, adapt=as_image, FunctionName=name)
    case.play("function_config", case.aws.lambda_.get_function_configuration, adapt=as_image, FunctionName=name)
