"""Aliases, and invocations that they split."""
from engine import scenario
from images import as_image

API = "tests/aws/services/lambda_/test_lambda_api.py::TestLambdaAlias::"


def versions(case, name, publish=False):
    """A function with two versions; the answers to its creation and to both publications are compared."""
    client = case.aws.lambda_
    settings = {"PackageType": "Image", "Code": {"ImageUri": case.aws.image()}, "Role": case.aws.role()}
    variables = {"Variables": {"testenv": "staging"}}
    case.play("create_response", client.create_function, adapt=as_image, FunctionName=name, Environment=variables, Publish=publish, **settings)
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})
    case.play("publish_v1", client.publish_version, adapt=as_image, FunctionName=name)
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"testenv": "prod"}})
    case.aws.settled(name)


@scenario(API + "test_alias_lifecycle")
def lifecycle(case):
    client, name = case.aws.lambda_, case.name("fn")
    versions(case, name)
    case.play("publish_v2", client.publish_version, adapt=as_image, FunctionName=name)
    weights = {"AdditionalVersionWeights": {"2": 0.2}}
    one = {"FunctionName": name, "Name": "aliasname1_1"}
    made = case.play("create_alias_1_1", client.create_alias, **one, FunctionVersion="1", Description="custom-alias", RoutingConfig=weights)
    case.play("get_alias_1_1", client.get_alias, **one)
    case.play("get_function_alias_1_1", client.get_function, adapt=as_image, FunctionName=name, Qualifier="aliasname1_1")
    case.play("get_function_byarn_alias_1_1", client.get_function, adapt=as_image, FunctionName=made["AliasArn"])
    case.play("get_function_alias_notfound_exc", client.get_function, FunctionName=name, Qualifier="aliasdoesnotexist")
    unknown = made["AliasArn"].replace("aliasname1_1", "aliasdoesnotexist")
    case.play("get_function_alias_byarn_notfound_exc", client.get_function, FunctionName=unknown)
    for label, version, more in [("1_2", "1", {"Description": "custom-alias"}), ("1_3", "1", {}), ("2", "2", {"Description": "custom-alias"})]:
        alias = {"FunctionName": name, "Name": f"aliasname{label}"}
        case.play(f"create_alias_{label}", client.create_alias, **alias, FunctionVersion=version, **more)
        case.play(f"get_alias_{label}", client.get_alias, **alias)
    case.compare("list_aliases_for_fnname", client.get_paginator("list_aliases").paginate(FunctionName=name).build_full_result())
    case.play("update_alias_1_1", client.update_alias, **one, RoutingConfig={"AdditionalVersionWeights": {}})
    case.play("get_alias_1_1_after_update", client.get_alias, **one)
    case.play("list_aliases_for_fnname_after_update", client.list_aliases, FunctionName=name)
    two = {"FunctionName": name, "Name": "aliasname1_2"}
    case.play("update_alias_1_2", client.update_alias, **two)
    case.play("get_alias_1_2_after_update", client.get_alias, **two)
    case.play("list_aliases_for_fnname_after_update_2", client.list_aliases, FunctionName=name)
    case.play("list_aliases_for_version", client.list_aliases, FunctionName=name, FunctionVersion="1")
    case.play("delete_alias_response", client.delete_alias, **one)
    case.play("list_aliases_for_fnname_afterdelete", client.list_aliases, FunctionName=name)


@scenario(API + "test_alias_naming")
def naming(case):
    client, name = case.aws.lambda_, case.name("fn")
    versions(case, name)
    alias = {"FunctionName": name, "FunctionVersion": "1", "Description": "custom-alias"}
    case.play("create_alias_date", client.create_alias, **alias, Name="2024-01-02")
    case.play("get_alias_date", client.get_alias, FunctionName=name, Name="2024-01-02")
    case.play("create_alias_number_exception", client.create_alias, **alias, Name="2024")


@scenario(API + "test_notfound_and_invalid_routingconfigs")
def routing(case):
    client, name = case.aws.lambda_, case.name("fn")
    versions(case, name, publish=True)
    case.play("publish_v2", client.publish_version, adapt=as_image, FunctionName=name)

    def create(label, version="1", weights=None, alias="custom", function=name):
        config = {} if weights is None else {"RoutingConfig": {"AdditionalVersionWeights": weights}}
        case.play(label, client.create_alias, FunctionName=function, Name=alias, FunctionVersion=version, **config)

    create("routing_config_exc_toomany", weights={"1": 0.8, "2": 0.2})
    create("routing_config_exc_toohigh", weights={"2": 2})
    create("routing_config_exc_subzero", weights={"2": -1})
    create("routing_config_exc_sameversion", weights={"1": 0.5})
    create("target_version_doesnotexist", version="10", weights={"2": 0.5})
    create("routing_config_exc_version_doesnotexist", weights={"10": 0.5})
    create("target_version_exc_version_latest", version="$LATEST", weights={"1": 0.5})
    create("routing_config_exc_version_latest", weights={"$LATEST": 0.5})
    create("create-alias-latest", version="$LATEST", alias="custom-latest")
    create("routing_config_exc_fn_doesnotexist", weights={"2": 0.5}, function=f"{name}-unknown")
    create("create_alias_empty_routingconfig", weights={}, alias="custom-empty-routingconfig")
    create("create_alias_response", weights={"2": 0.5})
    create("routing_config_exc_already_exist", weights={"2": 0.5})
    case.play("alias_does_not_exist_esc", client.get_alias, FunctionName=name, Name="non-existent")


@scenario("tests/aws/services/lambda_/test_lambda.py::TestLambdaAliases::test_alias_routingconfig")
def split(case):
    client, name = case.aws.lambda_, case.name("fn")
    case.aws.function(name)
    client.publish_version(FunctionName=name)
    client.update_function_configuration(FunctionName=name, Description="second")
    case.aws.settled(name)
    client.publish_version(FunctionName=name)
    half = {"AdditionalVersionWeights": {"2": 0.5}}
    alias = case.play("create_alias_response", client.create_alias, FunctionName=name, FunctionVersion="1", Name="alias1", RoutingConfig=half)
    ran = {client.invoke(FunctionName=alias["AliasArn"], Payload=b"{}")["ExecutedVersion"] for _ in range(64)}
    if ran != {"1", "2"}:
        raise AssertionError(f"64 invocations of an alias that is halved between 1 and 2 ran {ran}")
