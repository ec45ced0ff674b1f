//! The role that the functions run under.

use std::collections::BTreeSet;

use super::fault::Call;
use super::permit::Permit;
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
    /// Names of the policies that are written into the role itself.
    pub(crate) inline: Vec<String>,
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
        let call = self.inner.iam.list_role_policies().role_name(name);
        let inline = call.into_paginator().items().send().try_collect().await.map_err(|error| {
            self.fault(self.role_call("iam:ListRolePolicies", "list the policies of the role", name), error)
        })?;
        Ok(Some(Role {
            inline,
            name: name.to_owned(),
            trusts_lambda: trusts_lambda(found.assume_role_policy_document.as_deref().unwrap_or_default()),
            arn: found.arn,
            policies: attached.into_iter().filter_map(|policy| policy.policy_arn).collect(),
        }))
    }

    /// Creates a role that Lambda may take on, with nothing attached; answers its ARN.
    pub(crate) async fn create_role(&self, permit: &Permit<'_>, name: &str) -> Result<String, Fault> {
        let call = self.inner.iam.create_role().role_name(name).assume_role_policy_document(TRUST);
        let answer = Box::pin(call.send())
            .await
            .map_err(|error| self.fault(self.role_call("iam:CreateRole", "create the role", name), error))?;
        let words = ["--role-name", name, "--assume-role-policy-document", TRUST];
        permit.did(&[&["iam", "create-role"], words.as_slice()].concat());
        Ok(answer.role.map(|role| role.arn).unwrap_or_default())
    }

    /// Attaches a managed policy to the role.
    pub(crate) async fn attach_policy(
        &self,
        permit: &Permit<'_>,
        role: &str,
        policy_arn: &str,
    ) -> Result<(), Fault> {
        let call = self.inner.iam.attach_role_policy().role_name(role).policy_arn(policy_arn);
        Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.role_call("iam:AttachRolePolicy", "attach a policy to the role", role), error)
        })?;
        permit.did(&["iam", "attach-role-policy", "--role-name", role, "--policy-arn", policy_arn]);
        Ok(())
    }

    /// Deletes a role that has only attached policies; one that is gone already is as good.
    pub(crate) async fn delete_role(&self, permit: &Permit<'_>, role: &Role) -> Result<(), Fault> {
        let gone = |answer: Result<(), Fault>| match answer {
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(false),
            other => other.map(|()| true),
        };
        for policy in &role.policies {
            let call = self.inner.iam.detach_role_policy().role_name(&role.name).policy_arn(policy);
            let answer = Box::pin(call.send()).await.map(drop).map_err(|error| {
                let doing = "detach a policy from the role";
                self.fault(self.role_call("iam:DetachRolePolicy", doing, &role.name), error)
            });
            if gone(answer)? {
                let words = ["--role-name", &role.name, "--policy-arn", policy];
                permit.did(&[&["iam", "detach-role-policy"], words.as_slice()].concat());
            }
        }
        let call = self.inner.iam.delete_role().role_name(&role.name);
        let answer = Box::pin(call.send()).await.map(drop).map_err(|error| {
            self.fault(self.role_call("iam:DeleteRole", "delete the role", &role.name), error)
        });
        if gone(answer)? {
            permit.did(&["iam", "delete-role", "--role-name", &role.name]);
        }
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
