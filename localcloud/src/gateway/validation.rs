//! What a request must have, for methods with a request validator.

use serde_json::Value;

use super::context::Context;
use super::fault::Fault;
use super::schema;
use crate::world::apis::{Deployment, Method};

/// Refuses a request that lacks parameters which its method requires, or whose body does not fit its model.
pub(super) fn check(
    context: &Context<'_>,
    deployment: &Deployment,
    method: &Method,
    body: &[u8],
) -> Result<(), Fault> {
    let validator = method.request_validator_id.as_ref().and_then(|id| deployment.validators.get(id));
    let Some(validator) = validator else { return Ok(()) };
    if validator.parameters {
        check_parameters(context, method)?;
    }
    if validator.body {
        check_body(context, deployment, method, body)?;
    }
    Ok(())
}

fn check_parameters(context: &Context<'_>, method: &Method) -> Result<(), Fault> {
    let missing: Vec<&str> = method
        .request_parameters
        .iter()
        .filter(|(place, required)| {
            // Of several values one is enough to be there.
            let place = place.replacen(".multivalue", ".", 1);
            **required && context.mapped(&place).is_none_or(|value| value.trim().is_empty())
        })
        .filter_map(|(place, _)| place.splitn(4, '.').nth(3))
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Fault::MissingParameters(missing.join(", "))),
    }
}

/// A body of a type that the method has no model of passes, as on AWS; no body at all is none that fits.
fn check_body(
    context: &Context<'_>,
    deployment: &Deployment,
    method: &Method,
    body: &[u8],
) -> Result<(), Fault> {
    let kind = context.head.header("content-type").and_then(|kind| kind.split(';').next());
    let kind = kind.unwrap_or("application/json").trim();
    let mut models = method.request_models.iter();
    let model = models.find(|(given, _)| given.eq_ignore_ascii_case(kind)).map(|(_, name)| name);
    let Some(name) = model.or_else(|| method.request_models.get("$default")) else { return Ok(()) };
    let models = schema::documents(&deployment.models);
    let body: Value = serde_json::from_slice(body).map_err(|_| Fault::InvalidBody(Vec::new()))?;
    match schema::complaints(&models, name, &body) {
        Ok(complaints) if complaints.is_empty() => Ok(()),
        Ok(complaints) => Err(Fault::InvalidBody(complaints)),
        Err(what) => {
            let api = context.api_id;
            tracing::warn!("the model {name} of the API {api} cannot be used: {what}");
            Err(Fault::Configuration)
        }
    }
}
