"""Metric filters of log groups."""
from engine import scenario
from scenarios.logs import group

FILTERS = "tests/aws/services/logs/test_logs_metric_filters.py::TestMetricFilters::"
VALIDATION = "tests/aws/services/logs/test_logs_metric_filters.py::TestMetricFiltersValidation::"


def transformation(number="", **more):
    return {"metricNamespace": f"namespace{number}", "metricName": f"metric{number}", "metricValue": "1", **more}


def put(case, name, filter_name, pattern="pattern", **more):
    settings = {"filterPattern": pattern, "metricTransformations": [transformation(**more)]}
    case.aws.logs.put_metric_filter(logGroupName=name, filterName=filter_name, **settings)


@scenario(FILTERS + "test_put_metric_filter_basic")
def basic(case):
    name, filter_name = group(case), case.name("test-filter")
    names = {"metricNamespace": case.name("test-namespace"), "metricName": case.name("test-metric")}
    put(case, name, filter_name, " ", defaultValue=0, **names)
    case.play("describe-metric-filters", case.aws.logs.describe_metric_filters, logGroupName=name, filterNamePrefix=filter_name)


@scenario(FILTERS + "test_describe_metric_filters_by_log_group")
def by_group(case):
    first, second = group(case), group(case)
    for name in (first, second):
        put(case, name, case.name("filter"))
    case.play("describe-by-log-group", case.aws.logs.describe_metric_filters, logGroupName=first)


@scenario(FILTERS + "test_describe_metric_filters_by_metric_name")
def by_metric(case):
    names = {"metricName": case.name("test-metric"), "metricNamespace": case.name("test-namespace")}
    put(case, group(case), case.name("filter"), **names)
    case.play("describe-by-metric-name", case.aws.logs.describe_metric_filters, **names)


@scenario(VALIDATION + "test_delete_metric_filter_invalid_filter_name")
def delete_invalid(case):
    case.play("error-invalid-filter-name", case.aws.logs.delete_metric_filter, logGroupName=group(case), filterName="X" * 513)


@scenario(VALIDATION + "test_describe_metric_filters_invalid_parameters")
def describe_invalid(case):
    describe = case.aws.logs.describe_metric_filters
    case.play("error-invalid-filter-prefix", describe, filterNamePrefix="X" * 513)
    case.play("error-invalid-metric-name", describe, metricName="X" * 256, metricNamespace="valid")


@scenario(VALIDATION + "test_put_metric_filter_invalid_filter_name")
def put_invalid(case):
    arguments = {"filterPattern": "pattern", "metricTransformations": [transformation()]}
    case.play("error-invalid-filter-name", case.aws.logs.put_metric_filter, logGroupName=group(case), filterName="X" * 513, **arguments)


@scenario(VALIDATION + "test_put_metric_filter_too_many_transformations")
def put_two(case):
    arguments = {"filterPattern": "pattern", "metricTransformations": [transformation(1), transformation(2)]}
    label = "error-too-many-transformations"
    case.play(label, case.aws.logs.put_metric_filter, logGroupName=group(case), filterName="valid-filter", **arguments)
