//! JSON Schema, as an OpenAPI document holds it.

use std::error::Error;

use boon::{Compiler, Draft, UrlLoader};
use serde_json::Value;

use crate::domain::{Diagnosis, Fault, one_line};

/// Under which the document is known to the library; nothing is ever fetched.
const OWN: &str = "https://callboard.invalid/openapi.json";

/// The schemas of one document.
pub(super) struct Schemas {
    document: Value,
    draft: Draft,
}

/// A document may refer to files and URLs; a check opens neither.
struct Nothing;

impl UrlLoader for Nothing {
    fn load(&self, url: &str) -> Result<Value, Box<dyn Error>> {
        Err(format!("{} lies outside of the document", one_line(url, 100)).into())
    }
}

impl Schemas {
    /// `version` is the document's: 3.0 has a JSON Schema of its own, close to draft 4 with `nullable`; from 3.1 on it is
    /// draft 2020-12.
    pub(super) fn new(document: &Value, version: &str) -> Schemas {
        let mut document = document.clone();
        let old = version.starts_with("3.0");
        if old {
            allow_null(&mut document);
        }
        Schemas { document, draft: if old { Draft::V4 } else { Draft::V2020_12 } }
    }

    /// Whether `value` fits the schema at `place`, a JSON pointer.
    pub(super) fn check(&self, place: &str, value: &Value) -> Result<(), Fault> {
        let unusable = |error: String| {
            Fault::new(
                Diagnosis::OpenApiSchema,
                format!(
                    "the schema at #{place} of the OpenAPI document cannot be used: {}",
                    one_line(&error, 200)
                ),
                "correct the schema",
            )
        };
        let mut schemas = boon::Schemas::new();
        let mut compiler = Compiler::new();
        compiler.set_default_draft(self.draft);
        compiler.use_loader(Box::new(Nothing));
        compiler.add_resource(OWN, self.document.clone()).map_err(|error| unusable(error.to_string()))?;
        let index = compiler
            .compile(&format!("{OWN}#{place}"), &mut schemas)
            .map_err(|error| unusable(format!("{error:#}").replace(OWN, "")))?;
        schemas.validate(value, index).map_err(|error| {
            // The innermost mistakes are the ones that say something; the first is enough.
            let mut deepest = &error;
            while let Some(cause) = deepest.causes.first() {
                deepest = cause;
            }
            let at = deepest.instance_location.to_string();
            let at = if at.is_empty() { "the whole answer".to_owned() } else { at };
            Fault::new(
                Diagnosis::Schema,
                format!(
                    "the answer does not fit its schema: {at}: {}",
                    one_line(&deepest.kind.to_string(), 160)
                ),
                "correct the answer or the OpenAPI document: clients are made from it",
            )
        })
    }
}

/// `nullable: true` beside a `type` also allows null (OpenAPI 3.0.3, 4.7.24.1).
fn allow_null(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.get("nullable") == Some(&Value::Bool(true))
                && let Some(kind @ Value::String(_)) = members.get("type").cloned()
            {
                members.insert("type".to_owned(), Value::Array(vec![kind, "null".into()]));
                if let Some(Value::Array(allowed)) = members.get_mut("enum")
                    && !allowed.contains(&Value::Null)
                {
                    allowed.push(Value::Null);
                }
            }
            members.values_mut().for_each(allow_null);
        }
        Value::Array(members) => members.iter_mut().for_each(allow_null),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(version: &str, schema: Value, value: &Value) -> Result<(), (Diagnosis, String)> {
        let document = json!({
            "openapi": version,
            "components": {"schemas": {"Item": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}}},
            "paths": {"/a": {"get": {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}}}
        });
        let place = "/paths/~1a/get/responses/200/content/application~1json/schema";
        Schemas::new(&document, version).check(place, value).map_err(|fault| (fault.diagnosis, fault.cause))
    }

    #[test]
    fn an_answer_fits_or_the_place_is_named() {
        let list = json!({"type": "array", "items": {"$ref": "#/components/schemas/Item"}});
        assert_eq!(found("3.1.0", list.clone(), &json!([{"id": 1}])), Ok(()));
        let (diagnosis, cause) =
            found("3.1.0", list.clone(), &json!([{"id": 1}, {"id": "2"}])).expect_err("no number");
        assert_eq!(diagnosis, Diagnosis::Schema);
        assert!(cause.contains("/1/id"), "{cause}");
        let (_, cause) = found("3.0.3", list, &json!([{}])).expect_err("no id");
        assert!(cause.contains("id"), "{cause}");
        assert_eq!(found("3.1.0", json!({}), &json!("anything")), Ok(()));
    }

    #[test]
    fn the_older_openapi_has_its_own_words() {
        let old = json!({"type": "string", "nullable": true, "enum": ["a"]});
        assert_eq!(found("3.0.3", old.clone(), &Value::Null), Ok(()));
        assert!(found("3.1.0", old, &Value::Null).is_err());
        let least = json!({"type": "number", "minimum": 1, "exclusiveMinimum": true});
        assert!(found("3.0.3", least, &json!(1)).is_err());
    }

    #[test]
    fn what_cannot_be_used_is_said_and_nothing_is_opened() {
        for schema in [
            json!({"type": "strange"}),
            json!({"$ref": "#/components/schemas/None"}),
            json!({"$ref": "file:///etc/hostname"}),
        ] {
            let (diagnosis, cause) = found("3.1.0", schema, &json!(1)).expect_err("unusable");
            assert_eq!(diagnosis, Diagnosis::OpenApiSchema, "{cause}");
        }
    }
}
