//! What API Gateway keeps of the account itself.

use serde::Deserialize;
use serde_json::{Value, json};

use super::patch::Patch;
use super::{Nothing, bad_request};
use crate::account::ACCOUNT_ID;
use crate::cloud::Cloud;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::State;
use crate::world::apis::GatewaySettings;

const PATHS: [(&str, &[&str]); 1] = [("replace", &["/cloudwatchRoleArn"])];

fn described(settings: &GatewaySettings) -> Value {
    let mut members = json!({
        "apiKeyVersion": "4",
        "features": ["UsagePlans"],
        "throttleSettings": { "burstLimit": 5000, "rateLimit": 10_000.0 },
    });
    if let Some(role) = &settings.cloudwatch_role_arn {
        members["cloudwatchRoleArn"] = role.as_str().into();
    }
    members
}

pub(super) fn get(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let Nothing {} = call.input()?;
    Ok(Answer::ok(described(&cloud.world.snapshot().gateway)))
}

pub(super) fn update(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let patch: Patch = call.input()?;
    patch.check("updateAccountInput")?;
    let settings = cloud.world.change(|state| {
        for operation in &patch.operations {
            match (operation.op.as_str(), operation.segments().as_slice()) {
                ("replace", [name]) if name == "cloudwatchRoleArn" => {
                    let role = operation.text();
                    if role.as_ref().is_some_and(|role| !trusts_the_gateway(state, role)) {
                        return Err(bad_request(
                            "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy.",
                        ));
                    }
                    state.gateway.cloudwatch_role_arn = role;
                }
                _ => return Err(operation.unknown(&PATHS)),
            }
        }
        Ok(state.gateway.clone())
    })?;
    Ok(Answer::ok(described(&settings)))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Trust {
    statement: Vec<Value>,
}

/// Whether there is such a role, and API Gateway may take it on.
fn trusts_the_gateway(state: &State, arn: &str) -> bool {
    let path = arn.strip_prefix(&format!("arn:aws:iam::{ACCOUNT_ID}:role/")).unwrap_or_default();
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let trust = state.roles.get(name).and_then(|role| serde_json::from_str::<Trust>(&role.trust_policy).ok());
    trust.is_some_and(|trust| {
        trust.statement.iter().any(|statement| {
            let service = &statement["Principal"]["Service"];
            let is_gateway = |value: &Value| value.as_str() == Some("apigateway.amazonaws.com");
            let named =
                is_gateway(service) || service.as_array().is_some_and(|all| all.iter().any(is_gateway));
            statement["Effect"] == "Allow" && named
        })
    })
}
