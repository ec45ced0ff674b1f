//! Resource policies: who may call a function.

use serde::{Deserialize, Serialize};

/// The policy of a version or of an alias. Never empty: one that loses its last statement is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// In the order of being added.
    pub statements: Vec<Statement>,
    /// Changes with the statements.
    pub revision_id: String,
}

/// One statement of a function's resource policy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// Unique in the policy.
    pub id: String,
    /// A service such as `apigateway.amazonaws.com`, or an account.
    pub principal: String,
    /// `lambda:InvokeFunction`.
    pub action: String,
    /// Pattern (`*`, `?`) that the caller's ARN must match.
    pub source_arn: Option<String>,
    /// The account that the caller must belong to.
    pub source_account: Option<String>,
    /// Conditions that only other callers than API Gateway can meet.
    #[serde(default)]
    pub conditions: Conditions,
}

/// Conditions of a statement, each of which must be met if it is there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// The organisation that the caller must belong to.
    pub principal_org_id: Option<String>,
    /// A token that the event source must show: an Alexa skill's id.
    pub event_source_token: Option<String>,
    /// `NONE` or `AWS_IAM`: how callers of the function's URL prove who they are.
    pub function_url_auth_type: Option<String>,
    /// Whether the call must come through the function's URL.
    pub invoked_via_function_url: Option<bool>,
}

impl Conditions {
    /// Whether there is none of them.
    pub fn is_empty(&self) -> bool {
        *self == Conditions::default()
    }
}
