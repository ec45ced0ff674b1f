use std::collections::BTreeSet;

use super::fault::Call;
use super::{Cloud, Fault, FaultKind};

/// A role that functions run under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) arn: String,
    /// Whether its trust policy lets Lambda take it on.
    pub(crate) trusts_lambda: bool,
    /// ARNs of the managed policies that are attached.
    pub(crate) policies: BTreeSet<String>,
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

impl Cloud {
    fn role_call(&self, action: &'static str, doing: &str, name: &str) -> Call<'static> {
        let account = self.inner.identity.get().map_or("*", |identity| identity.account.as_str());
        Call::new(action, format!("arn:aws:iam::{account}:role/{name}"), format!("{doing} {name}"))
    }

    /// The role of this name with what is attached to it, if there is one.
    pub(crate) async fn role(&self, name: &str) -> Result<Option<Role>, Fault> {
        let answer = Box::pin(self.inner.iam.get_role().role_name(name).send())
            .await
            .map_err(|error| self.fault(self.role_call("iam:GetRole", "read the role", name), error));
        let found = match answer {
            Err(fault) if fault.kind == FaultKind::NotFound => return Ok(None),
            other => other?.role,
        };
        let Some(found) = found else { return Ok(None) };
        let call = self.inner.iam.list_attached_role_policies().role_name(name);
        let attached = call.into_paginator().items().send().try_collect().await.map_err(|error| {
            self.fault(
                self.role_call("iam:ListAttachedRolePolicies", "list the policies of the role", name),
                error,
            )
        })?;
        Ok(Some(Role {
            name: name.to_owned(),
            trusts_lambda: trusts_lambda(found.assume_role_policy_document.as_deref().unwrap_or_default()),
            arn: found.arn,
            policies: attached.into_iter().filter_map(|policy| policy.policy_arn).collect(),
        }))
    }

    /// Creates a role that Lambda may take on, with nothing attached; answers its ARN.
    pub(crate) async fn create_role(&self, name: &str) -> Result<String, Fault> {
        let call = self.inner.iam.create_role().role_name(name).assume_role_policy_document(TRUST);
        let answer = Box::pin(call.send())
            .await
            .map_err(|error| self.fault(self.role_call("iam:CreateRole", "create the role", name), error))?;
        Ok(answer.role.map(|role| role.arn).unwrap_or_default())
    }

    /// Attaches a managed policy to the role.
    pub(crate) async fn attach_policy(&self, role: &str, policy_arn: &str) -> Result<(), Fault> {
        let call = self.inner.iam.attach_role_policy().role_name(role).policy_arn(policy_arn);
        Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.role_call("iam:AttachRolePolicy", "attach a policy to the role", role), error)
        })?;
        Ok(())
    }
}

// IAM sends policy documents percent-encoded and the SDK leaves them so.
fn trusts_lambda(document: &str) -> bool {
    let document = decoded(document);
    let policy: serde_json::Value = serde_json::from_str(&document).unwrap_or_default();
    let has = |value: &serde_json::Value, wanted: &str| match value {
        serde_json::Value::String(one) => one == wanted,
        serde_json::Value::Array(all) => all.iter().any(|one| one == wanted),
        _ => false,
    };
    let statements = match &policy["Statement"] {
        serde_json::Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    };
    statements.iter().any(|statement| {
        statement["Effect"] == "Allow"
            && has(&statement["Action"], "sts:AssumeRole")
            && has(&statement["Principal"]["Service"], "lambda.amazonaws.com")
    })
}

fn decoded(text: &str) -> String {
    // A `+` is a plus sign here; form decoding would make a blank of it.
    let query = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(query.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trust_policy_as_iam_sends_it() {
        let encoded: String = url::form_urlencoded::byte_serialize(TRUST.as_bytes()).collect();
        assert!(trusts_lambda(&encoded));
        assert!(trusts_lambda(TRUST));
        assert!(!trusts_lambda(&TRUST.replace("lambda", "ec2")));
        assert!(!trusts_lambda(""));
    }
}
