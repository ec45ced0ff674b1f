//! The fields that Logs Insights discovers in Lambda's own lines (AWS documentation, "Supported logs and discovered
//! fields"): durations in milliseconds, memory in bytes, 1,000,000 to a megabyte.

use super::value::Value;

/// Log groups whose lines are read so.
const PREFIX: &str = "/aws/lambda/";

/// Whether the lines of this log group are Lambda's.
pub(super) fn writes_to(group: &str) -> bool {
    group.starts_with(PREFIX)
}

/// A field whose name begins with `@`, out of one line.
pub(super) fn field(message: &str, name: &str) -> Value {
    let kind = ["START", "END", "REPORT"]
        .into_iter()
        .find(|kind| message.strip_prefix(kind).is_some_and(|rest| rest.starts_with(" RequestId: ")));
    let found = match (name, kind) {
        ("@type", kind) => kind.map(Value::text),
        ("@requestId", _) => request_id(message).map(Value::text),
        ("@duration", Some("REPORT")) => figure(message, "Duration", " ms").map(Value::text),
        ("@billedDuration", Some("REPORT")) => figure(message, "Billed Duration", " ms").map(Value::text),
        ("@initDuration", Some("REPORT")) => figure(message, "Init Duration", " ms").map(Value::text),
        ("@memorySize", Some("REPORT")) => bytes(message, "Memory Size"),
        ("@maxMemoryUsed", Some("REPORT")) => bytes(message, "Max Memory Used"),
        ("@xrayTraceId", Some("REPORT")) => figure(message, "XRAY TraceId", "").map(Value::text),
        ("@xraySegmentId", Some("REPORT")) => figure(message, "SegmentId", "").map(Value::text),
        _ => None,
    };
    found.unwrap_or(Value::Missing)
}

/// What stands behind `name: ` up to the next tab, without its unit.
fn figure<'a>(message: &'a str, name: &str, unit: &str) -> Option<&'a str> {
    let value = message.split('\t').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix(": "))?;
    value.strip_suffix(unit)
}

fn bytes(message: &str, name: &str) -> Option<Value> {
    let megabytes: f64 = figure(message, name, " MB")?.parse().ok()?;
    Some(Value::Number(megabytes * 1_000_000.0))
}

/// Of the platform's lines, and of those that a managed runtime writes: time, id and level between tabs.
fn request_id(message: &str) -> Option<&str> {
    if let Some((_, rest)) = message.split_once("RequestId: ") {
        return rest.split(|c: char| c.is_whitespace()).next().filter(|id| !id.is_empty());
    }
    message.split('\t').nth(1).filter(|id| uuid::Uuid::try_parse(id).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "REPORT RequestId: 8f5\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 110.10 ms\t\n";

    #[test]
    fn a_report_has_its_figures() {
        let told = |name| field(REPORT, name).told().unwrap_or_default().to_string();
        assert_eq!((told("@type"), told("@requestId")), ("REPORT".to_owned(), "8f5".to_owned()));
        assert_eq!((told("@duration"), told("@billedDuration")), ("3.01".to_owned(), "4".to_owned()));
        assert_eq!(told("@initDuration"), "110.10");
        assert_eq!(
            (told("@memorySize"), told("@maxMemoryUsed")),
            ("128000000".to_owned(), "36000000".to_owned())
        );
        assert_eq!(field(REPORT, "@xrayTraceId"), Value::Missing);
    }

    #[test]
    fn other_lines_have_a_type_or_a_request_id_or_neither() {
        assert_eq!(field("START RequestId: a Version: $LATEST\n", "@type"), Value::text("START"));
        assert_eq!(field("START RequestId: a Version: $LATEST\n", "@duration"), Value::Missing);
        let line = "2026-01-01T00:00:00Z\t6d4a5bb0-34a1-4f2b-a1ac-2ab9b0f4b7a1\tINFO\thello";
        assert_eq!(field(line, "@requestId"), Value::text("6d4a5bb0-34a1-4f2b-a1ac-2ab9b0f4b7a1"));
        assert_eq!(field("a\tb\tc", "@requestId"), Value::Missing);
        assert_eq!(field("STARTED", "@type"), Value::Missing);
    }
}
