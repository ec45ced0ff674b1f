//! A stage's file against what is deployed, key by key.

use std::collections::BTreeSet;

use crate::domain::{EnvDiff, EnvKey, EnvKeyState, EnvVars};

/// Compares what a deploy would set (`file`) with what the function has (`deployed`; `None` before the first deploy).
/// Sorted by key; values are compared and not kept.
pub fn diff(file: &EnvVars, deployed: Option<&EnvVars>) -> EnvDiff {
    let nothing = EnvVars::default();
    let deployed = deployed.unwrap_or(&nothing);
    let keys: BTreeSet<&String> = file.0.keys().chain(deployed.0.keys()).collect();
    let keys = keys
        .into_iter()
        .filter_map(|key| {
            let [file, deployed] = [file, deployed].map(|env| env.0.get(key).map(String::as_str));
            Some(EnvKey { key: key.clone(), state: state(file, deployed)? })
        })
        .collect();
    EnvDiff { keys, problem: None }
}

/// How a key stands with these values; `None` where neither side has it.
pub fn state(file: Option<&str>, deployed: Option<&str>) -> Option<EnvKeyState> {
    Some(match (file, deployed) {
        (Some(new), Some(old)) if new == old => EnvKeyState::InStep,
        (Some(_), Some(_)) => EnvKeyState::Changed,
        (Some(_), None) => EnvKeyState::OnlyInFile,
        (None, Some(_)) => EnvKeyState::OnlyDeployed,
        (None, None) => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_key_of_either_side_once() {
        let vars = |pairs: &[(&str, &str)]| {
            EnvVars(pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect::<BTreeMap<_, _>>())
        };
        let file = vars(&[("A1", "same"), ("B1", "new"), ("C1", "added")]);
        let deployed = vars(&[("A1", "same"), ("B1", "old"), ("D1", "gone")]);
        let states: Vec<_> = diff(&file, Some(&deployed)).keys.into_iter().map(|key| key.state).collect();
        assert_eq!(
            states,
            [EnvKeyState::InStep, EnvKeyState::Changed, EnvKeyState::OnlyInFile, EnvKeyState::OnlyDeployed]
        );
        assert_eq!(diff(&file, None).count(EnvKeyState::OnlyInFile), 3);
    }
}
