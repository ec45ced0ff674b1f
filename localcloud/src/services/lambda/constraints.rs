//! The constraints of the service's model that an input breaks, all of them in one refusal, in AWS's words.

use std::collections::BTreeMap;

use crate::wire::Service;
use crate::wire::fault::{Fault, broken};

/// Collects what is broken.
#[derive(Debug, Default)]
pub(super) struct Constraints {
    broken: Vec<String>,
}

impl Constraints {
    pub(super) fn broken(&mut self, member: &str, value: &str, constraint: &str) {
        self.broken.push(broken(member, value, constraint));
    }

    /// The member must be there.
    pub(super) fn required<T>(&mut self, member: &str, value: Option<&T>) {
        if value.is_none() {
            self.broken.push(null(member));
        }
    }

    /// Characters of a text.
    pub(super) fn length(&mut self, member: &str, value: &str, least: usize, most: usize) {
        self.size(member, value, value.chars().count(), least, most);
    }

    /// Items of a list, or whatever else has a size; `shown` is its value in the sentence.
    pub(super) fn size(&mut self, member: &str, shown: &str, size: usize, least: usize, most: usize) {
        if size > most {
            let constraint = format!("Member must have length less than or equal to {most}");
            self.broken(member, shown, &constraint);
        }
        if size < least {
            let constraint = format!("Member must have length greater than or equal to {least}");
            self.broken(member, shown, &constraint);
        }
    }

    pub(super) fn pattern(&mut self, member: &str, value: &str, fits: bool, pattern: &str) {
        if !fits {
            let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
            self.broken(member, value, &constraint);
        }
    }

    pub(super) fn between(&mut self, member: &str, value: Option<i64>, least: i64, most: i64) {
        let Some(value) = value else { return };
        let constraint = match value {
            _ if value < least => format!("Member must have value greater than or equal to {least}"),
            _ if value > most => format!("Member must have value less than or equal to {most}"),
            _ => return,
        };
        self.broken(member, &value.to_string(), &constraint);
    }

    pub(super) fn one_of(&mut self, member: &str, value: Option<&str>, all: &[&str]) {
        if let Some(value) = value.filter(|value| !all.contains(value)) {
            let constraint = format!("Member must satisfy enum value set: [{}]", all.join(", "));
            self.broken(member, value, &constraint);
        }
    }

    /// Keys and values of a map, each with the list of its constraints as AWS shows it.
    pub(super) fn map(
        &mut self,
        member: &str,
        map: &BTreeMap<String, String>,
        (key_fits, keys): (impl Fn(&str) -> bool, &str),
        (value_fits, values): (impl Fn(&str) -> bool, &str),
    ) {
        let shown = || {
            let pairs: Vec<String> = map.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("{{{}}}", pairs.join(", "))
        };
        if !map.keys().all(|key| key_fits(key)) {
            let constraint = format!("Map keys must satisfy constraint: [{keys}]");
            self.broken(member, &shown(), &constraint);
        }
        if !map.values().all(|value| value_fits(value)) {
            let constraint = format!("Map value must satisfy constraint: [{values}]");
            self.broken(member, &shown(), &constraint);
        }
    }

    /// A sentence of its own, where AWS leaves the value out.
    pub(super) fn sentence(&mut self, sentence: impl Into<String>) {
        self.broken.push(sentence.into());
    }

    /// The refusal, if anything is broken.
    pub(super) fn verdict(self) -> Result<(), Fault> {
        match self.broken.is_empty() {
            true => Ok(()),
            false => Err(Fault::validations(Service::Lambda, &self.broken)),
        }
    }
}

fn null(member: &str) -> String {
    format!("Value null at '{member}' failed to satisfy constraint: Member must not be null")
}

/// Letters, digits and what `more` names besides, and not nothing: `[a-zA-Z0-9…]+`.
pub(super) fn is_word(text: &str, more: &[u8]) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
}

/// `[0-9]+`
pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
