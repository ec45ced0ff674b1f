"""Invocations: what functions answer, and how they fail."""
import base64
import concurrent.futures
import json
import time

from engine import cannot, scenario
from images import FIXTURE, as_image
from scenarios.lambda_functions import create_by_fixture

TESTS = "tests/aws/services/lambda_/test_lambda.py::"
COMMON = "tests/aws/services/lambda_/test_lambda_common.py::TestLambdaRuntimesCommon::test_introspection_invoke"
GO = "tests/aws/services/lambda_/test_lambda_runtimes.py::TestGoProvidedRuntimes::test_uncaught_exception_invoke"
FEATURES = TESTS + "TestLambdaFeatures::"
RUNTIMES = ["nodejs22.x", "provided.al2023", "provided.al2", "python3.13"]

for runtime in RUNTIMES:
    for label in ("invocation_result_payload", "invocation_result_payload_qualified"):
        cannot("the environment of a managed runtime", f"{COMMON}[{runtime}]", label=label)
cannot("the sandbox of a managed runtime", TESTS + "TestLambdaBehavior::test_runtime_introspection_arm")
cannot("the sandbox of a managed runtime", TESTS + "TestLambdaBehavior::test_runtime_introspection_x86")
cannot("the context object of Node.js", FEATURES + "test_lambda_with_context", label="invocation")
cannot("how the managed Python runtime survives a segmentation fault", TESTS + "TestLambdaErrors::test_lambda_runtime_exit_segfault")


def act(what, **more):
    """An event for the test function."""
    return json.dumps({"do": what, **more}, separators=(",", ":")).encode()


def made(case, **settings):
    name = case.name("fn")
    case.aws.function(name, **settings)
    return name


def logged(case, name, pattern, count):
    """The events of a function's log that match, once there are so many."""
    for _ in range(1200):
        search = {"logGroupName": f"/aws/lambda/{name}", "filterPattern": pattern}
        found = case.ask(case.aws.logs.filter_log_events, **search).get("events", [])
        if len(found) >= count:
            return found
        time.sleep(0.1)
    raise AssertionError(f"the log of {name} has not {count} events that match {pattern}")


@scenario(TESTS + "TestLambdaBehavior::test_lambda_invoke_no_timeout")
def in_time(case):
    name = case.name("fn")
    create_by_fixture(case, "create-result", name, Timeout=2)
    case.play("invoke-result", case.aws.lambda_.invoke, FunctionName=name, Payload=act("wait", n=1000))


@scenario(TESTS + "TestLambdaBehavior::test_lambda_invoke_timed_out_environment_reuse")
def reused(case):
    name = case.name("fn")
    create_by_fixture(case, "create-result", name, Timeout=1)

    def invoke(label, what, differs=None, **more):
        case.play(f"invoke-result-{label}", case.aws.lambda_.invoke, differs=differs, FunctionName=name, Payload=act(what, **more))

    invoke("file-write", "write-file")
    invoke("file-read", "read-file")
    invoke("set-number", "set-number", n=42)
    invoke("read-number", "read-number")
    newer = "recorded in 2024; since then AWS gives the error a type, Sandbox.Timedout (recorded in 2025 of another function)"
    invoke("timed-out", "sleep", differs=newer, n=2000)
    invoke("file-read-after-timeout", "read-file")
    invoke("read-number-after-timeout", "read-number")


@scenario(TESTS + "TestLambdaVersions::test_function_update_during_invoke")
def updated_meanwhile(case):
    client, name = case.aws.lambda_, made(case, Timeout=30, Environment={"Variables": {"FUNCTION_VARIANT": "variant-1"}})
    event = act("variant", n=1000, request_prefix="1-sleep")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(case.ask, client.invoke, FunctionName=name, Payload=event)
        logged(case, name, '"START RequestId"', 1)
        client.update_function_configuration(FunctionName=name, Environment={"Variables": {"FUNCTION_VARIANT": "variant-2"}})
        case.compare("invoke_response_before", answer.result())
    case.aws.settled(name)
    after = json.loads(client.invoke(FunctionName=name, Payload=act("variant"))["Payload"].read())
    if after["function_variant"] != "variant-2":
        raise AssertionError(f"after the update: {after}")


@scenario(TESTS + "TestLambdaErrors::test_lambda_handler_exit", TESTS + "TestLambdaErrors::test_lambda_runtime_exit")
def exits(case):
    case.play("invocation_error", case.aws.lambda_.invoke, FunctionName=made(case), Payload=act("exit", n=0))


@scenario(TESTS + r"TestLambdaErrors::test_lambda_invoke_payload_encoding_error[body-n\x87r\x9e\xe9\xb5\xd7I\xee\x9bmt]")
def encoding_of_a_body(case):
    payload = b"n\x87r\x9e\xe9\xb5\xd7I\xee\x9bmt"
    case.play("invoke_function_invalid_payload_body", case.aws.lambda_.invoke, FunctionName=made(case), Payload=payload)


@scenario(TESTS + r"TestLambdaErrors::test_lambda_invoke_payload_encoding_error[message-\x99\xeb,j\x07\xa1zYh]")
def encoding_of_a_message(case):
    payload = b"\x99\xeb,j\x07\xa1zYh"
    case.play("invoke_function_invalid_payload_message", case.aws.lambda_.invoke, FunctionName=made(case), Payload=payload)


def nothing_returned(kind):
    def play(case):
        case.play("invoke-result", case.aws.lambda_.invoke, FunctionName=made(case), InvocationType=kind, Payload=act("wait"))

    return play


for kind in ("Event", "RequestResponse"):
    for language in ("nodejs", "python"):
        scenario(f"{FEATURES}test_invocation_type_no_return_payload[{language}-{kind}]")(nothing_returned(kind))


@scenario(FEATURES + "test_invocation_type_request_response[nodejs16.x]", FEATURES + "test_invocation_type_request_response[python3.10]")
def echoed(case):
    case.play("invoke-result", case.aws.lambda_.invoke, FunctionName=made(case), Payload=b"{}", InvocationType="RequestResponse")


@scenario(FEATURES + "test_invocation_with_logs[python3.10]")
def logs(case):
    name = made(case, Environment={"Variables": {"PRINT_EVENT": "1"}})
    answer = case.play("invoke", case.aws.lambda_.invoke, FunctionName=name, Payload=b"{}", LogType="Tail")
    case.compare("logs", {"logs": tail(answer)})


@scenario(FEATURES + "test_invocation_with_logs[nodejs16.x]")
def logs_of_node(case):
    name = made(case, Environment={"Variables": {"PRINT_EVENT": "1"}})
    answer = case.play("invoke", case.aws.lambda_.invoke, FunctionName=name, Payload=b"{}", LogType="Tail")

    def plainly(recorded):
        """Node.js writes the time, the request and the level before each line; other programs do not."""
        return {"logs": [line.replace("date\t<request-id>\tINFO\t", "") for line in recorded["logs"]]}

    case.compare("logs", {"logs": tail(answer)}, adapt=plainly)


def tail(answer):
    """The lines, without INIT_START, which came only with the first invocation of the day."""
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines(keepends=True)
    return [line for line in lines if not line.startswith("INIT_START")]


@scenario(FEATURES + "test_invoke_exceptions")
def nobody(case):
    case.play("invoke_function_doesnotexist", case.aws.lambda_.invoke, FunctionName="doesnotexist")


@scenario(FEATURES + "test_lambda_with_context")
def created_for_context(case):
    create_by_fixture(case, "creation", case.name("fn"))


@scenario(TESTS + "TestLambdaVersions::test_lambda_handler_update")
def handler(case):
    client, name = case.aws.lambda_, made(case, **FIXTURE)
    call = {"FunctionName": name, "Payload": act("handler")}
    case.play("invoke_result_handler_one", client.invoke, **call)
    # An image's handler is its command.
    update = {"FunctionName": name, "ImageConfig": {"Command": ["handler_two"]}}
    case.play("update_function_configuration_result", client.update_function_configuration, adapt=with_command, **update)
    case.aws.settled(name)
    case.play("get_function_result", client.get_function, adapt=with_command, FunctionName=name)
    case.play("invoke_result_handler_two", client.invoke, **call)
    client.publish_version(FunctionName=name)
    case.play("invoke_result_handler_two_postpublish", client.invoke, **call)


def with_command(recorded):
    adapted = as_image(recorded)
    adapted.get("Configuration", adapted)["ImageConfigResponse"] = {"ImageConfig": {"Command": ["handler_two"]}}
    return adapted


@scenario(TESTS + "TestRequestIdHandling::test_request_id_async_invoke_with_retry")
def retried(case):
    aws, name = case.aws, made(case)
    aws.lambda_.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    case.play("invoke_result", aws.lambda_.invoke, FunctionName=name, InvocationType="Event", Payload=act("error"))
    # The second attempt comes after a minute, as on AWS.
    found = logged(case, name, '"END RequestId"', 2)
    case.compare("end_messages", [event["message"].strip() for event in found])


def of_image(recorded):
    """Some digests were recorded with one placeholder in another."""
    return as_image({**recorded, "CodeSha256": recorded["CodeSha256"].replace("<<code-sha-256>:1>", "<code-sha256:1>")})


def creation(**settings):
    def play(case):
        name = case.name("fn")
        wanted = {"PackageType": "Image", "Code": {"ImageUri": case.aws.image()}, "Role": case.aws.role(), "MemorySize": 1024, **settings}
        case.play("create_function_result", case.aws.lambda_.create_function, adapt=of_image, FunctionName=name, **wanted)
        case.aws.lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})
        return name

    return play


for runtime in RUNTIMES:
    scenario(f"{COMMON}[{runtime}]")(creation(Environment={"Variables": {"TEST_KEY": "TEST_VAL"}}))


@scenario(GO + "[provided.al2023]", GO + "[provided.al2]")
def failed(case):
    name = creation()(case)

    def of_the_fixture(recorded):
        """The function's own error: type and text are what the test's function posts."""
        assert recorded["Payload"] == {"errorMessage": "Error: some_error_msg", "errorType": "errorString"}
        return {**recorded, "Payload": {"errorType": "Fixture.Error", "errorMessage": "as told"}}

    case.play("error_result", case.aws.lambda_.invoke, adapt=of_the_fixture, FunctionName=name, Payload=act("error"))
