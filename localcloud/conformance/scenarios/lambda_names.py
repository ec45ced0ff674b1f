"""The ways to name a function, and what is said of those that are none."""
import re

from engine import scenario
from images import FIXTURE, as_image, fixture

API = "tests/aws/services/lambda_/test_lambda_api.py::TestLambdaFunction::"
LONG = "a" * 170

# Name and qualifier; ARN stands for the account's, `{}` for its id.
NAMES = {
    "full_arn_and_qualifier_too_long_and_invalid_region": ("arn:aws:lambda:invalid-region:{}:function:my-function-" + LONG, "a" * 129),
    "full_arn_with_multiple_qualifiers": ("ARN:my-function:1:2", None),
    "function_name_and_qualifier_too_long": ("my-function", "a" * 65),
    "function_name_is_single_invalid": ("*", None),
    "function_name_too_long": ("a" * 65, None),
    "function_name_too_long_and_invalid_region": ("arn:aws:lambda:invalid-region:{}:function:my-function" + LONG, None),
    "incomplete_arn": ("ARN", None),
    "invalid_account_id_in_partial_arn": ("invalid-account:function:my-function", None),
    "invalid_characters_in_function_name": ("my-function!", None),
    "invalid_characters_in_qualifier": ("my-function", "invalid!"),
    "invalid_region_in_arn": ("arn:aws:lambda:invalid-region:{}:function:my-function", None),
    "latest_version_with_additional_qualifier": ("ARN:my-function:$LATEST", "1"),
    "lowercase_latest_qualifier": ("ARN:my-function", "$latest"),
    "missing_account_id_in_arn": ("arn:aws:lambda:us-east-1::function:my-function", None),
    "missing_region_in_arn": ("arn:aws:lambda::{}:function:my-function", None),
    "misspelled_latest_in_arn": ("ARN:my-function:$LATES", None),
    "non_lambda_arn": ("arn:aws:ec2:us-east-1:{}:instance:i-1234567890abcdef0", None),
    "partial_arn_with_extra_qualifier": ("function:my-function:$LATEST:extra", None),
    "qualifier_too_long": ("my-function", "a" * 129),
    "qualifier_too_long0": ("my-function", "a" * 129),
    "qualifier_too_long1": ("my-function", "a" * 65),
}
METHODS = ("create_function", "delete_function", "get_function", "invoke")


def told(answer):
    """An error as the recorder took it apart."""
    error = answer["Error"]
    found = re.match(r"(\d+) validation errors? detected: (.*)", error["Message"], re.DOTALL)
    if not found:
        return {"Code": error["Code"], "Message": error["Message"]}
    return {"Code": error["Code"], "Count": int(found[1]), "Errors": re.split(r"; (?=Value )", found[2])}


def named(method, case_name):
    name, qualifier = NAMES[case_name]

    def play(case):
        client = case.aws.lambda_
        whole = name.format(case.account) if "{}" in name else name.replace("ARN", f"arn:aws:lambda:{case.aws.region}:{case.account}:function")
        if method == "create_function":
            code = {"PackageType": "Image", "Code": {"ImageUri": case.aws.image()}, "Role": case.aws.role()}
            arguments = {"FunctionName": f"{whole}:{qualifier}" if qualifier else whole, **code}
        else:
            arguments = {"FunctionName": whole, **({"Qualifier": qualifier} if qualifier else {})}
        case.compare(f"{method}_exception", told(case.ask(getattr(client, method), **arguments)))

    return play


for method in METHODS:
    for case_name in NAMES:
        scenario(f"{API}test_function_name_and_qualifier_validation[{case_name}-{method}]")(named(method, case_name))


WRONG_REGION = [
    "get_function", "get_function_configuration", "get_function_url_config", "get_function_code_signing_config", "get_function_event_invoke_config",
    "get_function_concurrency", "delete_function", "invoke",
]


def elsewhere(method):
    def play(case):
        arn = f"arn:aws:lambda:eu-west-1:{case.account}:function:{case.name('fn')}"
        case.play("wrong_region_exception", getattr(case.aws.lambda_, method), FunctionName=arn)

    return play


for method in WRONG_REGION:
    scenario(f"{API}test_get_function_wrong_region[{method}]")(elsewhere(method))


@scenario(API + "test_invalid_invoke")
def invalid_invoke(case):
    name = f"arn:aws:lambda:{case.aws.region}:123400000000@function:myfn"
    case.play("invoke_function_name_pattern_exc", case.aws.lambda_.invoke, FunctionName=name, Payload=b"{}")


@scenario(API + "test_function_arns")
def arns(case):
    client, aws = case.aws.lambda_, case.aws
    prefix = f"arn:aws:lambda:{aws.region}:{case.account}:function:"
    settings = {"PackageType": "Image", "Code": {"ImageUri": aws.image()}, "Role": aws.role()}

    def create(label, name, **more):
        answer = case.ask(client.create_function, FunctionName=name, **settings, **more)
        case.compare(label, fixture(answer) if more else answer, adapt=as_image)

    create("create-function-arn-response", prefix + case.name("fn"), **FIXTURE)
    create("create-function-partial-arn-response", f"{case.account}:function:{case.name('fn')}", **FIXTURE)
    create("invalid_function_name_exc", "invalid:function:name")
    create("long_function_name_exc", "a" * 65)
    create("long_function_arn_exc", prefix + "a" * 140)
    create("function_arn_other_region_exc", prefix.replace(aws.region, "ap-southeast-1") + "fn")
    create("function_arn_other_account_exc", prefix.replace(case.account, "123456789012") + "fn")
