//! The one question about EC2 that this account can answer: which zones its region has. Scripts ask it to learn the region
//! that they work in.

use serde::Deserialize;
use serde_json::json;

use crate::account;
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};

pub(crate) fn answer(_: &Cloud, call: &Call) -> Result<Answer, Fault> {
    match call.operation.as_str() {
        "DescribeAvailabilityZones" => availability_zones(call),
        _ => Err(call.not_offered()),
    }
}

#[derive(Deserialize)]
struct Nothing {}

/// This machine is the one zone of the one region.
fn availability_zones(call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    Ok(Answer::ok(json!({ "availabilityZoneInfo": [{
        "optInStatus": "opt-in-not-required",
        "messageSet": [],
        "regionName": account::REGION,
        "zoneName": format!("{}a", account::REGION),
        "zoneId": "use1-az1",
        "groupName": format!("{}-zg-1", account::REGION),
        "networkBorderGroup": account::REGION,
        "zoneType": "availability-zone",
        "zoneState": "available",
    }] })))
}
