//! The function's resource policy: who may invoke it.

use super::super::permit::Permit;
use super::super::{Cloud, Fault, FaultKind};

/// A statement of a function's resource policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Permission {
    pub(crate) id: String,
    pub(crate) principal: Option<String>,
    pub(crate) action: String,
    /// Pattern that the caller's ARN must match; `None` lets every caller of the principal in.
    pub(crate) source_arn: Option<String>,
}

impl Cloud {
    /// The statements of the function's resource policy; none when it has no policy or there is no function.
    pub(crate) async fn permissions(&self, name: &str) -> Result<Vec<Permission>, Fault> {
        let answer =
            Box::pin(self.inner.lambda.get_policy().function_name(name).send()).await.map_err(|error| {
                self.fault(self.function_call("lambda:GetPolicy", "read the policy of", name), error)
            });
        match answer {
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(Vec::new()),
            Err(fault) => Err(fault),
            Ok(answer) => Ok(statements(answer.policy.as_deref().unwrap_or("{}"))),
        }
    }

    /// Lets the gateway invoke the function for what `source_arn` matches.
    pub(crate) async fn add_permission(
        &self,
        permit: &Permit<'_>,
        name: &str,
        id: &str,
        source_arn: &str,
    ) -> Result<(), Fault> {
        let call = self
            .inner
            .lambda
            .add_permission()
            .function_name(name)
            .statement_id(id)
            .action("lambda:InvokeFunction")
            .principal(GATEWAY)
            .source_arn(source_arn);
        Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.function_call("lambda:AddPermission", "let the gateway invoke", name), error)
        })?;
        permit.did(&[
            "lambda",
            "add-permission",
            "--function-name",
            name,
            "--statement-id",
            id,
            "--action",
            "lambda:InvokeFunction",
            "--principal",
            GATEWAY,
            "--source-arn",
            source_arn,
        ]);
        Ok(())
    }

    /// Takes a statement out of the function's policy.
    pub(crate) async fn remove_permission(
        &self,
        permit: &Permit<'_>,
        name: &str,
        id: &str,
    ) -> Result<(), Fault> {
        let call = self.inner.lambda.remove_permission().function_name(name).statement_id(id);
        Box::pin(call.send()).await.map_err(|error| {
            self.fault(self.function_call("lambda:RemovePermission", "take a permission from", name), error)
        })?;
        permit.did(&["lambda", "remove-permission", "--function-name", name, "--statement-id", id]);
        Ok(())
    }
}

/// The principal that a REST API invokes functions as.
const GATEWAY: &str = "apigateway.amazonaws.com";

impl Permission {
    /// Whether this statement lets the gateway make every call that `source_arn` (with its own `*`s) stands for.
    pub(crate) fn covers(&self, source_arn: &str) -> bool {
        self.principal.as_deref().is_none_or(|principal| principal == GATEWAY || principal == "*")
            && matches!(self.action.as_str(), "lambda:InvokeFunction" | "lambda:*" | "*")
            && self
                .source_arn
                .as_deref()
                .is_none_or(|pattern| matches(pattern.as_bytes(), source_arn.as_bytes()))
    }
}

// `*` and `?` as IAM reads them.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=text.len()).any(|skipped| matches(rest, &text[skipped..])),
        (Some((b'?', pattern)), Some((_, text))) => matches(pattern, text),
        (Some((one, pattern)), Some((other, text))) => one == other && matches(pattern, text),
        _ => false,
    }
}

fn statements(policy: &str) -> Vec<Permission> {
    let policy: serde_json::Value = serde_json::from_str(policy).unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let all = policy["Statement"].as_array().cloned().unwrap_or_default();
    all.iter()
        .filter(|statement| statement["Effect"] == "Allow")
        .map(|statement| {
            let principal = &statement["Principal"];
            let conditions = statement["Condition"].as_object();
            let source = |(_, test): (&String, &serde_json::Value)| {
                let test = test.as_object()?;
                test.iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case("aws:SourceArn"))
                    .and_then(|(_, arn)| text(arn))
            };
            let source_arn = conditions.and_then(|conditions| conditions.iter().find_map(source));
            Permission {
                id: text(&statement["Sid"]).unwrap_or_default(),
                principal: text(&principal["Service"])
                    .or_else(|| text(principal))
                    .or_else(|| text(&principal["AWS"])),
                action: text(&statement["Action"]).unwrap_or_default(),
                // A condition that this program does not read must not make a statement look wider than it is.
                source_arn: source_arn.or_else(|| conditions.map(|_| String::new())),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_statement_covers_a_narrower_call() {
        let policy = r#"{"Version":"2012-10-17","Statement":[
            {"Sid":"own","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction",
             "Resource":"arn:f","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:r:1:api/stage/*/*"}}},
            {"Sid":"wide","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction",
             "Resource":"arn:f","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:r:1:api/*/*"}}},
            {"Sid":"account","Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"lambda:InvokeFunction",
             "Resource":"arn:f","Condition":{"StringEquals":{"AWS:SourceAccount":"1"}}}]}"#;
        let covering = |arn: &str| -> Vec<String> {
            statements(policy).into_iter().filter(|one| one.covers(arn)).map(|one| one.id).collect()
        };
        assert_eq!(covering("arn:aws:execute-api:r:1:api/stage/*/*"), ["own", "wide"]);
        assert_eq!(covering("arn:aws:execute-api:r:1:api/prod/*/*"), ["wide"]);
        assert!(covering("arn:aws:execute-api:r:1:other/prod/*/*").is_empty());
    }
}
