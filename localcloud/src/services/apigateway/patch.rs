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
}
