"""Tags of functions."""
from engine import scenario


API = "tests/aws/services/lambda_/test_lambda_api.py::TestLambdaTag::"


@scenario(API + "test_tag_exceptions[lambda_function]")
def exceptions_of_functions(case):
    aws, name = case.aws, case.name("unknown")
    client, arn = aws.lambda_, f"arn:aws:lambda:{aws.region}:{case.account}:function:{name}"
    case.play("not_found_exception_tag", client.tag_resource, Resource=arn, Tags={"A": "B"})
    case.play("not_found_exception_untag", client.untag_resource, Resource=arn, TagKeys=["A"])
    case.play("not_found_exception_list", client.list_tags, Resource=arn)
    case.play("aliased_arn_exception", client.list_tags, Resource=f"{arn}:alias")
    case.play("invalid_arn_exception", client.list_tags, Resource=arn.replace(":function:", ":foobar:"))
