"""Reserved concurrency, and the account's settings."""
from engine import cannot, scenario
from images import FIXTURE, as_image

TESTS = "tests/aws/services/lambda_/test_lambda.py::TestLambdaConcurrency::"
API = "tests/aws/services/lambda_/test_lambda_api.py::"

cannot("destinations of events in SQS", TESTS + "test_reserved_concurrency", label="put_event_invoke_conf")
cannot("destinations of events in SQS", TESTS + "test_reserved_concurrency", label="msg")
cannot("the sizes of zip packages", API + "TestLambdaAccountSettings::test_account_settings_total_code_size_config_update")


@scenario(TESTS + "test_lambda_concurrency_crud")
def crud(case):
    client, name = case.aws.lambda_, case.name("fn")
    case.aws.function(name)
    case.play("get_function_concurrency_default", client.get_function_concurrency, FunctionName=name)
    case.play("put_function_concurrency", client.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=0)
    case.play("get_function_concurrency_updated", client.get_function_concurrency, FunctionName=name)
    client.delete_function_concurrency(FunctionName=name)
    case.play("get_function_concurrency_deleted", client.get_function_concurrency, FunctionName=name)


@scenario(TESTS + "test_lambda_concurrency_update")
def update(case):
    client, name = case.aws.lambda_, case.name("fn")
    case.aws.function(name, **FIXTURE)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    case.play("put_function_concurrency", client.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=3)
    case.play("get_function_concurrency_updated", client.get_function_concurrency, FunctionName=name)
    case.play("get_function_concurrency_info", client.get_function, adapt=as_image, FunctionName=name)
    client.delete_function_concurrency(FunctionName=name)
    case.play("get_function_concurrency_deleted", client.get_function_concurrency, FunctionName=name)


@scenario(TESTS + "test_reserved_concurrency")
def used_up(case):
    client, name = case.aws.lambda_, case.name("fn")
    case.aws.function(name, **{**FIXTURE, "Timeout": 20})
    latest = case.play("fn", client.get_function_configuration, adapt=as_image, FunctionName=name, Qualifier="$LATEST")
    case.play("put_reserved", client.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=0)
    case.play("exc_no_cap_requestresponse", client.invoke, FunctionName=latest["FunctionArn"], InvocationType="RequestResponse")
    case.play("invoke_result", client.invoke, FunctionName=latest["FunctionArn"], InvocationType="Event")


@scenario(API + "TestLambdaReservedConcurrency::test_function_concurrency")
def put_and_deleted(case):
    client, name = case.aws.lambda_, case.name("fn")
    case.aws.function(name)
    for number in (0, 1):
        label = f"put_function_concurrency_with_reserved_{number}"
        case.play(label, client.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=number)
    case.play("get_function_concurrency", client.get_function_concurrency, FunctionName=name)
    case.play("delete_response", client.delete_function_concurrency, FunctionName=name)
    case.play("get_function_concurrency_after_delete", client.get_function_concurrency, FunctionName=name)


@scenario(API + "TestLambdaReservedConcurrency::test_function_concurrency_limits")
def limits(case):
    client, name = case.aws.lambda_, case.name("fn")
    case.aws.function(name)
    most = client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    put = client.put_function_concurrency
    case.play("put_function_concurrency_account_limit_exceeded", put, FunctionName=name, ReservedConcurrentExecutions=most + 1)
    case.play("put_function_concurrency_below_unreserved_min_value", put, FunctionName=name, ReservedConcurrentExecutions=most)


@scenario(API + "TestLambdaAccountSettings::test_account_settings")
def settings(case):
    answer = case.ask(case.aws.lambda_.get_account_settings)
    case.compare("acc_settings_modded", {**answer, **{key: sorted(answer[key]) for key in ("AccountLimit", "AccountUsage")}})
