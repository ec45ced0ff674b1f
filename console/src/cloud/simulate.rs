//! What an identity may do, asked of IAM itself.

use aws_sdk_iam::types::PolicyEvaluationDecisionType;

use super::fault::Call;
use super::{Cloud, Fault};

impl Cloud {
    /// Those of the actions that the policies of `principal` (the ARN of a user or a role) do not allow on `resource`.
    pub(crate) async fn not_allowed(
        &self,
        principal: &str,
        actions: &[String],
        resource: &str,
    ) -> Result<Vec<String>, Fault> {
        let call = self
            .inner
            .iam
            .simulate_principal_policy()
            .policy_source_arn(principal)
            .set_action_names(Some(actions.to_vec()))
            .resource_arns(resource);
        let results = call.into_paginator().items().send().try_collect().await.map_err(|error| {
            let call = Call::new("iam:SimulatePrincipalPolicy", principal, "ask IAM what is allowed");
            self.fault(call, error)
        })?;
        let allowed = |action: &String| {
            let of_action = |one: &&aws_sdk_iam::types::EvaluationResult| one.eval_action_name == *action;
            results
                .iter()
                .find(of_action)
                .is_some_and(|one| one.eval_decision == PolicyEvaluationDecisionType::Allowed)
        };
        Ok(actions.iter().filter(|action| !allowed(action)).cloned().collect())
    }

    /// The ARN of the user or role behind an identity, as IAM knows it: a session of a role is the role. `None` for the
    /// account's root, which has no policies.
    pub(crate) async fn principal(&self, identity: &str) -> Option<String> {
        let Some((head, name)) = role_of(identity) else {
            return (!identity.ends_with(":root")).then(|| identity.to_owned());
        };
        // The session does not tell the role's path (that of an SSO role is a long one); IAM may.
        let found = Box::pin(self.inner.iam.get_role().role_name(name).send()).await;
        let found = found.ok().and_then(|answer| answer.role).map(|role| role.arn);
        Some(found.unwrap_or_else(|| format!("{head}:role/{name}")))
    }
}

/// Of a session of a role: what the role's ARN begins with, and the role's name.
fn role_of(identity: &str) -> Option<(String, &str)> {
    let (head, session) = identity.split_once(":assumed-role/")?;
    Some((head.replacen(":sts:", ":iam:", 1), session.split('/').next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_one_of_a_role() {
        let session = "arn:aws-cn:sts::111111111111:assumed-role/AWSReservedSSO_ops_0123/kim@example.org";
        let role = ("arn:aws-cn:iam::111111111111".to_owned(), "AWSReservedSSO_ops_0123");
        assert_eq!(role_of(session), Some(role));
        assert_eq!(role_of("arn:aws:iam::111111111111:user/kim"), None);
    }
}
