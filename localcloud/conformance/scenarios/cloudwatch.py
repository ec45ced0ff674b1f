"""CloudWatch: metrics that are put, and read again, in each of its three protocols."""
import datetime

from engine import cannot, scenario
from scenarios.protocols import PROTOCOLS, client

CLOUDWATCH = "tests/aws/services/cloudwatch/test_cloudwatch.py::TestCloudwatch::"
MINUTE = datetime.timedelta(seconds=60)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def in_each_protocol(test, play, *settings):
    """A recorded test for each protocol, and for each of the settings that it was run with."""

    def register(name, protocol, setting):
        scenario(CLOUDWATCH + f"{test}[{name}]")(lambda case: play(case, client(case.aws, protocol), *setting))

    for protocol in PROTOCOLS:
        if not settings:
            register(protocol, protocol, ())
        for name, setting in settings:
            register(f"{protocol}-{name}", protocol, (setting,))


def asked(namespace, name, query="result1", stat="Sum", **metric):
    return {"Id": query, "MetricStat": {"Metric": {"Namespace": namespace, "MetricName": name, **metric}, "Period": 60, "Stat": stat}}


def around(at):
    return {"StartTime": at - MINUTE, "EndTime": at + MINUTE}


def zeros_and_labels(case, cloudwatch):
    at, namespace = now(), case.name("test/")
    data = [{"MetricName": "metric1", "Value": value, "Unit": "Seconds"} for value in (0, 2, 4, 3.5, 7, 100)]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    queries = [asked(namespace, "metric1", f"result_{stat}", stat) for stat in ("Average", "Sum", "Minimum", "Maximum")]
    case.play("get_metric_data_with_zero_and_labels", cloudwatch.get_metric_data, adapt=same_times, MetricDataQueries=queries, **around(at))


def same_times(recorded):
    """`timestamp` stands for the whole list of times, which is one of one time here."""
    for result in recorded["MetricDataResults"]:
        result["Timestamps"] = ["datetime"] * len(result["Values"])
    return recorded


def stats(case, cloudwatch, stat):
    at, namespace = now(), case.name("test/")
    # The same time for all, so that no minute ends between them.
    data = [{"MetricName": "metric1", "Value": value, "Unit": "Seconds", "Timestamp": at} for value in range(1, 12)]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    queries = [asked(namespace, "metric1", stat=stat)]
    case.play("get_metric_data", cloudwatch.get_metric_data, adapt=same_times, MetricDataQueries=queries, **around(at))


def dimensions(case, cloudwatch):
    at, namespace = now(), case.name("test/")
    data = [
        {"MetricName": "metric1", "Value": value, "Unit": "Seconds", "Dimensions": [{"Name": "InstanceId", "Value": which}]}
        for value, which in ((11, "one"), (88, "two"))
    ]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    queries = [asked(namespace, "metric1", Dimensions=[{"Name": "InstanceId", "Value": "one"}])]
    case.play("get_metric_data", cloudwatch.get_metric_data, adapt=same_times, MetricDataQueries=queries, **around(at))


def units(case, cloudwatch, data):
    at, namespace = now(), case.name("n-sp")
    data = [{"MetricName": "m-test", "Timestamp": at, "Value": value, "Unit": unit} for value, unit in data]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    wanted = {"MetricDataQueries": [asked(namespace, "m-test", "m1")], "StartTime": at, "EndTime": at + MINUTE, "MaxDatapoints": 10}
    case.play("get_metric_data_with_no_unit_specified", cloudwatch.get_metric_data, adapt=same_times, **wanted)


def no_results(case, cloudwatch):
    at, namespace, metric = now(), case.name("n"), case.name("m")
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": metric, "Value": 1}])
    queries = [asked(namespace, metric, "result", Dimensions=[{"Name": "foo", "Value": "bar"}])]
    case.play("result", cloudwatch.get_metric_data, adapt=same_times, MetricDataQueries=queries, **around(at))


def statistics(case, cloudwatch):
    at, namespace = now(), case.name("namespace")
    data = [{"MetricName": "metric", "Value": value, "Timestamp": at} for value in range(10)]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    wanted = {"Namespace": namespace, "MetricName": "metric", "Period": 60, **around(at)}
    case.play("get_metric_statistics", cloudwatch.get_metric_statistics, Statistics=["Average", "Sum", "Minimum", "Maximum", "SampleCount"], **wanted)


def values_list(case, cloudwatch):
    at, namespace, metric = now(), case.name("ns"), "test-metric"
    data = [{"MetricName": metric, "Timestamp": at, "Values": [1.0, 10.0], "Counts": [2, 4], "Unit": "Count"}]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    wanted = {"Namespace": namespace, "MetricName": metric, "Period": 60, **around(at)}
    case.play("get_metric_statistics", cloudwatch.get_metric_statistics, Statistics=["SampleCount", "Sum", "Maximum"], **wanted)


def validation(case, cloudwatch):
    for label, more in [
        ("invalid-param-combination", {"Value": 1.5, "Values": [1.0, 10.0]}),
        ("invalid-param-value", {"Values": [1.0, 10.0], "Counts": [2, 4, 5]}),
        ("invalid-param-combination-2", {"Value": 1.5, "StatisticValues": {"SampleCount": 10, "Sum": 55, "Minimum": 1, "Maximum": 10}}),
    ]:
        data = [{"MetricName": "mymetric", "Timestamp": now(), "Unit": "Count", **more}]
        case.play(label, cloudwatch.put_metric_data, Namespace=case.name("ns"), MetricData=data)


BASE = [(60000, "Milliseconds"), (60, "Seconds")]
in_each_protocol("test_get_metric_data_with_zero_and_labels", zeros_and_labels)
in_each_protocol("test_get_metric_data_stats", stats, *((stat, stat) for stat in ("Average", "Maximum", "Minimum", "SampleCount", "Sum")))
in_each_protocol("test_get_metric_data_with_dimensions", dimensions)
with_units = [BASE, BASE * 2, BASE * 2 + [(5, "Count")]]
in_each_protocol("test_get_metric_data_different_units_no_unit_in_query", units, *((f"metric_data{at}", data) for at, data in enumerate(with_units)))
in_each_protocol("test_get_metric_with_no_results", no_results)
in_each_protocol("test_get_metric_statistics", statistics)
in_each_protocol("test_put_metric_data_values_list", values_list)
in_each_protocol("test_put_metric_data_validation", validation)


@scenario("tests/aws/services/cloudwatch/test_cloudwatch_metrics.py::TestCloudWatchLambdaMetrics::test_lambda_invoke_error")
def failed_invocation(case):
    name = case.name("fn")
    case.aws.function(name)
    answer = case.aws.lambda_.invoke(FunctionName=name, Payload=b'{"do":"error"}')
    assert answer["FunctionError"] == "Unhandled"
    for metric in ("Invocations", "Errors"):
        query = asked("AWS/Lambda", metric, "m1", Dimensions=[{"Name": "FunctionName", "Value": name}])
        wanted = {"MetricDataQueries": [query], "StartTime": now() - 60 * MINUTE, "EndTime": now() + MINUTE}
        case.play(f"get-metric-data-{metric.lower()}", case.aws.cloudwatch.get_metric_data, adapt=same_times, **wanted)


FAILED = "tests/aws/services/cloudwatch/test_cloudwatch_metrics.py::TestCloudWatchLambdaMetrics::test_lambda_invoke_error"
cannot("the error text and the stack trace of Python's managed runtime", FAILED, label="invoke")
