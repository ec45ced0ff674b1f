//! A few members of a JSON line. Each line that comes, and each that is shown, is asked for few: to read all of it takes several
//! times as long.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{Deserialize, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::json::{LEVELS, MESSAGES, REQUEST_IDS};

/// What [`super::json::level`] and [`super::json::platform_level`] look at.
pub(super) fn head(raw: &str) -> Option<Map<String, Value>> {
    members(raw, |name| LEVELS.contains(&name) || matches!(name, "type" | "record" | "log" | "errorType"))
}

/// What is shown of a line, its request id, and what [`head`] gives.
pub(super) fn shown(raw: &str) -> Option<Map<String, Value>> {
    members(raw, |name| {
        matches!(name, "type" | "record" | "log" | "errorType" | "errorMessage" | "span" | "spans" | "fields")
            || LEVELS.contains(&name)
            || MESSAGES.contains(&name)
            || REQUEST_IDS.contains(&name)
    })
}

/// Those members of `raw` that are wanted, as reading all of it would give them; `None` if it is no JSON object.
fn members(raw: &str, wanted: fn(&str) -> bool) -> Option<Map<String, Value>> {
    if !raw.starts_with('{') {
        return None;
    }
    let mut reader = serde_json::Deserializer::from_str(raw);
    let members = reader.deserialize_map(Members { wanted }).ok()?;
    reader.end().ok()?;
    Some(members)
}

struct Members {
    wanted: fn(&str) -> bool,
}

impl<'de> Visitor<'de> for Members {
    type Value = Map<String, Value>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = Map::new();
        while let Some(Name(name)) = members.next_key()? {
            if (self.wanted)(&name) {
                found.insert(name.into_owned(), members.next_value()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// A member's name, not copied where it is written without escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}
