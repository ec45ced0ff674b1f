//! Lifecycle policies of repositories: which images they let expire.
//!
//! ECR carries a policy out within a day; here it is done when the policy is put, when an image is pushed, and when the
//! local cloud starts.

use serde::Deserialize;

use crate::blobs::Blobs;
use crate::registry::contents;
use crate::wildcard::wildcard;
use crate::world::State;
use crate::world::repositories::{Image, Repository};

const DAY_MS: i64 = 86_400_000;

/// A policy that was read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lifecycle {
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule {
    rule_priority: u32,
    #[serde(rename = "description")]
    _description: Option<String>,
    selection: Selection,
    action: Action,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Selection {
    tag_status: String,
    #[serde(default)]
    tag_prefix_list: Vec<String>,
    #[serde(default)]
    tag_pattern_list: Vec<String>,
    count_type: String,
    count_unit: Option<String>,
    count_number: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    r#type: String,
}

/// Why a text is no policy here.
#[derive(Debug, PartialEq)]
pub(crate) enum Unusable {
    /// ECR would refuse it too.
    Invalid(String),
    /// ECR would take it; this part is not carried out here.
    NotOffered(String),
}

impl Lifecycle {
    pub(crate) fn parse(text: &str) -> Result<Lifecycle, Unusable> {
        let invalid = |why: &str| Err(Unusable::Invalid(why.to_owned()));
        let mut policy: Lifecycle =
            serde_json::from_str(text).map_err(|error| Unusable::Invalid(error.to_string()))?;
        if policy.rules.is_empty() {
            return invalid("there is no rule");
        }
        for Rule { selection, action, .. } in &policy.rules {
            match (selection.count_type.as_str(), selection.count_unit.as_deref()) {
                ("imageCountMoreThan", None) | ("sinceImagePushed", Some("days")) => {}
                ("imageCountMoreThan", Some(_)) => return invalid("countUnit goes with times only"),
                ("sinceImagePushed", _) => return invalid("countUnit must be days"),
                ("sinceImagePulled" | "sinceImageTransitioned", _) => {
                    return Err(Unusable::NotOffered(format!("the countType {}", selection.count_type)));
                }
                _ => return invalid("countType is none that there is"),
            }
            match action.r#type.as_str() {
                "expire" => {}
                "transition" => return Err(Unusable::NotOffered("the action transition".to_owned())),
                _ => return invalid("action.type must be expire"),
            }
            let named = !selection.tag_prefix_list.is_empty() || !selection.tag_pattern_list.is_empty();
            match (selection.tag_status.as_str(), named) {
                ("tagged", true) | ("untagged" | "any", false) => {}
                ("tagged", false) => return invalid("tagged needs a tagPrefixList or a tagPatternList"),
                ("untagged" | "any", true) => return invalid("prefixes and patterns go with tagged only"),
                _ => return invalid("tagStatus must be tagged, untagged or any"),
            }
            if selection.count_number == 0 {
                return invalid("countNumber must be above 0");
            }
        }
        policy.rules.sort_by_key(|rule| rule.rule_priority);
        if policy.rules.windows(2).any(|pair| pair[0].rule_priority == pair[1].rule_priority) {
            return invalid("two rules have the same rulePriority");
        }
        let before_last = policy.rules.len() - 1;
        if policy.rules[..before_last].iter().any(|rule| rule.selection.tag_status == "any") {
            return invalid("the rule for any image must have the highest rulePriority");
        }
        Ok(policy)
    }

    /// Digests of the images that expire; those in `held` belong to an index and stay with it.
    fn expired(&self, repository: &Repository, held: &[String], now_ms: i64) -> Vec<String> {
        let mut left: Vec<&Image> =
            repository.images.values().filter(|image| !held.contains(&image.digest)).collect();
        left.sort_by_key(|image| std::cmp::Reverse(image.pushed_ms));
        let mut gone = Vec::new();
        for Rule { selection, .. } in &self.rules {
            // What a rule speaks of is no matter of the rules behind it.
            let (meant, others): (Vec<&Image>, Vec<&Image>) =
                left.into_iter().partition(|image| selection.means(repository, image));
            left = others;
            let kept = selection.count_number as usize;
            let oldest = now_ms - i64::from(selection.count_number) * DAY_MS;
            gone.extend(meant.into_iter().enumerate().filter_map(|(place, image)| {
                let expires = match selection.count_unit {
                    None => place >= kept,
                    Some(_) => image.pushed_ms < oldest,
                };
                expires.then(|| image.digest.clone())
            }));
        }
        gone
    }
}

impl Selection {
    fn means(&self, repository: &Repository, image: &Image) -> bool {
        let of_it = repository.image_tags.iter().filter(|(_, digest)| **digest == image.digest);
        let tags: Vec<&String> = of_it.map(|(tag, _)| tag).collect();
        match self.tag_status.as_str() {
            "untagged" => tags.is_empty(),
            "any" => true,
            _ => {
                let begins = |prefix: &String| tags.iter().any(|tag| tag.starts_with(prefix.as_str()));
                let is_like = |pattern: &String| tags.iter().any(|tag| wildcard(pattern, tag));
                self.tag_prefix_list.iter().all(begins) && self.tag_pattern_list.iter().all(is_like)
            }
        }
    }
}

/// Takes out of a repository what its policy lets expire.
pub(crate) fn carry_out(repository: &mut Repository, blobs: &Blobs, now_ms: i64) {
    let Some(text) = &repository.lifecycle_policy else { return };
    // Only what can be read was ever stored.
    let Ok(policy) = Lifecycle::parse(text) else { return };
    let listed = |image: &Image| {
        let bytes = blobs.read(&image.digest).ok()?;
        contents(&image.media_type, &bytes).ok().map(|contents| contents.manifests)
    };
    let held: Vec<String> = repository.images.values().filter_map(listed).flatten().collect();
    for digest in policy.expired(repository, &held, now_ms) {
        repository.images.remove(&digest);
        repository.image_tags.retain(|_, tagged| *tagged != digest);
    }
    repository.lifecycle_evaluated_ms = Some(now_ms);
}

/// The same for all repositories that have a policy.
pub(crate) fn carry_out_all(state: &mut State, blobs: &Blobs, now_ms: i64) {
    for repository in state.repositories.values_mut() {
        carry_out(repository, blobs, now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(images: &[(&str, &[&str], i64)]) -> Repository {
        let mut made = Repository::new("r", 0);
        for (digest, tags, days_ago) in images {
            let image = Image {
                digest: (*digest).to_owned(),
                media_type: String::new(),
                artifact_media_type: None,
                size: 0,
                pushed_ms: -days_ago * DAY_MS,
            };
            made.images.insert(image.digest.clone(), image);
            tags.iter().for_each(|tag| drop(made.image_tags.insert((*tag).to_owned(), (*digest).to_owned())));
        }
        made
    }

    fn rule(priority: u32, selection: &str) -> String {
        format!(r#"{{"rulePriority":{priority},"selection":{{{selection}}},"action":{{"type":"expire"}}}}"#)
    }

    fn policy(rules: &[String]) -> Result<Lifecycle, Unusable> {
        Lifecycle::parse(&format!(r#"{{"rules":[{}]}}"#, rules.join(",")))
    }

    #[test]
    fn a_rule_takes_its_images_and_leaves_the_others_to_the_next() {
        let repository = repository(&[
            ("a", &["prod-1"], 30),
            ("b", &["prod-2", "latest"], 20),
            ("c", &[], 10),
            ("d", &[], 1),
            ("e", &["dev-1"], 40),
            ("f", &["dev-2"], 2),
        ]);
        let prod = rule(
            1,
            r#""tagStatus":"tagged","tagPrefixList":["prod"],"countType":"imageCountMoreThan","countNumber":1"#,
        );
        let untagged = rule(
            2,
            r#""tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":5"#,
        );
        let any =
            rule(3, r#""tagStatus":"any","countType":"sinceImagePushed","countUnit":"days","countNumber":3"#);
        let all = policy(&[any, untagged, prod]).unwrap();
        assert_eq!(all.expired(&repository, &[], 0), ["a", "c", "e"]);
        assert_eq!(all.expired(&repository, &["c".to_owned()], 0), ["a", "e"], "c belongs to an index");
    }

    #[test]
    fn what_is_no_policy_and_what_is_not_offered() {
        let any = r#""tagStatus":"any","countType":"imageCountMoreThan","countNumber":1"#;
        for rules in [
            vec![],
            vec![rule(1, any), rule(1, any)],
            vec![rule(1, any), rule(2, any)],
            vec![rule(1, &any.replace('1', "0"))],
            vec![rule(1, &any.replace("any", "tagged"))],
            vec![rule(1, &any.replace("imageCountMoreThan", "sinceImagePushed"))],
            vec![rule(1, any).replace("expire", "delete")],
        ] {
            assert!(matches!(policy(&rules), Err(Unusable::Invalid(_))), "{rules:?}");
        }
        let pulled = rule(1, &any.replace("imageCountMoreThan", "sinceImagePulled"));
        assert_eq!(
            policy(&[pulled]).unwrap_err(),
            Unusable::NotOffered("the countType sinceImagePulled".to_owned())
        );
    }
}
