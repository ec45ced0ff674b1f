//! What methods say of their requests: models of bodies, and validators.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cloud::short_id;

/// What a body looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Six lower-case letters and digits.
    pub id: String,
    /// Unique in the API.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// A JSON schema, draft 4, as text.
    pub schema: Option<String>,
    /// The content type that it is a model of.
    pub content_type: String,
}

/// What of a request is checked before it is passed on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestValidator {
    /// Six lower-case letters and digits.
    pub id: String,
    /// Free text.
    pub name: Option<String>,
    /// Whether required parameters must be there.
    pub parameters: bool,
    /// Whether bodies must fit their models.
    pub body: bool,
}

/// The two models that AWS gives every API.
pub fn default_models() -> BTreeMap<String, Model> {
    let model = |name: &str, description: &str, schema: &str| {
        let model = Model {
            id: short_id(6),
            name: name.to_owned(),
            description: Some(description.to_owned()),
            schema: Some(schema.to_owned()),
            content_type: "application/json".to_owned(),
        };
        (name.to_owned(), model)
    };
    BTreeMap::from([
        model("Empty", "This is a default empty schema model", EMPTY),
        model("Error", "This is a default error schema model", ERROR),
    ])
}

const EMPTY: &str = r#"{
  "$schema": "http://json-schema.org/draft-04/schema#",
  "title" : "Empty Schema",
  "type" : "object"
}"#;

const ERROR: &str = r#"{
  "$schema" : "http://json-schema.org/draft-04/schema#",
  "title" : "Error Schema",
  "type" : "object",
  "properties" : {
    "message" : { "type" : "string" }
  }
}"#;
