//! Whether a body fits a model: JSON schema, draft 4. What does not fit is told in the words of the validator that API Gateway uses
//! (github.com/java-json-tools/json-schema-validator), as `$context.error.validationErrorString` shows them.

mod check;
mod keywords;

use std::collections::BTreeMap;

use serde_json::Value;

pub(crate) use self::check::mistake;
use crate::world::apis::Model;

/// How deep schemas may refer to one another without coming to an end.
const MAX_DEPTH: usize = 128;
/// What a reference to another model of the API begins with; then come the API's id, `/models/` and the model's name.
const MODELS: &str = "https://apigateway.amazonaws.com/restapis/";

/// A schema, what its references are looked for in, and how deep it lies.
#[derive(Clone, Copy)]
struct Schema<'a> {
    value: &'a Value,
    /// The document that `#` stands for.
    root: &'a Value,
    others: &'a BTreeMap<String, Value>,
    depth: usize,
}

/// Where a reference leads.
enum Reference<'a> {
    /// Into the same document: a JSON pointer.
    Within(&'a str),
    /// To a model of this name.
    Model(&'a str),
}

/// Why it cannot be said whether a value fits: a reference or a pattern that is none.
pub(super) type Unusable = String;

/// The models of an API, read once.
pub(super) fn documents(models: &BTreeMap<String, Model>) -> BTreeMap<String, Value> {
    let read =
        |model: &Model| serde_json::from_str(model.schema.as_deref().unwrap_or("{}")).unwrap_or_default();
    models.iter().map(|(name, model)| (name.clone(), read(model))).collect()
}

/// What of a value does not fit a model; empty when all does.
pub(super) fn complaints(
    models: &BTreeMap<String, Value>,
    name: &str,
    value: &Value,
) -> Result<Vec<String>, Unusable> {
    let Some(root) = models.get(name) else { return Ok(Vec::new()) };
    Schema { value: root, root, others: models, depth: 0 }.complaints(value)
}

impl<'a> Schema<'a> {
    fn complaints(self, value: &Value) -> Result<Vec<String>, Unusable> {
        let Value::Object(rules) = self.value else { return Ok(Vec::new()) };
        // Beside a reference nothing else counts.
        if let Some(reference) = rules.get("$ref") {
            return self.resolve(reference)?.complaints(value);
        }
        let mut complaints = Vec::new();
        for (keyword, rule) in rules {
            self.keyword(keyword, rule, rules, value, &mut complaints)?;
        }
        Ok(complaints)
    }

    fn fits(self, value: &Value) -> Result<bool, Unusable> {
        Ok(self.complaints(value)?.is_empty())
    }

    /// A schema within this one.
    fn below(self, value: &'a Value) -> Schema<'a> {
        Schema { value, ..self }
    }

    fn resolve(self, reference: &Value) -> Result<Schema<'a>, Unusable> {
        let unusable = || format!("$ref {reference}");
        if self.depth >= MAX_DEPTH {
            return Err(unusable());
        }
        let found = match self::reference(reference).ok_or_else(unusable)? {
            Reference::Within(pointer) => self.root.pointer(pointer).map(|value| (value, self.root)),
            Reference::Model(name) => self.others.get(name).map(|model| (model, model)),
        };
        let (value, root) = found.ok_or_else(unusable)?;
        Ok(Schema { value, root, depth: self.depth + 1, ..self })
    }
}

fn reference(reference: &Value) -> Option<Reference<'_>> {
    let text = reference.as_str()?;
    if let Some(pointer) = text.strip_prefix('#') {
        return Some(Reference::Within(pointer));
    }
    let (_, name) = text.strip_prefix(MODELS)?.split_once("/models/")?;
    Some(Reference::Model(name))
}

/// The models that a schema refers to.
pub(crate) fn named(schema: &Value) -> Vec<&str> {
    let mut names = Vec::new();
    check::each_reference(schema, &mut |given| {
        if let Some(Reference::Model(name)) = reference(given) {
            names.push(name);
        }
    });
    names
}

#[cfg(test)]
mod tests;
