//! The method settings of a stage. Offered are the throttling limits of all methods, `*/*`.

use serde_json::{Value, json};

use super::bad_request;
use crate::wire::fault::Fault;
use crate::world::apis::Throttle;

/// Sets one limit, `rateLimit` or `burstLimit`; `false` for any other setting. AWS takes -1 for no limit.
pub(super) fn set(throttle: &mut Throttle, setting: &str, value: &str) -> Result<bool, Fault> {
    let invalid = || {
        bad_request(format!("Invalid value {value:?} for throttling/{setting}: it is a number, -1 or more"))
    };
    match setting {
        "rateLimit" => {
            let rate = value.parse::<f64>().ok().filter(|rate| rate.is_finite() && *rate >= -1.0);
            throttle.rate = Some(rate.ok_or_else(invalid)?);
        }
        "burstLimit" => {
            throttle.burst =
                Some(value.parse::<i32>().ok().filter(|burst| *burst >= -1).ok_or_else(invalid)?);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// `methodSettings` as GetStage says them: none, or all settings of `*/*`, with AWS's defaults for those that were not set (AWS CLI
/// reference, example of update-stage).
pub(super) fn described(throttle: &Throttle) -> Value {
    if *throttle == Throttle::default() {
        return json!({});
    }
    json!({
        "*/*": {
            "cacheDataEncrypted": false,
            "cacheTtlInSeconds": 300,
            "cachingEnabled": false,
            "dataTraceEnabled": false,
            "metricsEnabled": false,
            "requireAuthorizationForCacheControl": true,
            "throttlingBurstLimit": throttle.burst.unwrap_or(5000),
            "throttlingRateLimit": throttle.rate.unwrap_or(10_000.0),
            "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
        }
    })
}
