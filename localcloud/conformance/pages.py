"""Paginators and waiters of boto3, for every offered operation that has one: pages of one item each bring what one big page brings, and a waiter
ends where the thing is there.

    pages.py --endpoint http://127.0.0.1:PORT      (replay.py runs it too)"""
import argparse
import datetime
import json
import sys
import time

import offered
from account import TRUST, Account
from model import Models

GROUP = "/pages"
NOW = datetime.datetime.now(datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)
POLICY = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}})
TAGS = [{"Key": f"key-{at}", "Value": "x"} for at in range(3)]
# Waits that would be long are short here: the local cloud is not far away.
QUICK = {"Delay": 0.05, "MaxAttempts": 600}


def prepared(account):
    """Three of everything that comes in pages; what calls have to name."""
    iam, logs, ecr, gateway, function = account.iam, account.logs, account.ecr, account.apigateway, account.lambda_
    for at in range(3):
        name = f"pages-{at}"
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        iam.create_user(UserName=name)
        arn = iam.create_policy(PolicyName=name, PolicyDocument=POLICY)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName="pages-0", PolicyArn=arn)
        iam.attach_user_policy(UserName="pages-0", PolicyArn=arn)
        iam.put_role_policy(RoleName="pages-0", PolicyName=name, PolicyDocument=POLICY)
        iam.put_user_policy(UserName="pages-0", PolicyName=name, PolicyDocument=POLICY)
        logs.create_log_group(logGroupName=f"{GROUP}-{at}")
        logs.create_log_stream(logGroupName=f"{GROUP}-0", logStreamName=name)
        event = {"timestamp": int(time.time() * 1000), "message": name}
        logs.put_log_events(logGroupName=f"{GROUP}-0", logStreamName=name, logEvents=[event] * 2)
        metric = {"metricNamespace": "Pages", "metricName": name, "metricValue": "1"}
        logs.put_metric_filter(logGroupName=f"{GROUP}-0", filterName=name, filterPattern="x", metricTransformations=[metric])
        logs.start_query(logGroupName=f"{GROUP}-0", startTime=0, endTime=int(time.time()), queryString="fields @message")
        data = [{"MetricName": name, "Value": at, "Timestamp": NOW - minute * HOUR / 60} for minute in range(3)]
        account.cloudwatch.put_metric_data(Namespace="Pages", MetricData=data)
        ecr.create_repository(repositoryName=name)
        account.image(name, "pages")
    for version in range(2):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=POLICY)
    iam.tag_role(RoleName="pages-0", Tags=TAGS)
    iam.tag_user(UserName="pages-0", Tags=TAGS)
    iam.tag_policy(PolicyArn=arn, Tags=TAGS)
    for _ in range(2):
        iam.create_access_key(UserName="pages-0")
    for at in range(3):
        account.function(f"pages-{at}")
        function.update_function_configuration(FunctionName="pages-0", Timeout=3 + at)
        account.settled("pages-0")
        version = function.publish_version(FunctionName="pages-0")["Version"]
        function.create_alias(FunctionName="pages-0", Name=f"alias-{at}", FunctionVersion=version)
        function.put_function_event_invoke_config(FunctionName="pages-0", Qualifier=f"alias-{at}", MaximumRetryAttempts=0)
        api = gateway.create_rest_api(name=f"pages-{at}")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    for at in range(3):
        gateway.create_resource(restApiId=api, parentId=root, pathPart=f"part-{at}")
        gateway.create_request_validator(restApiId=api, name=f"validator-{at}")
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    target = f"arn:aws:lambda:{account.region}:{account.id}:function:pages-0"
    uri = f"arn:aws:apigateway:{account.region}:lambda:path/2015-03-31/functions/{target}/invocations"
    integration = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri}
    gateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", **integration)
    for _ in range(3):
        gateway.create_deployment(restApiId=api)
    return {
        "FunctionName": "pages-0", "Qualifier": version, "RoleName": "pages-0", "UserName": "pages-0", "PolicyArn": arn, "logGroupName": f"{GROUP}-0",
        "repositoryName": "pages", "restApiId": api, "PolicySourceArn": f"arn:aws:iam::{account.id}:user/pages-0",
        "ActionNames": ["ecr:X", "lambda:GetFunction", "iam:GetUser"], "StartTime": NOW - HOUR, "EndTime": NOW + HOUR / 60,
        "MetricDataQueries": [{"Id": f"m{at}", "MetricStat": stat(f"pages-{at}")} for at in range(3)],
    }


def stat(name):
    return {"Metric": {"Namespace": "Pages", "MetricName": name}, "Period": 60, "Stat": "Sum"}


# What an operation takes beside what it must have.
BESIDE = {
    "list_policies": {"Scope": "Local"},
    "list_access_keys": {"UserName": "pages-0"},
    "describe_log_streams": {"logGroupName": f"{GROUP}-0"},
    "filter_log_events": {"logGroupName": f"{GROUP}-0"},
}
# Paginators that know no size of a page.
ONE_SIZE = {"list_metrics"}


def pages(client, method, known):
    """Sentences of what pages of one item bring otherwise than one page."""
    paginator = client.get_paginator(method)
    operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    unknown = [name for name in operation.input_shape.required_members if name not in known]
    if unknown:
        return [f"{method}: nothing is known for {unknown}"]
    arguments = {name: known[name] for name in operation.input_shape.required_members} | BESIDE.get(method, {})
    keys = [key.expression for key in paginator.result_keys]
    sizes = [{"PageSize": 1}, {}] if method not in ONE_SIZE else [{}, {}]
    found = []
    for size in sizes:
        whole = paginator.paginate(**arguments, PaginationConfig=size).build_full_result()
        found.append({key: whole.get(key, []) for key in keys})
    one, all_at_once = ({key: gathered(value) for key, value in result.items()} for result in found)
    said = [f"{method}: {key} differs: {one[key]} and {all_at_once[key]}" for key in keys if one[key] != all_at_once[key]]
    if not any(all_at_once.values()) and method not in EMPTY:
        said.append(f"{method}: there was nothing to page")
    return said


# There are no instance profiles, no groups and no URLs of functions.
EMPTY = {"list_instance_profiles_for_role", "list_groups_for_user", "list_function_url_configs"}


def gathered(value):
    """What a page may cut in the middle (the points of one metric) is put together again."""
    if not isinstance(value, list) or not value or not isinstance(value[0], dict) or "Values" not in value[0]:
        return value
    whole = {}
    for part in value:
        points = whole.setdefault(part["Id"], [])
        points += zip(part["Timestamps"], part["Values"])
    return whole


def waits(account, known):
    """Every waiter of an operation that is offered, for what is there."""
    for name in ("role_exists", "user_exists", "policy_exists"):
        account.iam.get_waiter(name).wait(**chosen(account.iam, name, known), WaiterConfig=QUICK)
    for name in account.lambda_.waiter_names:
        account.lambda_.get_waiter(name).wait(**chosen(account.lambda_, name, known), WaiterConfig=QUICK)


def chosen(client, waiter, known):
    operation = client.meta.service_model.operation_model(client.get_waiter(waiter).config.operation)
    names = [*operation.input_shape.required_members] + (["Qualifier"] if waiter == "published_version_active" else [])
    return {name: known[name] for name in names}


def problems(account, has):
    """All sentences."""
    known, said = prepared(account), []
    for service in offered.SERVICES:
        client = account.client(service)
        for method, operation in sorted(client.meta.method_to_api_mapping.items()):
            if (service, operation) in has and client.can_paginate(method):
                try:
                    said += [f"{service} {sentence}" for sentence in pages(client, method, known)]
                except Exception as error:  # whatever it ends with is what there is to say
                    said.append(f"{service} {method}: {error}")
    waits(account, known)
    return said


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    account = Account(parser.parse_args().endpoint, Models())
    found = problems(account, offered.operations(account.client)[0])
    print("\n".join(found) or "every paginator and waiter does")
    sys.exit(bool(found))
