"""STS: roles that are taken on."""
import json

from engine import scenario

STS = "tests/aws/services/sts/test_sts.py::"


def trust(case, *actions):
    action = list(actions) if len(actions) > 1 else actions[0]
    statement = {"Effect": "Allow", "Action": action, "Principal": {"AWS": case.account}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@scenario(STS + "TestSTSIntegrations::test_assume_role")
def assume(case):
    session, role = case.name("test-assume-role-session"), case.name("test-role")
    made = case.play("create-role", case.aws.iam.create_role, RoleName=role, AssumeRolePolicyDocument=trust(case, "sts:AssumeRole"))
    case.play("assume-role", case.aws.sts.assume_role, RoleArn=made["Role"]["Arn"], RoleSessionName=session)


@scenario(STS + "TestSTSIntegrations::test_sts_invalid_parameters")
def invalid_parameters(case):
    for label, arn, session in [
        ("malformed-arn", "nothing-valid-in-here", "Session1"),
        ("no-partition", "arn::b:::something/test-role", "Session1"),
        ("no-service", "arn:a::::something/test-role", "Session1"),
        ("not-enough-colons", "arn:a:::something/test-role", "Session1"),
        ("no-resource", "arn:a:a::aaaaaaaaaa:", "Session1"),
        ("invalid-session-name", "arn:a:b:::something/test-role", "Session1:2"),
    ]:
        case.play(label, case.aws.sts.assume_role, RoleArn=arn, RoleSessionName=session)


@scenario(STS + "TestSTSAssumeRoleTagging::test_assume_role_tag_validation")
def tag_validation(case):
    policy = trust(case, "sts:AssumeRole", "sts:TagSession")
    arn = case.play("role-1", case.aws.iam.create_role, RoleName=case.name("role-1"), AssumeRolePolicyDocument=policy)["Role"]["Arn"]

    def asked(session, transitive, *tags):
        tags = [{"Key": key, "Value": value} for key, value in tags]
        return {"RoleArn": arn, "RoleSessionName": session, "Tags": tags, "TransitiveTagKeys": [transitive]}

    one, other = ("SessionTag1", "SessionValue1"), ("sessiontag1", "SessionValue2")
    case.play("invalid-transitive-tag-keys", case.aws.sts.assume_role, **asked("SessionInvalidTransitiveKeys", "InvalidKey", one))
    # Keys know no case.
    case.aws.sts.assume_role(**asked("SessionInvalidCasingTransitiveKeys", "sessiontag1", one))
    refused = asked("SessionInvalidCasingTransitiveKeys", "sessiontag1", one, other)
    case.play("duplicate-tag-keys-different-casing", case.aws.sts.assume_role, **refused)
