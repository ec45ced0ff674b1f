//! A rule: which calls meet a fault, and which fault.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::registry;

/// The prefixes of operations: the services of the account, and the registry.
const SERVICES: [&str; 8] = ["sts", "iam", "ecr", "lambda", "apigateway", "logs", "cloudwatch", "registry"];

/// Which calls meet a fault, and which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// As AWS names it (`CreateRestApi`), with the service before it if need be (`lambda:GetFunction`); `*` stands for
    /// every operation, alone or of a service (`registry:*`).
    pub operation: String,
    /// The first of the matching calls that meets the fault, counted from 1 since the rule was set.
    #[serde(default = "first")]
    pub nth: u64,
    /// From then on every so many-th matching call meets it; 1, every one, unless said.
    #[serde(default = "first", skip_serializing_if = "is_one")]
    pub every: u64,
    /// How many calls meet it in all; no end unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What happens to them.
    pub effect: Effect,
}

fn first() -> u64 {
    1
}

fn is_one(every: &u64) -> bool {
    *every == 1
}

/// What happens to a call that meets a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// It is not done and answered with this error, written as its service writes errors.
    Error {
        /// The HTTP status, 400 to 599.
        status: u16,
        /// The error's code, such as `ServiceException`.
        code: String,
        /// A sentence.
        message: String,
    },
    /// It is not done and refused as its service refuses callers that are too fast.
    Throttle,
    /// It is not done and denied, in IAM's words for the action and the resource that it needs.
    Deny,
    /// It is not done: the caller's credentials have expired.
    Expired,
    /// It is not done, and its connection is closed without one byte of answer.
    CutBefore,
    /// It is done, and its connection is closed without one byte of answer.
    CutAfter,
    /// It is held, not done, until the rules are cleared or set anew, and then done; never if the client goes away.
    HoldBefore,
    /// It is done, and its answer is held until the rules are cleared or set anew.
    HoldAfter,
    /// It is done so many milliseconds later.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
}

/// A rule that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule {number}, for {operation:?}: {why}")]
pub struct BadRule {
    /// Which, counted from 1.
    pub number: usize,
    /// What it names.
    pub operation: String,
    /// What is wrong with it.
    pub why: String,
}

impl Rule {
    /// Every call of the operation meets the effect.
    pub fn on(operation: &str, effect: Effect) -> Rule {
        Rule { operation: operation.to_owned(), nth: first(), every: 1, times: None, effect }
    }

    /// Only from the `nth` matching call on.
    pub fn from_nth(self, nth: u64) -> Rule {
        Rule { nth, ..self }
    }

    /// Only every so many-th call of those, the first of them included.
    pub fn every(self, every: u64) -> Rule {
        Rule { every, ..self }
    }

    /// Only so many times.
    pub fn times(self, times: u64) -> Rule {
        Rule { times: Some(times), ..self }
    }

    /// The service, if one is named, and the operation.
    fn names(&self) -> (Option<&str>, &str) {
        match self.operation.split_once(':') {
            Some((service, operation)) => (Some(service), operation),
            None => (None, &self.operation),
        }
    }

    pub(super) fn matches(&self, service: &str, operation: &str) -> bool {
        let (of, wanted) = self.names();
        of.is_none_or(|of| of == service) && (wanted == "*" || wanted == operation)
    }

    /// Whether the matching call of that number, counted from 1, meets the fault.
    pub(super) fn is_due(&self, matched: u64) -> bool {
        let Some(since) = matched.checked_sub(self.nth) else { return false };
        since.is_multiple_of(self.every) && self.times.is_none_or(|times| since / self.every < times)
    }

    /// What is wrong with it.
    fn check(&self) -> Result<(), String> {
        let (service, operation) = self.names();
        if let Some(service) = service.filter(|service| !SERVICES.contains(service)) {
            return Err(format!("there is no service {service:?}, there are {}", SERVICES.join(", ")));
        }
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if operation != "*" && !is_name(operation) {
            return Err("this is not the name of an operation".to_owned());
        }
        let of_registry = registry::OPERATIONS;
        if service == Some("registry") && operation != "*" && !of_registry.contains(&operation) {
            return Err(format!("the registry's operations are {}", of_registry.join(", ")));
        }
        if self.nth == 0 {
            return Err("nth counts from 1".to_owned());
        }
        if self.every == 0 {
            return Err("every is at least 1".to_owned());
        }
        if self.times == Some(0) {
            return Err("times is at least 1".to_owned());
        }
        if let Effect::Error { status, code, .. } = &self.effect {
            if !(400..=599).contains(status) {
                return Err(format!("the status {status} is not one of an error (400 to 599)"));
            }
            if code.is_empty()
                || !code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            {
                return Err(format!("{code:?} is not the code of an error"));
            }
        }
        Ok(())
    }
}

/// The first of the rules that means nothing.
pub(super) fn check(rules: &[Rule]) -> Result<(), BadRule> {
    for (index, rule) in rules.iter().enumerate() {
        let operation = &rule.operation;
        rule.check().map_err(|why| BadRule { number: index + 1, operation: operation.clone(), why })?;
    }
    Ok(())
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.operation, self.effect)?;
        let last = |times: u64| self.nth.saturating_add((times - 1).saturating_mul(self.every));
        match (self.nth, self.times) {
            (1, None) => {}
            (nth, None) => write!(formatter, ", from call {nth} on")?,
            (nth, Some(1)) => return write!(formatter, ", call {nth} only"),
            (nth, Some(times)) => write!(formatter, ", calls {nth} to {}", last(times))?,
        }
        match self.every {
            1 => Ok(()),
            every => write!(formatter, ", one in {every}"),
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Effect::Error { status, code, .. } => write!(formatter, "error {status} {code}"),
            Effect::Throttle => formatter.write_str("throttle"),
            Effect::Deny => formatter.write_str("deny"),
            Effect::Expired => formatter.write_str("expired"),
            Effect::CutBefore => formatter.write_str("cut_before"),
            Effect::CutAfter => formatter.write_str("cut_after"),
            Effect::HoldBefore => formatter.write_str("hold_before"),
            Effect::HoldAfter => formatter.write_str("hold_after"),
            Effect::Delay { ms } => write!(formatter, "delay {ms} ms"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_match_with_and_without_their_service() {
        let matches = |rule: &str| Rule::on(rule, Effect::Throttle).matches("lambda", "GetFunction");
        for yes in ["GetFunction", "lambda:GetFunction", "lambda:*", "*"] {
            assert!(matches(yes), "{yes}");
        }
        for no in ["getfunction", "ecr:GetFunction", "ecr:*", "GetFunctionConfiguration", "lambda:"] {
            assert!(!matches(no), "{no}");
        }
    }

    #[test]
    fn a_rule_is_due_for_some_calls() {
        let due = |rule: Rule| (1..=9).filter(|matched| rule.is_due(*matched)).collect::<Vec<u64>>();
        let rule = || Rule::on("*", Effect::Throttle);
        assert_eq!(due(rule()), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(due(rule().from_nth(7)), [7, 8, 9]);
        assert_eq!(due(rule().times(1)), [1]);
        assert_eq!(due(rule().from_nth(2).times(2)), [2, 3]);
        assert_eq!(due(rule().from_nth(3).every(3)), [3, 6, 9]);
        assert_eq!(due(rule().every(4).times(2)), [1, 5]);
        let said = |rule: Rule| rule.to_string();
        assert_eq!(said(rule().from_nth(3).every(3)), "*: throttle, from call 3 on, one in 3");
        assert_eq!(said(rule().every(4).times(2)), "*: throttle, calls 1 to 5, one in 4");
        assert_eq!(said(rule().every(4)), "*: throttle, one in 4");
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let error =
            |status, code: &str| Effect::Error { status, code: code.to_owned(), message: String::new() };
        for (rule, why) in [
            (Rule::on("s3:GetObject", Effect::Throttle), "there is no service \"s3\""),
            (Rule::on("", Effect::Throttle), "not the name of an operation"),
            (Rule::on("lambda:", Effect::Throttle), "not the name of an operation"),
            (Rule::on("registry:PushBlob", Effect::Throttle), "the registry's operations are "),
            (Rule::on("*", Effect::Throttle).from_nth(0), "nth counts from 1"),
            (Rule::on("*", Effect::Throttle).every(0), "every is at least 1"),
            (Rule::on("*", Effect::Throttle).times(0), "times is at least 1"),
            (Rule::on("*", error(200, "Fine")), "the status 200"),
            (Rule::on("*", error(500, "no\r\nheader")), "not the code of an error"),
        ] {
            let said = rule.check().unwrap_err();
            assert!(said.contains(why), "{said}");
        }
        assert_eq!(Rule::on("registry:PutManifest", error(503, "UNAVAILABLE")).check(), Ok(()));
    }

    #[test]
    fn rules_as_json() {
        let rule = Rule::on("lambda:GetFunction", Effect::Delay { ms: 20 }).times(2);
        let text = r#"{"operation":"lambda:GetFunction","times":2,"effect":{"delay":{"ms":20}}}"#;
        assert_eq!(serde_json::from_str::<Rule>(text).unwrap(), rule);
        assert_eq!(serde_json::from_str::<Rule>(&serde_json::to_string(&rule).unwrap()).unwrap(), rule);
        let said = |text| serde_json::from_str::<Rule>(text).unwrap_err().to_string();
        assert!(said(r#"{"operation":"*","effect":"cut"}"#).contains("unknown variant `cut`"));
        assert!(said(r#"{"operation":"*","effect":"throttle","time":1}"#).contains("unknown field `time`"));
    }
}
