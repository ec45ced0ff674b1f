use std::collections::BTreeSet;

use serde::Serialize;

use crate::domain::{EnvKeyState, EnvVars, Function, Problem};
use crate::envfile::{self, StageFile};

/// A stage's file against its function. What is `null` is not known or not there.
#[derive(Serialize)]
pub(super) struct Compared {
    /// The file, from the project's root where it lies in it.
    file: String,
    /// The function's name.
    function: String,
    /// Whether there is a function.
    deployed: Option<bool>,
    /// Whether a deploy would change nothing of the environment.
    pub(super) in_step: Option<bool>,
    /// Every key of either side, sorted.
    pub(super) keys: Vec<Key>,
    /// Why the two cannot be compared: the file is refused, or AWS could not decrypt what is deployed.
    pub(super) problem: Option<Problem>,
}

/// One key. It has no `Debug`: it may hold values.
#[derive(Serialize)]
pub(super) struct Key {
    pub(super) key: String,
    pub(super) state: Option<EnvKeyState>,
    /// The file's value, where values were asked for.
    pub(super) file: Option<String>,
    /// The function's value, where values were asked for.
    pub(super) deployed: Option<String>,
}

impl Compared {
    /// `function` is `None` where nobody could be asked, and `Some(None)` where there is none.
    pub(super) fn of(
        file: &StageFile,
        name: String,
        function: Option<Option<&Function>>,
        reveal: bool,
    ) -> Compared {
        let wanted = file.env.as_ref().ok();
        let there = function.flatten().and_then(|function| function.env.as_ref());
        let undecrypted = function.flatten().is_some_and(|function| function.env.is_none());
        let known = wanted.is_some() && function.is_some() && !undecrypted;
        let names: BTreeSet<&String> =
            [wanted, there].into_iter().flatten().flat_map(|env| env.0.keys()).collect();
        let key = |key: &String| {
            let value = |env: Option<&EnvVars>| env.and_then(|env| env.0.get(key)).cloned();
            let (file, deployed) = (value(wanted), value(there));
            let state = if known { envfile::state(file.as_deref(), deployed.as_deref()) } else { None };
            let [file, deployed] = [file, deployed].map(|value| value.filter(|_| reveal));
            Key { key: key.clone(), state, file, deployed }
        };
        let keys: Vec<Key> = names.into_iter().map(key).collect();
        let in_step =
            there.filter(|_| known).map(|_| keys.iter().all(|key| key.state == Some(EnvKeyState::InStep)));
        let undecryptable = || {
            Problem::new(format!("AWS cannot decrypt the environment of {name}"))
                .fix("give the function's role and yourself kms:Decrypt on its KMS key")
        };
        Compared {
            file: file.path.display().to_string(),
            deployed: function.map(|function| function.is_some()),
            in_step,
            problem: file.env.as_ref().err().cloned().or_else(|| undecrypted.then(undecryptable)),
            keys,
            function: name,
        }
    }

    /// How they stand, for a person.
    pub(super) fn sentence(&self) -> String {
        let Compared { file, function, keys, .. } = self;
        let count = |state| keys.iter().filter(|key| key.state == Some(state)).count();
        match (self.in_step, self.deployed) {
            _ if self.problem.is_some() => format!("{file} and {function} cannot be compared"),
            (Some(true), _) => format!("{function} is in step with {file}, {} keys", keys.len()),
            (Some(false), _) => {
                let kinds = [
                    ("to delete", EnvKeyState::OnlyDeployed),
                    ("to change", EnvKeyState::Changed),
                    ("to add", EnvKeyState::OnlyInFile),
                ];
                let told = kinds.into_iter().map(|(word, state)| (word, count(state)));
                let told: Vec<String> = told
                    .filter(|(_, count)| *count > 0)
                    .map(|(word, count)| format!("{count} {word}"))
                    .collect();
                format!("{function} differs from {file}: {}", told.join(", "))
            }
            (None, Some(false)) => format!("nothing is deployed; {file} has {} keys", keys.len()),
            (None, _) => format!("{file} has {} keys; what is deployed is not known", keys.len()),
        }
    }
}
