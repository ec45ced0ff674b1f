//! One record on its way through a query: an event, or a row of `stats`, with the fields that were computed for it.

use std::cell::OnceCell;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::lambda;
use super::value::Value;
use crate::account;

/// An event as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) group: Arc<str>,
    pub(crate) stream: Arc<str>,
    /// Counts all events of the account.
    pub(crate) number: u64,
    /// Epoch milliseconds.
    pub(crate) timestamp: i64,
    /// Epoch milliseconds.
    pub(crate) ingested: i64,
    pub(crate) message: Arc<str>,
}

/// A record.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub(super) event: Option<Source>,
    computed: Vec<(Arc<str>, Value)>,
    /// The JSON in the message, once somebody has asked for it.
    json: OnceCell<Option<Json>>,
}

impl Record {
    pub(super) fn of(event: Source) -> Record {
        Record { event: Some(event), ..Record::default() }
    }

    /// A computed field; it hides one of the same name.
    pub(super) fn set(&mut self, name: &str, value: Value) {
        match self.computed.iter_mut().find(|(known, _)| &**known == name) {
            Some((_, known)) => *known = value,
            None => self.computed.push((name.into(), value)),
        }
    }

    /// Drops what can be read anew, before the record is kept for long.
    pub(super) fn slim(&mut self) {
        self.json = OnceCell::new();
    }

    pub(super) fn field(&self, name: &str) -> Value {
        if let Some((_, value)) = self.computed.iter().find(|(known, _)| &**known == name) {
            return value.clone();
        }
        let Some(event) = &self.event else { return Value::Missing };
        match name {
            "@timestamp" => Value::Time(event.timestamp),
            "@ingestionTime" => Value::Time(event.ingested),
            "@message" => Value::Text(Arc::clone(&event.message)),
            "@logStream" => Value::Text(Arc::clone(&event.stream)),
            "@log" => Value::text(format!("{}:{}", account::ACCOUNT_ID, event.group)),
            "@ptr" => Value::text(pointer(event)),
            own if own.starts_with('@') && lambda::writes_to(&event.group) => {
                lambda::field(&event.message, own)
            }
            other => {
                let json = self.json.get_or_init(|| json(event));
                json.as_ref().map_or(Value::Missing, |json| within(json, other))
            }
        }
    }
}

/// Names one event; opaque to whoever gets it.
pub(super) fn pointer(event: &Source) -> String {
    STANDARD.encode(format!("{}/{}/{}", event.group, event.timestamp, event.number))
}

/// A message that is JSON; of Lambda's lines the first JSON object within it.
fn json(event: &Source) -> Option<Json> {
    let message = event.message.trim();
    let start = match lambda::writes_to(&event.group) {
        true => message.find('{')?,
        false => message.starts_with('{').then_some(0)?,
    };
    let mut parts = serde_json::Deserializer::from_str(&message[start..]).into_iter::<Json>();
    parts.next()?.ok().filter(Json::is_object)
}

/// The leaf under a path with dots; a name that holds dots itself is found too. Places in a list are numbers.
fn within(json: &Json, path: &str) -> Value {
    let step = |name: &str| match json {
        Json::Object(members) => members.get(name),
        Json::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    };
    if let Some(leaf) = step(path) {
        return match leaf {
            Json::String(text) => Value::text(text),
            Json::Number(number) => Value::text(number.to_string()),
            Json::Bool(holds) => Value::truth(*holds),
            Json::Null | Json::Array(_) | Json::Object(_) => Value::Missing,
        };
    }
    let dots = path.match_indices('.').map(|(at, _)| at);
    dots.filter_map(|at| Some(within(step(&path[..at])?, &path[at + 1..])))
        .find(|found| *found != Value::Missing)
        .unwrap_or(Value::Missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(group: &str, message: &str) -> Record {
        Record::of(Source {
            group: group.into(),
            stream: "s".into(),
            number: 1,
            timestamp: 0,
            ingested: 0,
            message: message.into(),
        })
    }

    #[test]
    fn json_is_found_by_its_path() {
        let record = record("g", r#" {"a": {"b": [1, {"c": "x"}]}, "d.e": {"f": true}, "n": null} "#);
        assert_eq!(record.field("a.b.0"), Value::text("1"));
        assert_eq!(record.field("a.b.1.c"), Value::text("x"));
        assert_eq!(record.field("d.e.f"), Value::Number(1.0));
        for missing in ["a", "a.b", "n", "a.b.2", "a.b.x", "", ".", "a."] {
            assert_eq!(record.field(missing), Value::Missing, "{missing}");
        }
    }

    #[test]
    fn json_within_a_line_is_for_lambda_alone() {
        let line = "2026-01-01 INFO {\"a\": 1} {\"a\": 2}";
        assert_eq!(record("/aws/lambda/f", line).field("a"), Value::text("1"));
        assert_eq!(record("other", line).field("a"), Value::Missing);
        assert_eq!(record("/aws/lambda/f", "broken {\"a\": ").field("a"), Value::Missing);
    }

    #[test]
    fn what_is_computed_hides_what_was_there() {
        let mut record = record("g", r#"{"a": 1}"#);
        record.set("a", Value::Number(2.0));
        record.set("a", Value::Number(3.0));
        assert_eq!(
            (record.field("a"), record.field("@message")),
            (Value::Number(3.0), Value::text(r#"{"a": 1}"#))
        );
        assert_eq!(record.field("@log"), Value::text("000000000000:g"));
    }
}
