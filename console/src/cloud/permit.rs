//! The leave to change the cloud. Every call of [`Cloud`](super::Cloud) that changes something takes a [`Permit`], and the
//! only way to one refuses what is read-only: so nothing can be changed past that guard, by no key and no command.
//!
//! The permit also takes down what was done, as the `aws` commands that would have done the same.

use std::sync::{Mutex, PoisonError};

use crate::domain::{EnvVars, Problem, Progress, StageName};
use crate::settings::Settings;

/// Leave to change some stages, for one change.
pub(crate) struct Permit<'a> {
    tell: &'a (dyn Fn(Progress) + Send + Sync),
    commands: Mutex<Vec<String>>,
}

impl<'a> Permit<'a> {
    /// Gives leave to change `stages`, unless one of them is read-only. What is done is told to `tell`.
    pub(crate) fn grant(
        settings: &Settings,
        stages: &[StageName],
        tell: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Result<Permit<'a>, Problem> {
        if let Some(stage) = stages.iter().find(|stage| settings.read_only(**stage)) {
            return Err(Problem::new(format!("{stage} is read-only: nothing was changed"))
                .because("--read-only was given, or `read_only = true` stands in callboard.toml")
                .fix("take it away if this change is meant"));
        }
        Ok(Permit { tell, commands: Mutex::new(Vec::new()) })
    }

    /// Takes down what was done: the words of a command, `aws` left out.
    pub(super) fn did(&self, words: &[&str]) {
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let command = format!("aws {}", words.join(" "));
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).push(command.clone());
        (self.tell)(Progress::Did(command));
    }

    /// All that was done, in its order.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// `--environment`'s argument, with every value but that of ENV (the stage's own name) left out.
pub(super) fn environment_argument(env: &EnvVars) -> String {
    let pair = |(key, value): (&String, &String)| match key.as_str() {
        "ENV" => format!("{key}={value}"),
        _ => format!("{key}=…"),
    };
    format!("Variables={{{}}}", env.0.iter().map(pair).collect::<Vec<_>>().join(","))
}

// As a POSIX shell takes it.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,@+%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_command_is_as_a_shell_takes_it_and_holds_no_value() {
        let env = EnvVars(BTreeMap::from([
            ("ENV".to_owned(), "prod".to_owned()),
            ("PASSWORD".to_owned(), "hunter2".to_owned()),
        ]));
        assert_eq!(environment_argument(&env), "Variables={ENV=prod,PASSWORD=…}");
        assert_eq!(quoted("a-b_c.d/e:f@g"), "a-b_c.d/e:f@g");
        assert_eq!(quoted("it's $(x)"), r"'it'\''s $(x)'");
        assert_eq!(quoted(""), "''");
    }
}
