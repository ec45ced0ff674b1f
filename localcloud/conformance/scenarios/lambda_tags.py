"""Tags of functions."""
from engine import scenario
from images import FIXTURE, as_image

API = "tests/aws/services/lambda_/test_lambda_api.py::TestLambdaTag::"
TAGS = "tests/aws/services/lambda_/test_lambda_api.py::TestLambdaTags::"


def exceptions_of(kind):
    def play(case):
        aws, name = case.aws, case.name("unknown")
        client, arn = aws.lambda_, f"arn:aws:lambda:{aws.region}:{case.account}:{kind}:{name}"
        case.play("not_found_exception_tag", client.tag_resource, Resource=arn, Tags={"A": "B"})
        case.play("not_found_exception_untag", client.untag_resource, Resource=arn, TagKeys=["A"])
        case.play("not_found_exception_list", client.list_tags, Resource=arn)
        case.play("aliased_arn_exception", client.list_tags, Resource=f"{arn}:alias")
        case.play("invalid_arn_exception", client.list_tags, Resource=arn.replace(f":{kind}:", ":foobar:"))

    return play


scenario(API + "test_tag_exceptions[lambda_function]")(exceptions_of("function"))
scenario(API + "test_tag_exceptions[capacity_provider]")(exceptions_of("capacity-provider"))


@scenario(API + "test_create_tag_on_fn_create")
def created(case):
    client, name = case.aws.lambda_, case.name("fn")
    arn = case.aws.function(name, Tags={"testtag": "custom"}, **FIXTURE)["FunctionArn"]
    case.play("get_function_result", client.get_function, adapt=as_image, FunctionName=name)
    case.play("list_tags_result", client.list_tags, Resource=arn)


@scenario(API + "test_tag_nonexisting_resource")
def gone(case):
    client, name = case.aws.lambda_, case.name("fn")
    arn = case.aws.function(name, **FIXTURE)["FunctionArn"]
    case.play("pre_delete_get_function", client.get_function, adapt=as_image, FunctionName=arn)
    client.delete_function(FunctionName=name)
    case.play("not_found_exception_tag", client.tag_resource, Resource=arn, Tags={"A": "B"})
    case.play("not_found_exception_untag", client.untag_resource, Resource=arn, TagKeys=["A"])
    case.play("not_found_exception_list", client.list_tags, Resource=arn)


@scenario(TAGS + "test_tag_lifecycle")
def lifecycle(case):
    client, name = case.aws.lambda_, case.name("fn")
    arn = case.aws.function(name, Tags={"key_a": "value_a"}, **FIXTURE)["FunctionArn"]

    def look(when):
        case.play(f"list_tags_response_{when}", client.list_tags, Resource=arn)
        case.play(f"get_fn_response_{when}", client.get_function, adapt=as_image, FunctionName=arn)

    look("postfncreate")
    more = {f"key_{letter}": f"value_{letter}" for letter in "bcde"}
    case.play("tag_resource_response", client.tag_resource, Resource=arn, Tags=more)
    look("postaddtags")
    case.play("tag_resource_overwrite", client.tag_resource, Resource=arn, Tags={"key_b": "value_b", "key_c": "value_x"})
    look("overwrite")
    client.untag_resource(Resource=arn, TagKeys=["key_c", "key_d"])
    look("postuntag")
    client.untag_resource(Resource=arn, TagKeys=["key_a", "key_b", "key_e"])
    look("postuntagall")
    client.delete_function(FunctionName=name)
    case.play("list_tags_postdelete", client.list_tags, Resource=arn)


@scenario(TAGS + "test_tag_versions")
def versions(case):
    client, name = case.aws.lambda_, case.name("fn")
    arn = case.aws.function(name)["FunctionArn"]
    version = client.publish_version(FunctionName=name)["FunctionArn"]
    tags = {f"key_{letter}": f"value_{letter}" for letter in "bcde"}
    case.play("tag_resource_exception", client.tag_resource, Resource=version, Tags=tags)
    case.play("tag_resource_latest_exception", client.tag_resource, Resource=f"{arn}:$LATEST", Tags=tags)
