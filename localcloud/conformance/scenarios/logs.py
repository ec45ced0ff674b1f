"""CloudWatch Logs: groups, streams, events, tags, queries."""
import time

from engine import cannot, scenario

BASE = "tests/aws/services/logs/"
EVENTS = BASE + "test_logs_events.py::"
GROUPS = BASE + "test_logs_groups.py::"
STREAMS = BASE + "test_logs_streams.py::"
DAY = 86_400_000


def now():
    return int(time.time() * 1000)


def group(case, **settings):
    name = case.name("test-log-group")
    case.aws.logs.create_log_group(logGroupName=name, **settings)
    return name


def stream(case, name):
    made = case.name("test-log-stream")
    case.aws.logs.create_log_stream(logGroupName=name, logStreamName=made)
    return made


@scenario(EVENTS + "TestLogsEvents::test_put_log_events_to_invalid_stream")
def invalid_stream(case):
    event = {"timestamp": now(), "message": "test"}
    arguments = {"logGroupName": group(case), "logStreamName": "invalid-stream", "logEvents": [event]}
    case.play("error-invalid-stream", case.aws.logs.put_log_events, **arguments)


def put(label, *events):
    def play(case):
        name = group(case)
        found = [{"timestamp": now() + shift, "message": f"Message {index}"} for index, shift in enumerate(events)]
        case.play(label, case.aws.logs.put_log_events, logGroupName=name, logStreamName=stream(case, name), logEvents=found)

    return play


scenario(EVENTS + "TestLogsEvents::test_put_log_events_too_new")(put("response-too-new", DAY))
scenario(EVENTS + "TestLogsEvents::test_put_log_events_too_old")(put("response-too-old", -30 * DAY))
scenario(EVENTS + "TestLogsEvents::test_put_log_events_wrong_order")(put("error-wrong-order", 0, -2 * DAY))


@scenario(EVENTS + "TestLogsEventsErrors::test_resource_does_not_exist")
def nothing_there(case):
    names = {"logGroupName": case.name("log-group"), "logStreamName": case.name("log-stream")}
    case.play("error-log-group-does-not-exist", case.aws.logs.get_log_events, **names)
    case.aws.logs.create_log_group(logGroupName=names["logGroupName"])
    case.play("error-log-stream-does-not-exist", case.aws.logs.get_log_events, **names)


@scenario(BASE + "test_logs_filter_events.py::TestFilterLogEvents::test_filter_log_events_limit_validation")
def filter_limit(case):
    case.play("error-limit-exceeded", case.aws.logs.filter_log_events, logGroupName=group(case), limit=10001)


@scenario(GROUPS + "TestLogsGroups::test_create_log_group_invalid_name_length")
def long_name(case):
    case.play("error-invalid-name-length", case.aws.logs.create_log_group, logGroupName="a" * 513)


@scenario(GROUPS + "TestLogsGroups::test_describe_log_groups_with_pattern")
def describe_by_pattern(case):
    unique = case.name("").strip("-")
    case.aws.logs.create_log_group(logGroupName=f"test-pattern-{unique}")
    reason = "AWS gives a nextToken with the one page there is when it looks by pattern; here a token means that there is more"
    case.play("describe-log-groups-pattern", case.aws.logs.describe_log_groups, logGroupNamePattern=unique, differs=reason)


@scenario(GROUPS + "TestLogsGroups::test_list_log_groups_with_pattern")
def list_by_pattern(case):
    unique, logs = case.name("").strip("-"), case.aws.logs
    logs.create_log_group(logGroupName=f"test-list-{unique}")
    case.play("list-log-groups-no-match", logs.list_log_groups, logGroupNamePattern="no-such-group")
    case.compare("list-log-groups-match", logs.describe_log_groups(logGroupNamePattern=unique)["logGroups"])


@scenario(GROUPS + "TestLogsGroupsTags::test_tag_log_group")
def tag_group(case):
    name, logs = group(case), case.aws.logs
    logs.tag_log_group(logGroupName=name, tags={"tag_key_1": "tag_value_1"})
    case.play("list-tags-after-tag", logs.list_tags_log_group, logGroupName=name)


@scenario(GROUPS + "TestLogsGroupsTags::test_tag_resource_api")
def tag_resource(case):
    logs, name = case.aws.logs, group(case, tags={"env": "testing1"})
    arn = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["logGroupArn"]

    def both(after):
        case.play(f"list-tags-log-group-after-{after}", logs.list_tags_log_group, logGroupName=name)
        case.play(f"list-tags-for-resource-after-{after}", logs.list_tags_for_resource, resourceArn=arn)

    case.play("list-tags-after-create", logs.list_tags_log_group, logGroupName=name)
    logs.tag_resource(resourceArn=arn, tags={"test1": "val1", "test2": "val2"})
    both("tag-resource")
    logs.tag_log_group(logGroupName=name, tags={"test3": "val3"})
    both("tag-log-group")
    logs.untag_log_group(logGroupName=name, tags=["test3"])
    logs.untag_resource(resourceArn=arn, tagKeys=["env", "test1"])
    both("untag")


@scenario(STREAMS + "TestLogsStreams::test_create_and_delete_log_stream", STREAMS + "TestLogsStreams::test_log_stream_arn_format")
def streams(case):
    name = group(case)
    stream(case, name)
    label = next(iter(case.waiting))
    case.play(label, case.aws.logs.describe_log_streams, logGroupName=name)


@scenario(STREAMS + "TestLogsStreams::test_create_log_stream_duplicate_error")
def stream_again(case):
    name = group(case)
    again = {"logGroupName": name, "logStreamName": stream(case, name)}
    case.play("error-duplicate-log-stream", case.aws.logs.create_log_stream, **again)


@scenario(BASE + "test_logs_queries.py::TestCloudWatchLogsInsightsQueries::test_start_query_log_group_not_found")
def query_without_group(case):
    at = int(time.time())
    case.play(
        "error-log-group-not-found",
        case.aws.logs.start_query,
        adapt=without_request_id,
        logGroupName=case.name("no-group"),
        startTime=at - 3600,
        endTime=at + 300,
        queryString="fields @message",
    )


@scenario(BASE + "test_logs_queries.py::TestCloudWatchLogsInsightsQueries::test_describe_queries")
def describe_queries(case):
    name, at = group(case), int(time.time())
    case.aws.logs.start_query(logGroupName=name, startTime=at - 3600, endTime=at + 300, queryString="fields @message")
    case.play("describe-queries", case.aws.logs.describe_queries, logGroupName=name)


def without_request_id(recorded):
    """The id of the one call that was recorded stands in the message as it was."""
    head, rest = recorded["Error"]["Message"].split("Request ID: ")
    recorded["Error"]["Message"] = f"{head}Request ID: <request-id:1>;{rest.split(';', 1)[1]}"
    return recorded


@scenario("tests/aws/services/cloudformation/resources/test_logs.py::test_cfn_handle_log_group_resource")
def with_retention(case):
    """What the recorded test had CloudFormation make."""
    name = group(case)
    case.aws.logs.put_retention_policy(logGroupName=name, retentionInDays=731)
    case.play("describe_log_groups", case.aws.logs.describe_log_groups, logGroupNamePrefix=name)


cannot("uses KMS (kmsKeyId)", GROUPS + "TestLogsGroups::test_create_log_group_with_kms_key")
cannot("uses subscription filters", BASE + "test_logs_subscription_filters.py::TestSubscriptionFilters::test_put_subscription_filter_lambda")
