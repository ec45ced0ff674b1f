//! Trust policies of roles: what may be stored, and who may take a role on.

use serde_json::{Map, Value};

use crate::account;
use crate::wildcard::wildcard;

/// A trust policy that was read.
#[derive(Debug)]
pub(crate) struct Trust {
    statements: Vec<Statement>,
}

#[derive(Debug)]
struct Statement {
    allows: bool,
    actions: Vec<String>,
    /// What stands under `Principal` for `AWS`; empty for services and the like.
    principals: Vec<String>,
    /// The values of `sts:ExternalId` that are taken; `None` where it does not matter.
    external_ids: Option<Vec<String>>,
    /// A condition that is not evaluated here, by its name.
    unknown: Option<String>,
}

/// What a trust policy says to a caller.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Trusted {
    /// The caller itself is named: its own policies need not allow it.
    Itself,
    /// Its account is: its own policies must allow it too.
    Account,
    /// Nobody like it.
    Not,
    /// What is said depends on something that is not evaluated here.
    Unknown(String),
}

/// Who asks for a role.
#[derive(Debug)]
pub(crate) struct Asking<'a> {
    /// The ARNs that the caller goes by: its own, and of a session its role's too.
    pub(crate) arns: &'a [String],
    pub(crate) external_id: Option<&'a str>,
}

/// One thing or a list of them, as policies have it.
fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(all) => all.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn texts(value: &Value) -> Vec<String> {
    each(value).into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

impl Trust {
    /// Reads a document that somebody wants to store; an `Err` is why IAM would not.
    pub(crate) fn parse(document: &str) -> Result<Trust, String> {
        let Ok(Value::Object(members)) = serde_json::from_str(document) else {
            return Err("This policy contains invalid Json".to_owned());
        };
        if members.keys().any(|name| !["Version", "Id", "Statement"].contains(&name.as_str())) {
            return Err("Syntax errors in policy.".to_owned());
        }
        let statements = each(members.get("Statement").unwrap_or(&Value::Null));
        if statements.is_empty() {
            return Err("Syntax errors in policy.".to_owned());
        }
        let statements = statements.into_iter().map(statement).collect::<Result<_, _>>()?;
        Ok(Trust { statements })
    }

    /// Whom it names for `AWS`.
    pub(crate) fn principals(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().flat_map(|statement| &statement.principals).map(String::as_str)
    }

    /// Whether it lets a caller take an action (`sts:AssumeRole`, `sts:TagSession`).
    pub(crate) fn lets(&self, action: &str, asking: &Asking<'_>) -> Trusted {
        let mut found = Trusted::Not;
        for statement in &self.statements {
            if !statement
                .actions
                .iter()
                .any(|pattern| wildcard(&pattern.to_lowercase(), &action.to_lowercase()))
            {
                continue;
            }
            let named = statement.principals.iter().any(|principal| asking.arns.contains(principal));
            let all = statement.principals.iter().any(|principal| is_account(principal));
            if !named && !all {
                continue;
            }
            if let Some(condition) = &statement.unknown {
                return Trusted::Unknown(condition.clone());
            }
            let given =
                |wanted: &Vec<String>| wanted.iter().any(|id| asking.external_id == Some(id.as_str()));
            if statement.external_ids.as_ref().is_some_and(|wanted| !given(wanted)) {
                continue;
            }
            if !statement.allows {
                return Trusted::Not;
            }
            match named {
                true => found = Trusted::Itself,
                false if found == Trusted::Not => found = Trusted::Account,
                false => {}
            }
        }
        found
    }
}

/// Everybody, or the whole account.
fn is_account(principal: &str) -> bool {
    principal == "*"
        || principal == account::ACCOUNT_ID
        || principal == format!("arn:aws:iam::{}:root", account::ACCOUNT_ID)
}

fn statement(value: &Value) -> Result<Statement, String> {
    let members = value.as_object().ok_or("Syntax errors in policy.")?;
    for name in members.keys() {
        match name.as_str() {
            "Sid" | "Effect" | "Action" | "NotAction" | "Principal" | "NotPrincipal" | "Condition" => {}
            "Resource" | "NotResource" => return Err(format!("Has prohibited field {name}")),
            _ => return Err("Syntax errors in policy.".to_owned()),
        }
    }
    let allows = match members.get("Effect").and_then(Value::as_str) {
        Some("Allow") => true,
        Some("Deny") => false,
        Some(_) => return Err("Syntax errors in policy.".to_owned()),
        None => return Err("Missing required field Effect".to_owned()),
    };
    if !members.contains_key("Principal") && !members.contains_key("NotPrincipal") {
        return Err("Missing required field Principal".to_owned());
    }
    if !members.contains_key("Action") && !members.contains_key("NotAction") {
        return Err("Missing required field Action".to_owned());
    }
    let actions = texts(members.get("Action").unwrap_or(&Value::Null));
    if !actions.iter().all(|action| is_of_sts(action)) {
        return Err("AssumeRole policy may only specify STS AssumeRole actions.".to_owned());
    }
    let principals = match members.get("Principal") {
        Some(Value::String(all)) if all == "*" => vec!["*".to_owned()],
        Some(Value::Object(kinds)) => {
            let services = texts(kinds.get("Service").unwrap_or(&Value::Null));
            if let Some(service) = services.iter().find(|service| !is_service(service)) {
                return Err(format!("Invalid principal in policy: \"SERVICE\":\"{service}\""));
            }
            texts(kinds.get("AWS").unwrap_or(&Value::Null))
        }
        Some(_) => return Err("Invalid principal in policy".to_owned()),
        None => Vec::new(),
    };
    let (external_ids, mut unknown) = conditions(members.get("Condition").and_then(Value::as_object));
    for name in ["NotAction", "NotPrincipal"] {
        if members.contains_key(name) {
            unknown = Some(name.to_owned());
        }
    }
    Ok(Statement { allows, actions, principals, external_ids, unknown })
}

/// Whether a name can be that of a service; which there are is not known here.
fn is_service(name: &str) -> bool {
    [".amazonaws.com", ".amazonaws.com.cn", ".amazon.com"].iter().any(|end| name.ends_with(end))
}

/// The actions that a trust policy may name.
fn is_of_sts(action: &str) -> bool {
    const KNOWN: [&str; 6] = [
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:tagsession",
        "sts:setsourceidentity",
        "sts:setcontext",
    ];
    let action = action.to_lowercase();
    KNOWN.iter().any(|known| wildcard(&action, known))
}

fn conditions(all: Option<&Map<String, Value>>) -> (Option<Vec<String>>, Option<String>) {
    let (mut external_ids, mut unknown) = (None, None);
    for (operator, keys) in all.into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            match operator == "StringEquals" && key.eq_ignore_ascii_case("sts:ExternalId") {
                true => external_ids = Some(texts(values)),
                false => unknown = Some(format!("the condition {operator} of {key}")),
            }
        }
    }
    (external_ids, unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIM: &str = "arn:aws:iam::000000000000:user/kim";

    fn says(statements: &str, external_id: Option<&str>) -> Trusted {
        let trust = Trust::parse(&format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#)).unwrap();
        trust.lets("sts:AssumeRole", &Asking { arns: &[KIM.to_owned()], external_id })
    }

    #[test]
    fn who_is_trusted() {
        let allow = |principal: &str, more: &str| {
            format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{principal}{more}}}"#)
        };
        let kim = format!(r#"{{"AWS":["{KIM}"]}}"#);
        assert_eq!(says(&allow(&kim, ""), None), Trusted::Itself);
        assert_eq!(says(&allow(r#"{"AWS":"000000000000"}"#, ""), None), Trusted::Account);
        assert_eq!(says(&allow(r#"{"AWS":"arn:aws:iam::000000000000:root"}"#, ""), None), Trusted::Account);
        assert_eq!(says(&allow(r#"{"AWS":"111111111111"}"#, ""), None), Trusted::Not);
        assert_eq!(says(&allow(r#"{"Service":"lambda.amazonaws.com"}"#, ""), None), Trusted::Not);
        let external = r#","Condition":{"StringEquals":{"sts:ExternalId":"x1"}}"#;
        assert_eq!(says(&allow(&kim, external), Some("x1")), Trusted::Itself);
        assert_eq!(says(&allow(&kim, external), None), Trusted::Not);
        let other = r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
        let unknown = "the condition Bool of aws:MultiFactorAuthPresent".to_owned();
        assert_eq!(says(&allow(&kim, other), None), Trusted::Unknown(unknown));
        let deny = format!(r#"{{"Effect":"Deny","Action":"sts:*","Principal":{kim}}}"#);
        assert_eq!(says(&format!("[{},{deny}]", allow("\"*\"", "")), None), Trusted::Not);
    }

    #[test]
    fn what_iam_refuses() {
        for (statement, why) in [
            (r#"{"Effect":"Allow","Action":"sts:AssumeRole"}"#, "Missing required field Principal"),
            (
                r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}"#,
                "Has prohibited field Resource",
            ),
            (
                r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}"#,
                "AssumeRole policy may only specify STS AssumeRole actions.",
            ),
        ] {
            assert_eq!(Trust::parse(&format!(r#"{{"Statement":[{statement}]}}"#)).unwrap_err(), why);
        }
        assert_eq!(Trust::parse("{").unwrap_err(), "This policy contains invalid Json");
    }
}
