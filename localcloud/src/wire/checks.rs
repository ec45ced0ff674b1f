//! The constraints that a service's model puts on members, checked all at once and refused in AWS's words.

use regex::Regex;

use super::Service;
use super::fault::{Fault, broken};

/// What of an input is not as the model has it. Members are named as AWS names them: `logGroupName`, `tags.1.member.key`.
#[derive(Debug)]
pub(crate) struct Checks {
    service: Service,
    broken: Vec<String>,
}

impl Checks {
    pub(crate) fn new(service: Service) -> Checks {
        Checks { service, broken: Vec::new() }
    }

    fn add(&mut self, member: &str, value: &str, constraint: &str) {
        self.broken.push(broken(member, value, constraint));
    }

    /// A text's length in characters.
    pub(crate) fn length(&mut self, member: &str, value: &str, least: usize, most: usize) -> &mut Checks {
        let length = value.chars().count();
        if length < least {
            self.add(member, value, &format!("Member must have length greater than or equal to {least}"));
        }
        if length > most {
            self.add(member, value, &format!("Member must have length less than or equal to {most}"));
        }
        self
    }

    /// A text as a whole; `pattern` is one of our own, so one that does not compile matches nothing and shows at once.
    pub(crate) fn pattern(&mut self, member: &str, value: &str, pattern: &str) -> &mut Checks {
        if !Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|compiled| compiled.is_match(value)) {
            self.add(member, value, &format!("Member must satisfy regular expression pattern: {pattern}"));
        }
        self
    }

    /// One of the values that the model lists.
    pub(crate) fn one_of(&mut self, member: &str, value: &str, known: &[&str]) -> &mut Checks {
        if !known.contains(&value) {
            let known = known.join(", ");
            self.add(member, value, &format!("Member must satisfy enum value set: [{known}]"));
        }
        self
    }

    /// A number.
    pub(crate) fn range(&mut self, member: &str, value: i64, least: i64, most: i64) -> &mut Checks {
        if value < least {
            let constraint = format!("Member must have value greater than or equal to {least}");
            self.add(member, &value.to_string(), &constraint);
        }
        if value > most {
            let constraint = format!("Member must have value less than or equal to {most}");
            self.add(member, &value.to_string(), &constraint);
        }
        self
    }

    /// A list's length; `written` is the list as AWS writes it into the sentence.
    pub(crate) fn count(&mut self, member: &str, written: &str, count: usize, most: usize) -> &mut Checks {
        if count > most {
            self.add(member, written, &format!("Member must have length less than or equal to {most}"));
        }
        self
    }

    /// A list that is empty and must not be.
    pub(crate) fn least(&mut self, member: &str, least: usize) -> &mut Checks {
        self.add(member, "[]", &format!("Member must have length greater than or equal to {least}"));
        self
    }

    /// Refuses what was found.
    pub(crate) fn end(&self) -> Result<(), Fault> {
        match self.broken.is_empty() {
            true => Ok(()),
            false => Err(Fault::validations(self.service, &self.broken)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let mut checks = Checks::new(Service::Sts);
        checks.length("roleArn", "x", 20, 2048).pattern("roleSessionName", "a:b", r"[\w+=,.@-]*");
        checks.range("durationSeconds", 60, 900, 43_200).one_of("state", "ALARM", &["ALARM", "OK"]);
        let fault = checks.end().unwrap_err();
        assert_eq!(
            (&*fault.code, fault.message.as_str()),
            (
                "ValidationError",
                "3 validation errors detected: Value 'x' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20; \
                 Value 'a:b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*; \
                 Value '60' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"
            )
        );
        assert!(Checks::new(Service::Iam).length("userName", "kim", 1, 64).end().is_ok());
    }
}
