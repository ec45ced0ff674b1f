"""API Gateway: deployments, stages and canaries."""
from engine import scenario
from gateway import Api

FOLDER = "tests/aws/services/apigateway/"
STAGES = FOLDER + "test_apigateway_api.py::TestApiGatewayStage::"
CANARIES = FOLDER + "test_apigateway_canary.py::TestStageCrudCanary::"
OVERRIDES = {"percentTraffic": 50, "stageVariableOverrides": {"testVar": "canary"}}


def api_of(case):
    api = Api(case)
    api.mock()
    return api


def at(api, stage):
    return {"restApiId": api.id, "stageName": stage}


def updates(case, api, stage):
    def update(label, *operations):
        case.play(label, api.client.update_stage, **at(api, stage), patchOperations=list(operations))

    return update


def replace(path, value):
    return {"op": "replace", "path": path, "value": value}


@scenario(FOLDER + "test_apigateway_basic.py::TestAPIGateway::test_update_rest_api_deployment")
def update_deployment(case):
    api = api_of(case)
    named = {"restApiId": api.id, "deploymentId": api.deploy(description="my deployment")}
    case.play("after-update", api.client.update_deployment, **named, patchOperations=[replace("/description", "new-description")])


@scenario(
    FOLDER + "test_apigateway_common.py::TestDeployments::test_create_delete_deployments[False]",
    FOLDER + "test_apigateway_common.py::TestDeployments::test_create_delete_deployments[True]",
)
def deployments(case):
    api = api_of(case)
    if "[True]" in case.test:
        # The stage made by hand, and moved by hand.
        deployment = api.deploy()
        api.client.create_stage(**at(api, "s1"), deploymentId=deployment)
    else:
        deployment = api.deploy("s1")
    case.play("get-deployment", api.client.get_deployment, restApiId=api.id, deploymentId=deployment)
    case.play("get-stages", api.client.get_stages, restApiId=api.id)
    for number in range(3):
        case.play(f"delete-deployment-error-{number}", api.client.delete_deployment, restApiId=api.id, deploymentId=deployment)
        last, deployment = deployment, api.deploy(None if "[True]" in case.test else "s1")
        if "[True]" in case.test:
            api.client.update_stage(**at(api, "s1"), patchOperations=[replace("/deploymentId", deployment)])
        api.client.delete_deployment(restApiId=api.id, deploymentId=last)
        case.play(f"get-deployments-{number}", api.client.get_deployments, restApiId=api.id)
        case.play(f"get-stages-{number}", api.client.get_stages, restApiId=api.id)


def undocumented(recorded):
    """Documentation versions are refused by name; the stage is made without one."""
    recorded.pop("documentationVersion", None)
    return recorded


@scenario(FOLDER + "test_apigateway_common.py::TestStages::test_create_update_stages")
def create_and_update(case):
    api = api_of(case)
    client, deployment = api.client, api.deploy()
    settings = {"deploymentId": deployment, "description": "my stage"}
    case.play("create-stage", client.create_stage, adapt=undocumented, **at(api, "s1"), **settings)
    update = updates(case, api, "s1")
    update("error-update-doc-version", replace("/documentation_version", "123"))
    update("error-update-tags", replace("/tags/tag1", "value1"))
    values = {
        "/description": "stage new",
        "/variables/var1": "test",
        "/variables/var2": "test2",
        "/*/*/throttling/burstLimit": "123",
        "/*/*/caching/enabled": "true",
        "/tracingEnabled": "true",
        "/test/GET/throttling/burstLimit": "124",
    }
    operations = [replace(path, value) for path, value in values.items()]
    case.play("update-stage", client.update_stage, adapt=undocumented, **at(api, "s1"), patchOperations=operations)
    case.play("get-stage", client.get_stage, adapt=undocumented, **at(api, "s1"))
    operations = [replace("/*/*/throttling/burstLimit", "100")]
    case.play("update-stage-override", client.update_stage, adapt=undocumented, **at(api, "s1"), patchOperations=operations)


@scenario(STAGES + "test_get_stages_filters_by_deployment_id")
def stages_of_a_deployment(case):
    api = api_of(case)
    made = [api.deploy(), api.deploy()]
    for number, deployment in enumerate(made):
        api.client.create_stage(**at(api, f"stage{number + 1}"), deploymentId=deployment)
    case.play("all-stages", api.client.get_stages, restApiId=api.id)
    for number, deployment in enumerate(made):
        case.play(f"stages-deploy{number + 1}", api.client.get_stages, restApiId=api.id, deploymentId=deployment)


@scenario(STAGES + "test_stage_access_log_settings")
def access_log(case):
    api = api_of(case)
    client, group = api.client, case.name("access")
    case.aws.logs.create_log_group(logGroupName=group)
    arn = case.aws.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupArn"]
    deployment = case.play("create-deployment", client.create_deployment, restApiId=api.id)["id"]
    case.play("create-stage", client.create_stage, **at(api, "dev"), deploymentId=deployment, description="dev stage")
    update = updates(case, api, "dev")
    update("update-stage-access-log-dest-add", {"op": "add", "path": "/accessLogSettings/destinationArn", "value": arn})
    update("update-stage-access-log-dest-replace", replace("/accessLogSettings/destinationArn", arn + "a"))
    line = "$context.requestId $context.identity.sourceIp"
    update("update-stage-access-log-format-add", {"op": "add", "path": "/accessLogSettings/format", "value": line})
    update("update-stage-access-log-remove-all", {"op": "remove", "path": "/accessLogSettings"})


@scenario(CANARIES + "test_create_canary_deployment_validation")
def canary_validation(case):
    api = api_of(case)
    settings = {"restApiId": api.id, "canarySettings": OVERRIDES}
    for label, stage in (("no", {}), ("empty", {"stageName": ""}), ("non-existing", {"stageName": "non-existing"})):
        case.play(f"create-canary-deployment-{label}-stage", api.client.create_deployment, **settings, **stage)


@scenario(CANARIES + "test_create_canary_deployment_with_stage")
def canary_of_a_stage(case):
    api = api_of(case)
    client = api.client
    deployment = case.play("create-deployment", client.create_deployment, restApiId=api.id)["id"]
    settings = {"deploymentId": deployment, "description": "dev stage", "variables": {"testVar": "default"}}
    case.play("create-stage", client.create_stage, **at(api, "dev"), **settings)
    case.play("create-canary-deployment", client.create_deployment, **at(api, "dev"), canarySettings=OVERRIDES)
    case.play("get-stage", client.get_stage, **at(api, "dev"))


@scenario(CANARIES + "test_update_stage_canary_deployment_validation")
def canary_updates(case):
    api = api_of(case)
    api.deploy("dev")
    case.play("get-stage", api.client.get_stage, **at(api, "dev"))
    api.deploy("dev", canarySettings=OVERRIDES)
    update, settings = updates(case, api, "dev"), "update-stage-canary-settings-"
    update(settings + "remove-overrides", {"op": "remove", "path": "/canarySettings/stageVariableOverrides"})
    update(settings + "bad-path", {"op": "remove", "path": "/canarySettings/badPath"})
    update(settings + "bad-path-2", replace("/canarySettings", "test"))
    update(settings + "replace-bad-path", replace("/canarySettings/badPath", "badPath"))
    deployment, update = api.deploy("dev2"), updates(case, api, "dev2")
    update("update-stage-add-deployment", {"op": "add", "path": "/canarySettings/deploymentId", "value": deployment})
    update("update-stage-no-deployment", replace("/canarySettings/deploymentId", "deploy"))


@scenario(CANARIES + "test_update_stage_with_copy_ops")
def promotion(case):
    api = api_of(case)
    client, update = api.client, updates(case, api, "dev")

    def copy(origin, path):
        return {"op": "copy", "from": origin, "path": path}

    promote = [copy("/canarySettings/deploymentId", "/deploymentId"), copy("/canarySettings/stageVariableOverrides", "/variables")]
    case.play("deployment-1", client.create_deployment, **at(api, "dev"), variables={"testVar": "test", "testVar2": "test2"})
    backwards = [copy("/variables", "/canarySettings/stageVariableOverrides"), copy("/deploymentId", "/canarySettings/deploymentId")]
    update("copy-with-bad-statement", *backwards)
    update("copy-with-no-replace", *reversed(promote))
    update("update-stage-with-copy", replace("/canarySettings/percentTraffic", "0.0"), *promote)
    settings = {"percentTraffic": 50, "stageVariableOverrides": {"testVar": "override"}}
    case.play("deployment-canary", client.create_deployment, **at(api, "dev"), canarySettings=settings)
    case.play("get-stage", client.get_stage, **at(api, "dev"))
    update("update-stage-with-copy-2", replace("/canarySettings/percentTraffic", "0.0"), *promote)
