"""Resource policies of functions, versions and aliases."""
from engine import scenario
from images import FIXTURE, as_image

API = "tests/aws/services/lambda_/test_lambda_api.py::TestLambdaPermissions::"
INVOKE = "lambda:InvokeFunction"
BUCKET = "arn:aws:s3:::test-bucket"


@scenario(API + "test_add_lambda_permission_fields")
def fields(case):
    client, name, account = case.aws.lambda_, case.name("fn"), case.account
    case.aws.function(name)
    user = case.aws.sts.get_caller_identity()["Arn"]

    def add(label, sid, action=INVOKE, **more):
        case.play(label, client.add_permission, FunctionName=name, StatementId=sid, Action=action, **more)

    add("add_permission_principal_wildcard", "wilcard", Principal="*", SourceAccount=account)
    add("add_permission_principal_service", "lambda", Principal="lambda.amazonaws.com", SourceAccount=account)
    add("add_permission_principal_account", "account-id", Principal=account)
    add("add_permission_principal_arn", "user-arn", Principal=user, SourceAccount=account)
    url = {"PrincipalOrgID": "o-1234567890", "FunctionUrlAuthType": "NONE"}
    case.play(
        "add_permission_optional_fields", client.add_permission, FunctionName=name, StatementId="urlPermission", Action="lambda:InvokeFunctionUrl",
        Principal="*", SourceArn=BUCKET, SourceAccount=account, **url,
    )
    token = "amzn1.ask.skill.xxxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
    add("add_permission_alexa_skill", "alexaSkill", Principal="*", EventSourceToken=token)


@scenario(API + "test_create_multiple_lambda_permissions")
def several(case):
    client, name = case.aws.lambda_, case.name("fn")
    case.aws.function(name)
    for number, sid in [(1, "logs"), (2, "kinesis")]:
        statement = {"StatementId": sid, "Action": INVOKE, "Principal": f"{sid}.amazonaws.com"}
        case.play(f"add_permission_response_{number}", client.add_permission, FunctionName=name, **statement)
    case.play("policy_after_2_add", client.get_policy, FunctionName=name)


@scenario(API + "test_lambda_permission_fn_versioning")
def versions(case):
    client, name = case.aws.lambda_, case.name("fn")
    case.aws.function(name, **FIXTURE)
    statement = {"FunctionName": name, "Action": INVOKE, "StatementId": "s3", "Principal": "s3.amazonaws.com", "SourceArn": BUCKET}
    case.play("add_permission", client.add_permission, **statement)
    case.play("get_policy", client.get_policy, FunctionName=name)
    case.play("publish_version_result", client.publish_version, adapt=as_image, FunctionName=name)
    case.play("get_function_result_after_publishing", client.get_function, adapt=as_image, FunctionName=name)
    case.play("get_policy_after_publishing_latest", client.get_policy, FunctionName=name)
    case.play("get_policy_after_publishing_new_version", client.get_policy, FunctionName=name, Qualifier="1")
    client.add_permission(**statement, Qualifier="1")
    case.play("get_policy_version", client.get_policy, FunctionName=name, Qualifier="1")
    alias = {"FunctionName": name, "Name": "permission-alias"}
    case.play("create_alias_response", client.create_alias, **alias, FunctionVersion="1")
    case.play("get_alias", client.get_alias, **alias)
    qualified = {**statement, "Qualifier": "permission-alias"}
    case.play("add_permission_alias_revision_exception", client.add_permission, **qualified, RevisionId="wrong")
    client.add_permission(**qualified)
    case.play("get_policy_alias", client.get_policy, FunctionName=name, Qualifier="permission-alias")
    case.play("get_policy_after_adding_to_new_version", client.get_policy, FunctionName=name)
    client.add_permission(**{**statement, "StatementId": "s3_2"})
    case.play("get_policy_after_adding_2", client.get_policy, FunctionName=name)


@scenario(API + "test_remove_multi_permissions")
def removed(case):
    client, name = case.aws.lambda_, case.name("fn")
    case.aws.function(name)
    statement = {"FunctionName": name, "Action": INVOKE}
    case.play("add_permission_1", client.add_permission, **statement, StatementId="s3", Principal="s3.amazonaws.com")
    case.play("add_permission_2", client.add_permission, **statement, StatementId="sqs", Principal="sqs.amazonaws.com", SourceArn=BUCKET)
    case.play("policy_after_2_add", client.get_policy, FunctionName=name)
    case.play("remove_permission_exception_nonexisting_sid", client.remove_permission, FunctionName=name, StatementId="non-existent")
    client.remove_permission(FunctionName=name, StatementId="sqs")
    case.play("policy_after_removal", client.get_policy, FunctionName=name)
    case.ask(client.remove_permission, FunctionName=name, StatementId="sqs")
    case.play("policy_after_removal_attempt", client.get_policy, FunctionName=name)
    client.remove_permission(FunctionName=name, StatementId="s3")
    case.play("get_policy_exception_removed_all", client.get_policy, FunctionName=name)
