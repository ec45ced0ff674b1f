//! `patchOperations`: JSON Patch as API Gateway has it.

use serde::Deserialize;

use super::bad_request;
use crate::wire::Service;
use crate::wire::fault::{Fault, broken};

#[derive(Deserialize)]
pub(super) struct Patch {
    #[serde(rename = "patchOperations", default)]
    pub(super) operations: Vec<Operation>,
}

#[derive(Deserialize)]
pub(super) struct Operation {
    #[serde(default)]
    pub(super) op: String,
    pub(super) path: Option<String>,
    pub(super) value: Option<String>,
    pub(super) from: Option<String>,
}

impl Patch {
    /// Refuses operations that JSON Patch does not have; `input` is what the model calls the operation's input.
    pub(super) fn check(&self, input: &str) -> Result<(), Fault> {
        let errors: Vec<String> = self
            .operations
            .iter()
            .enumerate()
            .filter(|(_, one)| {
                !["add", "remove", "move", "test", "replace", "copy"].contains(&one.op.as_str())
            })
            .map(|(index, one)| {
                broken(
                    &format!("{input}.patchOperations.{}.member.op", index + 1),
                    &one.op,
                    "Member must satisfy enum value set: [add, remove, move, test, replace, copy]",
                )
            })
            .collect();
        match errors.is_empty() {
            true => Ok(()),
            false => Err(Fault::validations(Service::ApiGateway, &errors)),
        }
    }
}

impl Operation {
    /// As it came; `null` when it did not.
    pub(super) fn path_text(&self) -> &str {
        self.path.as_deref().unwrap_or("null")
    }

    /// The parts of the path, with `~1` for `/` and `~0` for `~` undone.
    pub(super) fn segments(&self) -> Vec<String> {
        let path = self.path_text();
        let parts = path.strip_prefix('/').unwrap_or(path).split('/');
        parts.map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
    }

    /// The new value, which every operation but `remove` needs.
    pub(super) fn value(&self) -> Result<&str, Fault> {
        self.value
            .as_deref()
            .ok_or_else(|| bad_request(format!("Invalid null value for {}", self.path_text())))
    }

    /// The new value, of which nothing is left when it is empty.
    pub(super) fn text(&self) -> Option<String> {
        self.value.clone().filter(|value| !value.is_empty())
    }

    /// The new value as a switch: whatever is not `true` is off (recorded).
    pub(super) fn is_on(&self) -> bool {
        self.value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Refuses operations other than `replace`.
    pub(super) fn replaces(&self) -> Result<(), Fault> {
        match self.op.as_str() {
            "replace" => Ok(()),
            _ => Err(bad_request("Invalid patch operation specified. Must be one of: [replace]")),
        }
    }

    /// The path as most updates refuse it: with the ones that they know for the operation.
    pub(super) fn unknown(&self, legal: &[(&str, &[&str])]) -> Fault {
        let path = self.path_text();
        let known = legal.iter().find(|(op, _)| *op == self.op).map(|(_, paths)| paths.join(", "));
        let rest = match known {
            Some(paths) => format!("Must be one of: [{paths}]"),
            None => "Please choose supported operations".to_owned(),
        };
        bad_request(format!("Invalid patch path  '{path}' specified for op '{}'. {rest}", self.op))
    }

    /// The path as the updates of methods and of gateway responses refuse it.
    pub(super) fn invalid(&self) -> Fault {
        bad_request(format!("Invalid patch path {}", self.path_text()))
    }

    /// Puts the value into a map or takes it out; `value` reads it. What is replaced has to be there.
    pub(super) fn change<T>(
        &self,
        map: &mut std::collections::BTreeMap<String, T>,
        key: &str,
        value: impl FnOnce(&Operation) -> Result<T, Fault>,
    ) -> Result<(), Fault> {
        match self.op.as_str() {
            "replace" if !map.contains_key(key) => Err(super::not_found("Invalid parameter name specified")),
            "add" | "replace" => {
                map.insert(key.to_owned(), value(self)?);
                Ok(())
            }
            "remove" => {
                map.remove(key);
                Ok(())
            }
            _ => Err(bad_request("Invalid patch operation specified. Must be 'add'|'remove'|'replace'")),
        }
    }
}
