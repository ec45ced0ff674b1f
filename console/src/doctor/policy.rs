//! The least policy, as `docs/` has it, made into that of one service in one account and region.

use serde::{Deserialize, Serialize};

use crate::domain::{Identity, Problem, StageName};
use crate::settings::Settings;

const EVERYTHING: &str = include_str!("../../../docs/iam-policy.json");
const LOOKING: &str = include_str!("../../../docs/iam-policy-read-only.json");

/// An identity-based policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Policy {
    version: String,
    pub(super) statement: Vec<Statement>,
}

/// What it allows on one kind of thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Statement {
    sid: String,
    effect: String,
    pub(super) action: Actions,
    pub(super) resource: String,
}

/// One action or several, as policies are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Actions {
    One(String),
    Many(Vec<String>),
}

impl Actions {
    pub(super) fn all(&self) -> &[String] {
        match self {
            Actions::One(action) => std::slice::from_ref(action),
            Actions::Many(actions) => actions,
        }
    }
}

impl Policy {
    /// All that the console does with the service, or only what it looks at where every stage is read-only.
    pub(super) fn for_service(
        settings: &Settings,
        identity: &Identity,
        region: &str,
    ) -> Result<Policy, Problem> {
        let looking = StageName::ALL.into_iter().all(|stage| settings.read_only(stage));
        let text = if looking { LOOKING } else { EVERYTHING };
        let mut policy: Policy = serde_json::from_str(text).map_err(unusable)?;
        // That of AWS in China is `aws-cn`.
        let partition = identity.arn.split(':').nth(1).unwrap_or("aws");
        for statement in &mut policy.statement {
            if let Some(rest) = statement.resource.strip_prefix("arn:aws:") {
                let filled = rest
                    .replace("REGION", region)
                    .replace("ACCOUNT", &identity.account)
                    .replace("NAME", &settings.name)
                    .replace("IMAGE", &settings.build.image);
                statement.resource = format!("arn:{partition}:{filled}");
            }
        }
        Ok(policy)
    }

    /// As JSON, for `aws iam create-policy --policy-document`.
    pub(super) fn text(&self) -> Result<String, Problem> {
        serde_json::to_string_pretty(self).map_err(unusable)
    }
}

impl Statement {
    /// Whether it speaks of that resource, `*` being any.
    pub(super) fn is_about(&self, resource: &str) -> bool {
        match self.resource.strip_suffix('*') {
            Some(start) => resource == "*" || resource.starts_with(start),
            None => resource == "*" || resource == self.resource,
        }
    }

    /// Things that the pattern is about, one of each kind of name, as a call would name them. `api` is the REST API's id.
    pub(super) fn examples(&self, api: Option<&str>) -> Vec<String> {
        let resource = &self.resource;
        if let Some(start) = resource.strip_suffix("-*") {
            let end = if resource.contains(":log-group:") { ":log-stream:" } else { "" };
            return StageName::ALL.map(|stage| format!("{start}-{stage}{end}")).to_vec();
        }
        if let Some(start) = resource.strip_suffix(":log-group:*") {
            return vec![format!("{start}:log-group::log-stream:")];
        }
        if let (Some(start), Some(id)) = (resource.strip_suffix("/restapis/*"), api) {
            return StageName::ALL.map(|stage| format!("{start}/restapis/{id}/stages/{stage}")).to_vec();
        }
        vec![resource.clone()]
    }
}

fn unusable(error: serde_json::Error) -> Problem {
    Problem::new("the least policy that this program carries cannot be used").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a managed policy may have (docs/iam.md).
    const MOST: usize = 6144;

    fn filled(text: &str) -> Policy {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("callboard.toml");
        std::fs::write(&file, text).expect("a file");
        let settings = Settings::load(&file).expect("settings");
        let identity = Identity {
            account: "111111111111".to_owned(),
            arn: "arn:aws-cn:iam::111111111111:user/kim".to_owned(),
        };
        Policy::for_service(&settings, &identity, "cn-north-1").expect("a policy")
    }

    #[test]
    fn every_name_is_filled_in_and_it_is_short_enough() {
        let longest = "a".repeat(54);
        for read_only in [false, true] {
            let policy = filled(&format!(
                "name = {longest:?}\nread_only = {read_only}\n[build]\nimage = \"team/api\"\n"
            ));
            let text = policy.text().expect("JSON");
            for placeholder in ["REGION", "ACCOUNT", "NAME", "IMAGE", "arn:aws:"] {
                assert!(!text.contains(placeholder), "{placeholder} in {text}");
            }
            assert!(text.contains("arn:aws-cn:ecr:cn-north-1:111111111111:repository/team/api"), "{text}");
            assert_eq!(text.contains("lambda:CreateFunction"), !read_only);
            let size = text.chars().filter(|c| !c.is_whitespace()).count();
            assert!(size <= MOST, "{size} characters");
        }
    }

    #[test]
    fn what_is_asked_about_is_named_as_a_call_names_it() {
        let policy = filled("name = \"hello\"\n");
        let all: Vec<String> =
            policy.statement.iter().flat_map(|statement| statement.examples(Some("abc"))).collect();
        for wanted in [
            "arn:aws-cn:lambda:cn-north-1:111111111111:function:hello-prod",
            "arn:aws-cn:apigateway:cn-north-1::/restapis",
            "arn:aws-cn:apigateway:cn-north-1::/restapis/abc/stages/stage",
            "arn:aws-cn:logs:cn-north-1:111111111111:log-group:/aws/lambda/hello-stage:log-stream:",
            "arn:aws-cn:logs:cn-north-1:111111111111:log-group::log-stream:",
            "*",
        ] {
            assert!(all.iter().any(|one| one == wanted), "{wanted} in {all:#?}");
        }
        let statement = &policy.statement[0];
        assert!(statement.is_about("arn:aws-cn:lambda:cn-north-1:111111111111:function:hello-prod:3"));
        assert!(!statement.is_about("arn:aws-cn:lambda:cn-north-1:111111111111:function:other-prod"));
    }
}
