"""IAM: roles, policies, the simulator."""
import json

from engine import cannot, scenario

IAM = "tests/aws/services/iam/test_iam.py::"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service="ec2.amazonaws.com", **more):
    return document({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", **more})


@scenario(IAM + "TestIAMExtensions::test_create_role_with_malformed_assume_role_policy_document")
def malformed(case):
    # The comma behind "Allow" is too many.
    text = '{"Version": "2012-10-17", "Statement": [{"Action": "sts:AssumeRole", "Principal": "*", "Effect": "Allow",}]}'
    case.play("invalid-json", case.aws.iam.create_role, RoleName=case.name("role"), AssumeRolePolicyDocument=text)


@scenario(IAM + "TestIAMIntegrations::test_create_describe_role")
def describe_role(case):
    iam, name, path = case.aws.iam, case.name("role"), f"/{case.name('path')}/"
    case.play("create_role_result", iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust(), Path=path)
    case.play("get_role_result", iam.get_role, RoleName=name)
    case.play("list_roles_result", iam.list_roles, PathPrefix=path)


@scenario(IAM + "TestIAMIntegrations::test_role_attach_policy")
def attach_policy(case):
    iam, role, policy = case.aws.iam, case.name("test-role"), case.name("test-policy")
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust())
    allowed = document({"Action": ["s3:GetObjectVersion", "s3:ListBucket"], "Effect": "Allow", "Resource": ["arn:aws:s3:::bucket_name"]})
    arn = case.play("create_policy_response", iam.create_policy, PolicyName=policy, PolicyDocument=allowed)["Policy"]["Arn"]
    for label, wanted in [
        ("non_existent_malformed_policy_arn", "longpolicynamebutnoarn"),
        ("existing_policy_name_provided", policy),
        ("valid_arn_not_existent", f"{arn}123"),
        ("valid_policy_arn", arn),
    ]:
        case.play(label, iam.attach_role_policy, RoleName=role, PolicyArn=wanted)


def simulate(kind):
    def play(case):
        iam = case.aws.iam
        allowed = json.dumps({"Version": "2012-10-17", "Statement": {"Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}})
        policy = iam.create_policy(PolicyName=case.name("policy"), PolicyDocument=allowed)["Policy"]["Arn"]
        name = case.name(kind)
        if kind == "role":
            arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())["Role"]["Arn"]
            iam.attach_role_policy(RoleName=name, PolicyArn=policy)
        else:
            arn = iam.create_user(UserName=name)["User"]["Arn"]
            iam.attach_user_policy(UserName=name, PolicyArn=policy)
        wanted = {"ActionNames": ["s3:PutObject", "s3:GetObjectVersion"], "ResourceArns": ["arn:aws:s3:::bucket"]}
        case.play("response", iam.simulate_principal_policy, PolicySourceArn=arn, **wanted)

    return play


for kind in ("role", "user"):
    scenario(f"{IAM}TestIAMIntegrations::test_simulate_principle_policy[{kind}]")(simulate(kind))
cannot("uses IAM groups", IAM + "TestIAMIntegrations::test_simulate_principle_policy[group]")


@scenario(IAM + "TestIAMIntegrations::test_update_assume_role_policy")
def update_trust(case):
    iam, name = case.aws.iam, case.name("role")
    policy = document({"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com"]}, "Action": ["sts:AssumeRole"]})
    case.play("created_role", iam.create_role, RoleName=name, AssumeRolePolicyDocument=policy)
    case.play("updated_policy", iam.update_assume_role_policy, RoleName=name, PolicyDocument=policy)


@scenario(IAM + "TestIAMPolicyEncoding::test_put_role_policy_encoding")
def encoding(case):
    iam, role, policy, path = case.aws.iam, case.name("test-role"), case.name("test-policy"), f"/{case.name('test-path')}/"
    target = f"arn%3Aaws%3Aapigateway%3A{case.aws.region}%3A%3A%2Frestapis%2Faaeeieije"
    allowed = document({"Effect": "Allow", "Action": ["apigatway:PUT"], "Resource": [f"arn:aws:apigateway:{case.aws.region}::/tags/{target}"]})
    trusted = trust("lambda.amazonaws.com", Condition={"StringEquals": {"aws:SourceArn": target}})

    def placed(recorded):
        """Where a path ends and a name begins cannot be told from the ARN that has them both."""
        return json.loads(json.dumps(recorded).replace("<path:1>", path))

    case.play("create-role-response", iam.create_role, adapt=placed, RoleName=role, AssumeRolePolicyDocument=trusted, Path=path)
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=allowed)
    case.play("get-policy-response", iam.get_role_policy, RoleName=role, PolicyName=policy)
    case.play("get-role-response", iam.get_role, adapt=placed, RoleName=role)
    case.play("list-roles-response", iam.list_roles, adapt=placed, PathPrefix=path)


@scenario(IAM + "TestRoles::test_role_with_tags")
def role_with_tags(case):
    iam, name, path = case.aws.iam, case.name("role"), "/role-with-tags/"
    tags = [{"Key": "test", "Value": "value"}]
    case.play("create-role-response", iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust(), Tags=tags, Path=path)
    case.play("get-role-response", iam.get_role, RoleName=name)
    case.play("list-role-response", iam.list_roles, PathPrefix=path)


SERVICES = ("batch", "ecr", "ecs", "ops.apigateway")
lifecycles = [f"{IAM}TestIAMServiceRoles::test_service_role_lifecycle[{service}.amazonaws.com]" for service in SERVICES]
cannot("uses service-linked roles", *lifecycles, IAM + "TestIAMServiceRoles::test_service_role_deletion")
