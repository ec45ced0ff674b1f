//! What CloudWatch's three protocols have to agree on: which members are times, and how an error is called.
//!
//! Its services' words are those of the query protocol: a time is a number of seconds since the epoch, and an error goes by
//! its query code, which the other two give in a header beside the name of its shape (`awsQueryCompatible`).

use axum::response::Response;
use http::HeaderValue;
use jiff::Timestamp;
use serde_json::Value;

use super::fault::Fault;

/// Members of answers that are times, and lists of such.
const TIMES: [&str; 2] = ["Timestamp", "Timestamps"];

/// The time that a member of that name, or an item of a list of that name, stands for.
pub(super) fn time(name: &str, value: &Value) -> Option<Timestamp> {
    let seconds = value.as_i64().filter(|_| TIMES.contains(&name))?;
    Timestamp::from_second(seconds).ok()
}

/// The one member of an answer that is a map and not a structure: the query protocol writes its entries one by one.
pub(super) const MAP: &str = "ExtendedStatistics";

/// An error's shape with its namespace, as recorded of AWS.
pub(super) fn error_type(code: &str) -> String {
    match code {
        "ValidationError" => "com.amazon.coral.validate#ValidationException".to_owned(),
        "InvalidParameterValue" | "InvalidParameterCombination" => {
            format!("com.amazonaws.cloudwatch.v2010_08_01#{code}Exception")
        }
        "MissingParameter" => {
            "com.amazonaws.cloudwatch.v2010_08_01#MissingRequiredParameterException".to_owned()
        }
        "InvalidNextToken" => format!("com.amazonaws.cloudwatch.v2010_08_01#{code}"),
        other => format!("com.amazon.coral.service#{other}"),
    }
}

/// Adds the header with the query code.
pub(super) fn name_query_error(response: &mut Response, fault: &Fault) {
    let whose = if fault.status < 500 { "Sender" } else { "Receiver" };
    if let Ok(code) = HeaderValue::from_str(&format!("{};{whose}", fault.code)) {
        response.headers_mut().insert("x-amzn-query-error", code);
    }
}
