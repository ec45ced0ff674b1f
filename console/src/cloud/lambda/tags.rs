//! What a deploy writes into a function's tags and into a version's description, so that every operator sees it.

use std::collections::HashMap;

use crate::domain::{Digest, Stamp, one_line};

const TAG_DIGEST: &str = "callboard:image-digest";
const TAG_IMAGE: &str = "callboard:image-tag";
const TAG_BY: &str = "callboard:deployed-by";
const TAG_GIT: &str = "callboard:git";
const TAG_AT: &str = "callboard:deployed-at";
const KEPT: &str = "callboard kept";

pub(super) fn stamp_of(tags: &HashMap<String, String>) -> Stamp {
    let tag = |name: &str| tags.get(name).map(|value| one_line(value, 300));
    Stamp {
        digest: tag(TAG_DIGEST).map(Digest),
        image_tag: tag(TAG_IMAGE),
        deployed_by: tag(TAG_BY),
        git: tag(TAG_GIT),
        deployed_at: tags.get(TAG_AT).and_then(|text| timestamp(text)),
    }
}

pub(super) fn tags_of(stamp: &Stamp) -> HashMap<String, String> {
    let at = stamp.deployed_at.map(|at| at.to_string());
    let digest = stamp.digest.as_ref().map(|digest| digest.0.clone());
    [
        (TAG_DIGEST, &digest),
        (TAG_IMAGE, &stamp.image_tag),
        (TAG_BY, &stamp.deployed_by),
        (TAG_GIT, &stamp.git),
        (TAG_AT, &at),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), taggable(value.as_deref()?))))
    .collect()
}

// Tag values hold letters, digits, blanks and + - = . _ : / @, 256 characters at most; the rest is refused by AWS.
fn taggable(value: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || c == ' ' || "+-=._:/@".contains(c);
    value.chars().map(|c| if allowed(c) { c } else { '_' }).take(256).collect()
}

// Lambda writes its times as `2026-11-22T12:03:01.000+0000`.
pub(super) fn timestamp(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok().or_else(|| jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok())
}

/// A version's description: at most 256 characters, words `key=value`. The time is the version's own. `kept` of what was
/// there before a change.
pub(super) fn description_of(stamp: &Stamp, kept: bool) -> String {
    let words = [("tag", &stamp.image_tag), ("git", &stamp.git), ("by", &stamp.deployed_by)];
    let mut text = if kept { KEPT } else { "callboard" }.to_owned();
    for (name, value) in words {
        if let Some(value) = value {
            text.push_str(&format!(" {name}={}", taggable(value).replace(' ', "_")));
        }
    }
    text.chars().take(256).collect()
}

/// Whether [`description_of`] wrote that it is what was there before a change.
pub(super) fn is_kept(text: &str) -> bool {
    text.strip_prefix(KEPT).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// What [`description_of`] wrote; nothing of a description that somebody else wrote.
pub(super) fn stamp_of_description(text: &str, at: Option<jiff::Timestamp>) -> Stamp {
    let Some(words) = text.strip_prefix("callboard ") else {
        return Stamp { deployed_at: at, ..Stamp::default() };
    };
    let word = |name: &str| {
        let found = words.split(' ').filter_map(|word| word.split_once('=')).find(|(key, _)| *key == name);
        found.map(|(_, value)| one_line(value, 300))
    };
    Stamp { digest: None, image_tag: word("tag"), deployed_by: word("by"), git: word("git"), deployed_at: at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_says_what_was_deployed() {
        let stamp = Stamp {
            digest: None,
            image_tag: Some("20261122_120301".to_owned()),
            deployed_by: Some("arn:aws:iam::1:user/ops".to_owned()),
            git: Some("1a2b3c+".to_owned()),
            deployed_at: None,
        };
        for kept in [false, true] {
            let description = description_of(&stamp, kept);
            assert_eq!(
                (stamp_of_description(&description, None), is_kept(&description)),
                (stamp.clone(), kept)
            );
        }
        assert_eq!(stamp_of_description("release 7", None), Stamp::default());
        assert_eq!(description_of(&Stamp::default(), false), "callboard");
        assert!(is_kept(&description_of(&Stamp::default(), true)) && !is_kept("callboard keptical"));
    }

    #[test]
    fn times_and_tags_as_aws_writes_them() {
        assert_eq!(
            timestamp("2026-11-22T12:03:01.000+0000").map(|at| at.to_string()),
            Some("2026-11-22T12:03:01Z".to_owned())
        );
        assert_eq!(taggable("arn:aws:iam::1:user/o'ps+x"), "arn:aws:iam::1:user/o_ps+x");
    }
}
