//! What a schema may not have: told when a model is made, not when a request meets it.

use fancy_regex::Regex;
use serde_json::{Map, Value};

use super::{Reference, reference};

/// Keywords of draft 4, and those that only describe.
const KEYWORDS: [&str; 38] = [
    "$ref",
    "$schema",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "default",
    "definitions",
    "dependencies",
    "description",
    "enum",
    "example",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "id",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "properties",
    "readOnly",
    "required",
    "title",
    "type",
    "uniqueItems",
    "xml",
];

/// What keeps a schema from being one, in API Gateway's words where they are known; `is_model` knows the API's models by name.
pub(crate) fn mistake(schema: &Value, is_model: impl Fn(&str) -> bool) -> Option<String> {
    let mut unknown = Vec::new();
    let mut mistake = None;
    each(schema, &mut |rules| {
        unknown.extend(rules.keys().filter(|keyword| !KEYWORDS.contains(&keyword.as_str())).cloned());
        let texts = ["pattern"].iter().filter_map(|keyword| rules.get(*keyword)?.as_str());
        let names = rules.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
        for pattern in texts.chain(names.map(|(name, _)| name.as_str())) {
            if Regex::new(pattern).is_err() {
                mistake = Some(format!("Invalid regular expression: {pattern}"));
            }
        }
        if let Some(given) = rules.get("$ref") {
            let fault = match reference(given) {
                None => Some("Model reference must be in canonical form".to_owned()),
                Some(Reference::Model(name)) if !is_model(name) => {
                    Some(format!("Invalid model reference specified: {name}"))
                }
                Some(Reference::Within(pointer)) if schema.pointer(pointer).is_none() => {
                    Some(format!("Unresolvable reference: #{pointer}"))
                }
                Some(_) => None,
            };
            mistake = fault.or(mistake.take());
        }
    });
    unknown.sort();
    unknown.dedup();
    match unknown.is_empty() {
        true => mistake,
        false => {
            let unknown = Value::from(unknown);
            Some(format!("Invalid model schema specified. Unsupported keyword(s): {unknown}"))
        }
    }
}

/// Each `$ref` of a schema.
pub(super) fn each_reference<'a>(schema: &'a Value, seen: &mut impl FnMut(&'a Value)) {
    each(schema, &mut |rules| {
        if let Some(reference) = rules.get("$ref") {
            seen(reference);
        }
    });
}

/// This schema and all within it; what `enum`, `default` and examples hold are values.
fn each<'a>(schema: &'a Value, seen: &mut impl FnMut(&'a Map<String, Value>)) {
    let Value::Object(rules) = schema else { return };
    seen(rules);
    for (keyword, rule) in rules {
        match (keyword.as_str(), rule) {
            ("properties" | "patternProperties" | "definitions" | "dependencies", Value::Object(schemas)) => {
                for schema in schemas.values() {
                    each(schema, seen);
                }
            }
            ("allOf" | "anyOf" | "oneOf" | "items", Value::Array(schemas)) => {
                for schema in schemas {
                    each(schema, seen);
                }
            }
            ("items" | "not" | "additionalItems" | "additionalProperties", schema) => each(schema, seen),
            _ => {}
        }
    }
}
