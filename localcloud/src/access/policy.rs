//! Identity-based policies: read, refused where they say what is not evaluated here, and asked.

use serde_json::{Map, Value};

use super::{Decision, Need};
use crate::wildcard::{arn_like, wildcard};

/// Why a document cannot be a policy here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// IAM would refuse it too, in these words.
    Malformed(String),
    /// IAM would take it; this part of it is not evaluated here.
    NotEvaluated(String),
}

/// What a user may and may not do.
#[derive(Debug, PartialEq)]
pub(crate) struct Policy {
    statements: Vec<Statement>,
}

#[derive(Debug, PartialEq)]
struct Statement {
    allows: bool,
    actions: Patterns,
    resources: Patterns,
}

/// What an element and its `Not…` twin both are.
#[derive(Debug, PartialEq)]
struct Patterns {
    all: Vec<String>,
    /// Everything but these.
    negated: bool,
}

impl Patterns {
    fn matches(&self, is_like: impl Fn(&str) -> bool) -> bool {
        self.all.iter().any(|pattern| is_like(pattern)) != self.negated
    }
}

fn malformed(message: impl Into<String>) -> Unusable {
    Unusable::Malformed(message.into())
}

fn syntax() -> Unusable {
    malformed("Syntax errors in policy.")
}

impl Policy {
    /// Reads a document that somebody wants to store.
    pub(crate) fn parse(document: &str) -> Result<Policy, Unusable> {
        let Ok(Value::Object(members)) = serde_json::from_str(document) else { return Err(syntax()) };
        if members.keys().any(|name| !["Version", "Id", "Statement"].contains(&name.as_str())) {
            return Err(syntax());
        }
        match members.get("Version").map(Value::as_str) {
            None | Some(Some("2012-10-17" | "2008-10-17")) => {}
            Some(_) => return Err(syntax()),
        }
        let statements = match members.get("Statement") {
            Some(Value::Array(all)) => all.iter().collect(),
            Some(one @ Value::Object(_)) => vec![one],
            _ => return Err(syntax()),
        };
        let mut sids: Vec<&str> = statements.iter().filter_map(|one| one["Sid"].as_str()).collect();
        let named = sids.len();
        sids.sort_unstable();
        sids.dedup();
        if sids.len() < named {
            return Err(malformed("Statement IDs (SID) in a single policy must be unique."));
        }
        let statements = statements.into_iter().map(statement).collect::<Result<_, _>>()?;
        Ok(Policy { statements })
    }

    /// Allows these actions on everything.
    pub(super) fn allowing(actions: &[&str]) -> Policy {
        let actions =
            Patterns { all: actions.iter().map(|&action| action.to_owned()).collect(), negated: false };
        let resources = Patterns { all: vec!["*".to_owned()], negated: false };
        Policy { statements: vec![Statement { allows: true, actions, resources }] }
    }

    /// What it says of a need by itself.
    #[cfg(test)]
    pub(crate) fn says(&self, need: &Need) -> Decision {
        let says = |decision| !self.saying(need, decision).is_empty();
        match (says(Decision::ExplicitDeny), says(Decision::Allowed)) {
            (true, _) => Decision::ExplicitDeny,
            (false, true) => Decision::Allowed,
            (false, false) => Decision::ImplicitDeny,
        }
    }

    /// The places of the statements that allow or deny a need, from 0.
    pub(crate) fn saying(&self, need: &Need, wanted: Decision) -> Vec<usize> {
        let action = need.action.to_ascii_lowercase();
        let about = |statement: &Statement| {
            // Actions know no case, resources do.
            statement.actions.matches(|pattern| wildcard(&pattern.to_ascii_lowercase(), &action))
                && statement.resources.matches(|pattern| pattern == "*" || arn_like(pattern, &need.resource))
        };
        let says = |statement: &Statement| match wanted {
            Decision::Allowed => statement.allows && about(statement),
            Decision::ExplicitDeny => !statement.allows && about(statement),
            Decision::ImplicitDeny => false,
        };
        let numbered = self.statements.iter().enumerate();
        numbered.filter(|(_, statement)| says(statement)).map(|(place, _)| place).collect()
    }
}

fn statement(value: &Value) -> Result<Statement, Unusable> {
    let members = value.as_object().ok_or_else(syntax)?;
    for name in members.keys() {
        match name.as_str() {
            "Sid" | "Effect" | "Action" | "NotAction" | "Resource" | "NotResource" => {}
            "Principal" | "NotPrincipal" => {
                return Err(malformed("Policy document should not specify a principal."));
            }
            "Condition" => return Err(Unusable::NotEvaluated("the policy element Condition".to_owned())),
            _ => return Err(syntax()),
        }
    }
    let sid = members.get("Sid").map_or(Ok(""), |sid| sid.as_str().ok_or_else(syntax))?;
    if !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(malformed(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ));
    }
    let allows = match members.get("Effect").and_then(Value::as_str) {
        Some("Allow") => true,
        Some("Deny") => false,
        _ => return Err(syntax()),
    };
    let actions = patterns(members, "Action", "NotAction", "Policy statement must contain actions.")?;
    let resources = patterns(members, "Resource", "NotResource", "Policy statement must contain resources.")?;
    for action in &actions.all {
        let named =
            action.split_once(':').is_some_and(|(vendor, name)| !vendor.is_empty() && !name.is_empty());
        if action != "*" && !named {
            return Err(malformed(
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            ));
        }
    }
    for resource in &resources.all {
        if resource != "*" && !(resource.starts_with("arn:") && resource.matches(':').count() >= 5) {
            return Err(malformed(format!("Resource {resource} must be in ARN format or \"*\".")));
        }
        if resource.contains("${") {
            return Err(Unusable::NotEvaluated(format!("the policy variable in {resource}")));
        }
    }
    Ok(Statement { allows, actions, resources })
}

fn patterns(
    members: &Map<String, Value>,
    name: &str,
    negated: &str,
    missing: &str,
) -> Result<Patterns, Unusable> {
    let (value, negated) = match (members.get(name), members.get(negated)) {
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        (None, None) => return Err(malformed(missing)),
        (Some(_), Some(_)) => return Err(syntax()),
    };
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(syntax);
    let all = match value {
        Value::Array(all) if all.is_empty() => return Err(malformed(missing)),
        Value::Array(all) => all.iter().map(text).collect::<Result<_, _>>()?,
        one => vec![text(one)?],
    };
    Ok(Patterns { all, negated })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(statements: &str) -> Policy {
        Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#)).unwrap()
    }

    const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:hello-stage";

    #[test]
    fn a_denial_wins_and_what_nobody_allows_is_denied() {
        let policy = policy(
            r#"[{"Effect":"Allow","Action":["lambda:Get*","LAMBDA:InvokeFunctio?"],"Resource":"arn:aws:lambda:*:*:function:hello-*"},
                {"Effect":"Deny","Action":"lambda:GetPolicy","Resource":"*"}]"#,
        );
        for (action, resource, decision) in [
            ("lambda:GetFunction", FUNCTION, Decision::Allowed),
            ("lambda:getfunction", FUNCTION, Decision::Allowed),
            ("lambda:InvokeFunction", FUNCTION, Decision::Allowed),
            ("lambda:GetPolicy", FUNCTION, Decision::ExplicitDeny),
            ("lambda:DeleteFunction", FUNCTION, Decision::ImplicitDeny),
            (
                "lambda:GetFunction",
                "arn:aws:lambda:us-east-1:000000000000:function:Hello-stage",
                Decision::ImplicitDeny,
            ),
            (
                "lambda:GetFunction",
                "arn:aws:lambda:us-east-1:000000000000:function:hello",
                Decision::ImplicitDeny,
            ),
            ("lambda:GetAccountSettings", "*", Decision::ImplicitDeny),
        ] {
            assert_eq!(policy.says(&Need::new(action, resource)), decision, "{action} {resource}");
        }
        // A qualifier belongs to the resource, so the star reaches over its colon.
        assert_eq!(policy.says(&Need::new("lambda:GetFunction", format!("{FUNCTION}:3"))), Decision::Allowed);
    }

    #[test]
    fn all_but_some() {
        let policy = policy(
            r#"{"Effect":"Allow","NotAction":"iam:*","NotResource":["arn:aws:lambda:*:*:function:*-prod"]}"#,
        );
        assert_eq!(policy.says(&Need::new("lambda:GetFunction", FUNCTION)), Decision::Allowed);
        assert_eq!(policy.says(&Need::new("iam:GetRole", "arn:aws:iam::0:role/r")), Decision::ImplicitDeny);
        let prod = FUNCTION.replace("stage", "prod");
        assert_eq!(policy.says(&Need::new("lambda:GetFunction", prod)), Decision::ImplicitDeny);
    }

    #[test]
    fn what_iam_refuses_and_what_is_not_evaluated_here() {
        let malformed = |text: &str| Err(Unusable::Malformed(text.to_owned()));
        for (statement, refusal) in [
            (r#"{"Effect":"Allow","Resource":"*"}"#, malformed("Policy statement must contain actions.")),
            (r#"{"Effect":"Allow","Action":"*"}"#, malformed("Policy statement must contain resources.")),
            (
                r#"{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}"#,
                malformed("Policy document should not specify a principal."),
            ),
            (
                r#"{"Effect":"Allow","Action":"GetFunction","Resource":"*"}"#,
                malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
            ),
            (
                r#"{"Effect":"Allow","Action":"*","Resource":"hello"}"#,
                malformed("Resource hello must be in ARN format or \"*\"."),
            ),
            (r#"{"Effect":"allow","Action":"*","Resource":"*"}"#, malformed("Syntax errors in policy.")),
            (r#"{"Effect":"Allow","Action":1,"Resource":"*"}"#, malformed("Syntax errors in policy.")),
            (
                r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}"#,
                Err(Unusable::NotEvaluated("the policy element Condition".to_owned())),
            ),
            (
                r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::0:user/${aws:username}"}"#,
                Err(Unusable::NotEvaluated(
                    "the policy variable in arn:aws:iam::0:user/${aws:username}".to_owned(),
                )),
            ),
        ] {
            assert_eq!(Policy::parse(&format!(r#"{{"Statement":[{statement}]}}"#)), refusal, "{statement}");
        }
        assert_eq!(Policy::parse("{"), malformed("Syntax errors in policy."));
        assert_eq!(Policy::parse("{}"), malformed("Syntax errors in policy."));
        let twice = r#"{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"}"#;
        assert_eq!(
            Policy::parse(&format!(r#"{{"Statement":[{twice},{twice}]}}"#)),
            malformed("Statement IDs (SID) in a single policy must be unique.")
        );
    }
}
