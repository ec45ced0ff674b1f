//! Whether a body fits a model: JSON schema, draft 4, without references.

use regex::Regex;
use serde_json::{Map, Value};

/// Keywords that say nothing of what fits. Draft 4 leaves it open whether `format` is checked; API Gateway does not.
const NOTES: [&str; 9] =
    ["$schema", "id", "title", "description", "default", "definitions", "example", "examples", "format"];

/// Whether a value fits a schema. Fails with the keyword that is not offered here.
pub(super) fn fits(schema: &Value, value: &Value) -> Result<bool, String> {
    let Value::Object(rules) = schema else { return Ok(true) };
    for (keyword, rule) in rules {
        let fit = match value {
            _ if NOTES.contains(&keyword.as_str()) => true,
            Value::Object(members) if is_of_objects(keyword) => of_object(keyword, rule, rules, members)?,
            Value::Array(items) if is_of_arrays(keyword) => of_array(keyword, rule, items)?,
            Value::String(text) if is_of_texts(keyword) => of_text(keyword, rule, text)?,
            Value::Number(number) if is_of_numbers(keyword) => {
                of_number(keyword, rule, rules, number.as_f64().unwrap_or(f64::NAN))
            }
            _ if is_of_objects(keyword) || is_of_arrays(keyword) => true,
            _ if is_of_texts(keyword) || is_of_numbers(keyword) => true,
            _ => of_any(keyword, rule, value)?,
        };
        if !fit {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_of_objects(keyword: &str) -> bool {
    ["properties", "required", "additionalProperties", "minProperties", "maxProperties"].contains(&keyword)
}

fn is_of_arrays(keyword: &str) -> bool {
    ["items", "minItems", "maxItems", "uniqueItems"].contains(&keyword)
}

fn is_of_texts(keyword: &str) -> bool {
    ["minLength", "maxLength", "pattern"].contains(&keyword)
}

fn is_of_numbers(keyword: &str) -> bool {
    ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"].contains(&keyword)
}

fn of_any(keyword: &str, rule: &Value, value: &Value) -> Result<bool, String> {
    let all = rule.as_array().map(Vec::as_slice).unwrap_or_default();
    let fitting =
        || all.iter().try_fold(0, |count, schema| Ok::<_, String>(count + usize::from(fits(schema, value)?)));
    Ok(match keyword {
        "type" => match rule {
            Value::Array(kinds) => kinds.iter().any(|kind| is_a(kind, value)),
            kind => is_a(kind, value),
        },
        "enum" => all.contains(value),
        "allOf" => fitting()? == all.len(),
        "anyOf" => fitting()? > 0,
        "oneOf" => fitting()? == 1,
        "not" => !fits(rule, value)?,
        other => return Err(other.to_owned()),
    })
}

fn is_a(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap_or_default() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}

fn of_object(
    keyword: &str,
    rule: &Value,
    rules: &Map<String, Value>,
    members: &Map<String, Value>,
) -> Result<bool, String> {
    let declared = rules.get("properties").and_then(Value::as_object);
    match keyword {
        "properties" => {
            for (name, schema) in declared.into_iter().flatten() {
                if members.get(name).map(|member| fits(schema, member)).transpose()? == Some(false) {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        "additionalProperties" => {
            let is_more = |name: &str| declared.is_none_or(|declared| !declared.contains_key(name));
            for (_, member) in members.iter().filter(|(name, _)| is_more(name)) {
                if *rule == Value::Bool(false) || !fits(rule, member)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        "required" => Ok(rule
            .as_array()
            .into_iter()
            .flatten()
            .all(|name| name.as_str().is_none_or(|name| members.contains_key(name)))),
        bound => Ok(is_within(bound, rule, members.len())),
    }
}

fn of_array(keyword: &str, rule: &Value, items: &[Value]) -> Result<bool, String> {
    match (keyword, rule) {
        ("items", Value::Array(schemas)) => {
            let pairs = schemas.iter().zip(items);
            pairs.into_iter().try_fold(true, |all, (schema, item)| Ok(all && fits(schema, item)?))
        }
        ("items", schema) => items.iter().try_fold(true, |all, item| Ok(all && fits(schema, item)?)),
        ("uniqueItems", Value::Bool(true)) => {
            Ok(!items.iter().enumerate().any(|(at, item)| items[..at].contains(item)))
        }
        ("uniqueItems", _) => Ok(true),
        (bound, _) => Ok(is_within(bound, rule, items.len())),
    }
}

fn of_text(keyword: &str, rule: &Value, text: &str) -> Result<bool, String> {
    match (keyword, rule.as_str()) {
        ("pattern", Some(pattern)) => match Regex::new(pattern) {
            Ok(pattern) => Ok(pattern.is_match(text)),
            Err(_) => Err(format!("pattern {pattern}")),
        },
        (bound, _) => Ok(is_within(bound, rule, text.chars().count())),
    }
}

fn of_number(keyword: &str, rule: &Value, rules: &Map<String, Value>, number: f64) -> bool {
    let Some(bound) = rule.as_f64() else { return true };
    let exclusive = |flag: &str| rules.get(flag) == Some(&Value::Bool(true));
    match keyword {
        "minimum" if exclusive("exclusiveMinimum") => number > bound,
        "minimum" => number >= bound,
        "maximum" if exclusive("exclusiveMaximum") => number < bound,
        "maximum" => number <= bound,
        "multipleOf" => (number / bound).fract() == 0.0,
        _ => true,
    }
}

/// A bound whose name begins with `min` or `max`.
fn is_within(keyword: &str, rule: &Value, count: usize) -> bool {
    let Some(bound) = rule.as_u64() else { return true };
    let count = count as u64;
    if keyword.starts_with("min") { count >= bound } else { count <= bound }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_fit_or_do_not() {
        let thing = json!({"$schema": "http://json-schema.org/draft-04/schema#", "title": "T", "type": "object",
            "properties": {"a": {"type": "integer", "minimum": 1, "exclusiveMinimum": true},
                "tags": {"type": "array", "items": {"type": "string", "maxLength": 2}, "uniqueItems": true},
                "kind": {"enum": ["x", null]}, "code": {"pattern": "^[a-z]+$"}},
            "required": ["a"], "additionalProperties": false});
        for (value, expected) in [
            (json!({"a": 2}), true),
            (json!({"a": 2.0, "tags": ["ab", "c"], "kind": null, "code": "abc"}), true),
            (json!({}), false),
            (json!([]), false),
            (json!({"a": 1}), false),
            (json!({"a": 2.5}), false),
            (json!({"a": 2, "b": 1}), false),
            (json!({"a": 2, "tags": ["abc"]}), false),
            (json!({"a": 2, "tags": ["a", "a"]}), false),
            (json!({"a": 2, "kind": "y"}), false),
            (json!({"a": 2, "code": "A"}), false),
        ] {
            assert_eq!(fits(&thing, &value), Ok(expected), "{value}");
        }
        let either = json!({"oneOf": [{"type": "string"}, {"type": ["number", "null"], "maximum": 3}],
            "not": {"enum": ["no"]}});
        for (value, expected) in [
            (json!("yes"), true),
            (json!("no"), false),
            (json!(3), true),
            (json!(4), false),
            (json!(null), true),
        ] {
            assert_eq!(fits(&either, &value), Ok(expected), "{value}");
        }
    }

    #[test]
    fn what_is_not_offered_is_named() {
        let refers =
            json!({"properties": {"a": {"$ref": "https://apigateway.amazonaws.com/restapis/x/models/Y"}}});
        assert_eq!(fits(&refers, &json!({})), Ok(true));
        assert_eq!(fits(&refers, &json!({"a": 1})), Err("$ref".to_owned()));
    }
}
