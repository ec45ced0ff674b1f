use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

/// The REST API that both stages share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestApi {
    /// Ten letters and digits.
    pub id: String,
    /// The service's name.
    pub name: String,
    /// The URL below which the stages lie, without a trailing slash: `https://ID.execute-api.REGION.amazonaws.com`.
    pub url: String,
}

/// A stage of the REST API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayStage {
    /// The API that it belongs to.
    pub api_id: String,
    /// `stage` or `prod`.
    pub name: String,
    /// The deployment that answers.
    pub deployment_id: String,
    /// When that deployment was made.
    pub deployed_at: Option<Timestamp>,
    /// Stage variables; `env` picks the function.
    pub variables: BTreeMap<String, String>,
    /// The URL that clients call, without a trailing slash: `…/stage`.
    pub url: String,
}

/// A snapshot of the API's resources, which stages answer with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deployment {
    /// Such as `x1y2z3`.
    pub id: String,
    /// What the deployer wrote.
    pub description: String,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}
