//! What each keyword asks for.

use fancy_regex::Regex;
use serde_json::{Map, Value};

use super::{Schema, Unusable};

impl Schema<'_> {
    /// What a value does not fit of one keyword. A keyword of objects, arrays, texts or numbers says nothing of other values.
    pub(super) fn keyword(
        self,
        keyword: &str,
        rule: &Value,
        rules: &Map<String, Value>,
        value: &Value,
        complaints: &mut Vec<String>,
    ) -> Result<(), Unusable> {
        match (keyword, value) {
            ("type", _) => complaints.extend(type_of(rule, value)),
            ("enum", _) if !rule.as_array().is_some_and(|values| values.contains(value)) => {
                complaints
                    .push(format!("instance value ({value}) not found in enum (possible values: {rule})"));
            }
            ("allOf" | "anyOf" | "oneOf", _) => complaints.extend(self.of_several(keyword, rule, value)?),
            ("not", _) if self.below(rule).fits(value)? => {
                complaints.push("instance matched a schema which it should not have".to_owned());
            }
            (_, Value::Object(members)) => return self.of_object(keyword, rule, rules, members, complaints),
            (_, Value::Array(items)) => return self.of_array(keyword, rule, rules, items, complaints),
            (_, Value::String(text)) => complaints.extend(of_text(keyword, rule, text)?),
            (_, Value::Number(number)) => {
                complaints.extend(of_number(keyword, rule, rules, number.as_f64().unwrap_or(f64::NAN)));
            }
            _ => {}
        }
        Ok(())
    }

    fn of_several(self, keyword: &str, rule: &Value, value: &Value) -> Result<Option<String>, Unusable> {
        let schemas = rule.as_array().map(Vec::as_slice).unwrap_or_default();
        let (all, mut fitting) = (schemas.len(), 0);
        for schema in schemas {
            fitting += usize::from(self.below(schema).fits(value)?);
        }
        Ok(match keyword {
            "allOf" if fitting < all => Some(format!(
                "instance failed to match all required schemas (matched only {fitting} out of {all})"
            )),
            "anyOf" if fitting == 0 => {
                Some(format!("instance failed to match at least one required schema among {all}"))
            }
            "oneOf" if fitting != 1 => {
                Some(format!("instance failed to match exactly one schema (matched {fitting} out of {all})"))
            }
            _ => None,
        })
    }

    fn of_object(
        self,
        keyword: &str,
        rule: &Value,
        rules: &Map<String, Value>,
        members: &Map<String, Value>,
        complaints: &mut Vec<String>,
    ) -> Result<(), Unusable> {
        match keyword {
            "properties" => {
                for (name, schema) in rule.as_object().into_iter().flatten() {
                    if let Some(member) = members.get(name) {
                        complaints.extend(self.below(schema).complaints(member)?);
                    }
                }
            }
            "patternProperties" => {
                for (pattern, schema) in rule.as_object().into_iter().flatten() {
                    for (name, member) in members {
                        if matches(pattern, name)? {
                            complaints.extend(self.below(schema).complaints(member)?);
                        }
                    }
                }
            }
            "additionalProperties" => {
                let mut refused = Vec::new();
                for (name, member) in members {
                    if !is_declared(rules, name)? {
                        match rule {
                            Value::Bool(false) => refused.push(name.as_str()),
                            schema => complaints.extend(self.below(schema).complaints(member)?),
                        }
                    }
                }
                if !refused.is_empty() {
                    let refused = Value::from(refused);
                    complaints.push(format!(
                        "object instance has properties which are not allowed by the schema: {refused}"
                    ));
                }
            }
            "required" => {
                let missing = missing(rule, members);
                if !missing.is_empty() {
                    complaints
                        .push(format!("object has missing required properties ({})", Value::from(missing)));
                }
            }
            "dependencies" => {
                for (name, wanted) in rule.as_object().into_iter().flatten() {
                    let missing = missing(wanted, members);
                    match wanted {
                        _ if !members.contains_key(name) => {}
                        Value::Array(_) if !missing.is_empty() => complaints.push(format!(
                            "property \"{name}\" of object has missing property dependencies (schema requires {wanted}; missing: {})",
                            Value::from(missing)
                        )),
                        schema => {
                            let whole = Value::Object(members.clone());
                            complaints.extend(self.below(schema).complaints(&whole)?);
                        }
                    }
                }
            }
            bound => {
                let count = members.len();
                complaints.extend(out_of_bounds(bound, rule, count, |least, bound| match least {
                    true => format!("object has too few properties (found {count} but schema requires at least {bound})"),
                    false => format!("object has too many properties (found {count} but schema requires at most {bound})"),
                }, "Properties"));
            }
        }
        Ok(())
    }

    fn of_array(
        self,
        keyword: &str,
        rule: &Value,
        rules: &Map<String, Value>,
        items: &[Value],
        complaints: &mut Vec<String>,
    ) -> Result<(), Unusable> {
        match (keyword, rule) {
            ("items", Value::Array(schemas)) => {
                for (schema, item) in schemas.iter().zip(items) {
                    complaints.extend(self.below(schema).complaints(item)?);
                }
            }
            ("items", schema) => {
                for item in items {
                    complaints.extend(self.below(schema).complaints(item)?);
                }
            }
            ("additionalItems", _) => {
                let Some(Value::Array(declared)) = rules.get("items") else { return Ok(()) };
                for item in items.iter().skip(declared.len()) {
                    if *rule == Value::Bool(false) {
                        let (found, allowed) = (items.len(), declared.len());
                        complaints.push(format!(
                            "object array has too many elements (found {found} but schema allows only {allowed})"
                        ));
                        break;
                    }
                    complaints.extend(self.below(rule).complaints(item)?);
                }
            }
            ("uniqueItems", Value::Bool(true)) => {
                if items.iter().enumerate().any(|(at, item)| items[..at].contains(item)) {
                    complaints.push("array must not contain duplicate elements".to_owned());
                }
            }
            (bound, _) => {
                let count = items.len();
                complaints.extend(out_of_bounds(bound, rule, count, |least, bound| match least {
                    true => format!("array is too short: must have at least {bound} elements but instance has {count} elements"),
                    false => format!("array is too long: must have at most {bound} elements but instance has {count} elements"),
                }, "Items"));
            }
        }
        Ok(())
    }
}

fn type_of(rule: &Value, value: &Value) -> Option<String> {
    let mut allowed: Vec<&str> = match rule {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    let is_integer = value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let kind = match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) if is_integer => "integer",
        Value::Number(_) => "number",
        Value::Bool(_) => "boolean",
        Value::Null => "null",
    };
    if allowed.contains(&"number") {
        allowed.push("integer");
    }
    allowed.sort_unstable();
    allowed.dedup();
    (!allowed.contains(&kind)).then(|| {
        let allowed = Value::from(allowed);
        format!("instance type ({kind}) does not match any allowed primitive type (allowed: {allowed})")
    })
}

fn missing<'a>(wanted: &'a Value, members: &Map<String, Value>) -> Vec<&'a str> {
    let names = wanted.as_array().into_iter().flatten().filter_map(Value::as_str);
    names.filter(|name| !members.contains_key(*name)).collect()
}

fn is_declared(rules: &Map<String, Value>, name: &str) -> Result<bool, Unusable> {
    let members = |keyword: &str| rules.get(keyword).and_then(Value::as_object).into_iter().flatten();
    for (pattern, _) in members("patternProperties") {
        if matches(pattern, name)? {
            return Ok(true);
        }
    }
    Ok(members("properties").any(|(declared, _)| declared == name))
}

/// Regular expressions are ECMA 262's, which look ahead and back.
fn matches(pattern: &str, text: &str) -> Result<bool, Unusable> {
    Regex::new(pattern).and_then(|pattern| pattern.is_match(text)).map_err(|_| format!("pattern {pattern}"))
}

fn of_text(keyword: &str, rule: &Value, text: &str) -> Result<Option<String>, Unusable> {
    if let ("pattern", Some(pattern)) = (keyword, rule.as_str()) {
        return Ok((!matches(pattern, text)?)
            .then(|| format!("ECMA 262 regex {rule} does not match input string {}", Value::from(text))));
    }
    let (count, text) = (text.chars().count(), Value::from(text));
    let complaint = |least, bound| match least {
        true => format!("string {text} is too short (length: {count}, required minimum: {bound})"),
        false => format!("string {text} is too long (length: {count}, maximum allowed: {bound})"),
    };
    Ok(out_of_bounds(keyword, rule, count, complaint, "Length"))
}

fn of_number(keyword: &str, rule: &Value, rules: &Map<String, Value>, number: f64) -> Option<String> {
    let bound = rule.as_f64()?;
    let exclusive = |flag: &str| rules.get(flag) == Some(&Value::Bool(true));
    match keyword {
        "minimum" if number < bound => Some(format!(
            "numeric instance is lower than the required minimum (minimum: {rule}, found: {number})"
        )),
        "minimum" if number == bound && exclusive("exclusiveMinimum") => {
            Some(format!("numeric instance is not strictly greater than the required minimum {rule}"))
        }
        "maximum" if number > bound => Some(format!(
            "numeric instance is greater than the required maximum (maximum: {rule}, found: {number})"
        )),
        "maximum" if number == bound && exclusive("exclusiveMaximum") => {
            Some(format!("numeric instance is not strictly lower than the required maximum {rule}"))
        }
        "multipleOf" if (number / bound).fract() != 0.0 => {
            Some(format!("remainder of division is not zero ({number} / {rule})"))
        }
        _ => None,
    }
}

/// `minThing` and `maxThing`; `complaint` is told whether it is the least that was missed, and which.
fn out_of_bounds(
    keyword: &str,
    rule: &Value,
    count: usize,
    complaint: impl FnOnce(bool, u64) -> String,
    thing: &str,
) -> Option<String> {
    let bound = rule.as_u64()?;
    let count = count as u64;
    match keyword.strip_suffix(thing)? {
        "min" if count < bound => Some(complaint(true, bound)),
        "max" if count > bound => Some(complaint(false, bound)),
        _ => None,
    }
}
