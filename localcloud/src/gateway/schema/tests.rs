use serde_json::json;

use super::*;

fn told(schema: &Value, value: &Value) -> Result<Vec<String>, Unusable> {
    complaints(&BTreeMap::from([("M".to_owned(), schema.clone())]), "M", value)
}

#[test]
fn what_does_not_fit_is_told() {
    let thing = json!({"$schema": "http://json-schema.org/draft-04/schema#", "title": "T", "type": "object",
        "properties": {"a": {"type": "integer", "minimum": 1, "exclusiveMinimum": true},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 2}, "uniqueItems": true, "maxItems": 3},
            "kind": {"enum": ["x", null]}, "code": {"pattern": "^(?=.*[0-9])[a-z0-9]+$"}, "n": {"type": "number"}},
        "patternProperties": {"^x-": {"type": "string", "minLength": 1}},
        "dependencies": {"kind": ["code"]},
        "required": ["a"], "additionalProperties": false});
    for (value, expected) in [
        (json!({"a": 2}), ""),
        (json!({"a": 2.0, "tags": ["ab", "c"], "kind": null, "code": "abc1", "x-y": "z"}), ""),
        (json!({}), r#"object has missing required properties (["a"])"#),
        (
            json!([]),
            r#"instance type (array) does not match any allowed primitive type (allowed: ["object"])"#,
        ),
        (json!({"a": 1}), "numeric instance is not strictly greater than the required minimum 1"),
        (json!({"a": 0}), "numeric instance is lower than the required minimum (minimum: 1, found: 0)|"),
        (
            json!({"a": 2.5}),
            r#"instance type (number) does not match any allowed primitive type (allowed: ["integer"])"#,
        ),
        (
            json!({"a": 2, "n": "1"}),
            r#"instance type (string) does not match any allowed primitive type (allowed: ["integer","number"])"#,
        ),
        (
            json!({"a": 2, "b": 1}),
            r#"object instance has properties which are not allowed by the schema: ["b"]"#,
        ),
        (json!({"a": 2, "tags": ["abc"]}), r#"string "abc" is too long (length: 3, maximum allowed: 2)"#),
        (json!({"a": 2, "x-": ""}), r#"string "" is too short (length: 0, required minimum: 1)"#),
        (json!({"a": 2, "tags": ["a", "a"]}), "array must not contain duplicate elements"),
        (
            json!({"a": 2, "tags": ["a", "b", "c", "d"]}),
            "array is too long: must have at most 3 elements but instance has 4 elements",
        ),
        (
            json!({"a": 2, "kind": "y", "code": "1"}),
            r#"instance value ("y") not found in enum (possible values: ["x",null])"#,
        ),
        (
            json!({"a": 2, "kind": "x"}),
            r#"property "kind" of object has missing property dependencies (schema requires ["code"]; missing: ["code"])"#,
        ),
        (
            json!({"a": 2, "code": "A"}),
            r#"ECMA 262 regex "^(?=.*[0-9])[a-z0-9]+$" does not match input string "A""#,
        ),
    ] {
        let expected = expected.trim_end_matches('|');
        assert_eq!(told(&thing, &value).map(|told| told.join(", ")), Ok(expected.to_owned()), "{value}");
    }
    let either = json!({"oneOf": [{"type": "string"}, {"type": ["number", "null"], "maximum": 3}],
        "not": {"enum": ["no"]}});
    for (value, expected) in
        [(json!("yes"), true), (json!("no"), false), (json!(3), true), (json!(4), false), (json!(null), true)]
    {
        assert_eq!(told(&either, &value).map(|told| told.is_empty()), Ok(expected), "{value}");
    }
}

#[test]
fn references_lead_within_a_model_and_to_others() {
    let models = BTreeMap::from([
        (
            "Parent".to_owned(),
            json!({"definitions": {"S": {"type": "string"}}, "properties": {
                "s": {"$ref": "#/definitions/S"}, "next": {"$ref": "#"},
                "c": {"$ref": "https://apigateway.amazonaws.com/restapis/abc/models/Child"}}}),
        ),
        (
            "Child".to_owned(),
            json!({"definitions": {"S": {"type": "integer"}}, "items": {"$ref": "#/definitions/S"}}),
        ),
        ("Endless".to_owned(), json!({"$ref": "#"})),
    ]);
    let fits = |name, value| complaints(&models, name, &value).map(|told| told.is_empty());
    assert_eq!(fits("Parent", json!({"s": "x", "c": [1], "next": {"s": "y"}})), Ok(true));
    assert_eq!(fits("Parent", json!({"next": {"s": 1}})), Ok(false));
    assert_eq!(fits("Parent", json!({"c": ["x"]})), Ok(false));
    assert_eq!(fits("Endless", json!(1)), Err("$ref \"#\"".to_owned()));
    assert_eq!(named(&models["Parent"]), ["Child"]);
}

#[test]
fn what_no_schema_may_have_is_named() {
    let told = |schema: Value| mistake(&schema, |name| name == "Child");
    assert_eq!(told(json!({"properties": {"type": {"type": "string", "enum": [{"x": 1}]}}})), None);
    assert_eq!(
        told(json!({"items": {"discriminator": "x", "type": "string"}})),
        Some("Invalid model schema specified. Unsupported keyword(s): [\"discriminator\"]".to_owned())
    );
    let refers = |to: &str| told(json!({"not": {"$ref": to}, "definitions": {"S": {}}}));
    assert_eq!(refers("#/definitions/S"), None);
    assert_eq!(refers("#/definitions/T"), Some("Unresolvable reference: #/definitions/T".to_owned()));
    assert_eq!(refers("https://apigateway.amazonaws.com/restapis/abc/models/Child"), None);
    assert_eq!(
        refers("https://apigateway.amazonaws.com/restapis/abc/models/Other"),
        Some("Invalid model reference specified: Other".to_owned())
    );
    assert_eq!(refers("Child"), Some("Model reference must be in canonical form".to_owned()));
    assert_eq!(told(json!({"pattern": "("})), Some("Invalid regular expression: (".to_owned()));
}
