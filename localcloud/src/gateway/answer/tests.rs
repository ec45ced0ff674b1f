use serde_json::json;

use super::*;

fn answered(answer: serde_json::Value) -> Option<Response> {
    response(answer.to_string().as_bytes(), &[], None)
}

fn values<'a>(response: &'a Response, name: &str) -> Vec<&'a str> {
    response.headers.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str()).collect()
}

/// The cases of `test_aws_proxy_response_payload_format_validation`, recorded of AWS.
#[test]
fn answers_are_taken_as_recorded() {
    let taken = answered(json!({"statusCode": 200})).unwrap();
    assert_eq!((taken.status, taken.body.len()), (StatusCode::OK, 0));
    assert_eq!(values(&taken, "Content-Type"), ["application/json"]);

    let taken =
        answered(json!({"statusCode": 200, "headers": {"test-header": "value", "header-bool": true}}));
    let taken = taken.unwrap();
    assert_eq!(values(&taken, "test-header"), ["value"]);
    assert_eq!(values(&taken, "header-bool"), ["true"]);

    assert!(answered(json!({"statusCode": 200, "headers": null})).is_some());
    assert_eq!(answered(json!({"statusCode": "201"})).unwrap().status, StatusCode::CREATED);
    assert_eq!(answered(json!({"headers": {"test-header": "value"}})).unwrap().status, StatusCode::OK);

    for encoded in [json!(true), json!(false)] {
        let taken = answered(json!({"statusCode": 200, "body": "dGVzdC1kYXRh", "isBase64Encoded": encoded}));
        assert_eq!(taken.unwrap().body, "dGVzdC1kYXRh");
    }

    let multi = json!({"statusCode": 200, "multiValueHeaders": {"test-multi": ["value1", "value2"]}});
    assert_eq!(values(&answered(multi).unwrap(), "test-multi"), ["value1", "value2"]);
    let both = json!({"statusCode": 200, "multiValueHeaders": {"tesT-Multi": ["value-multi"]},
        "headers": {"test-multi": "value-solo"}});
    assert_eq!(values(&answered(both).unwrap(), "tesT-Multi"), ["value-multi", "value-solo"]);
}

#[test]
fn malformed_answers_are_refused_as_recorded() {
    for bad in [
        json!({"statusCode": 200, "wrongValue": "value"}),
        json!({}),
        json!({"statusCode": 200, "multiValueHeaders": {"test-multi-invalid": "value1"}}),
        json!({"statusCode": "test"}),
        json!("justAString"),
        json!(null),
        json!([]),
        json!({"statusCode": 99}),
        json!({"statusCode": 200, "body": {"an": "object"}}),
        json!({"statusCode": 200, "headers": {"a": ["list"]}}),
        json!({"statusCode": 200, "headers": {"bad name": "x"}}),
    ] {
        assert!(answered(bad.clone()).is_none(), "{bad}");
    }
    assert!(response(b"no JSON", &[], None).is_none());
}

#[test]
fn headers_of_the_connection_are_renamed() {
    let taken = answered(json!({"headers": {"Connection": "close", "content-length": "7", "Date": "then",
        "Server": "mine", "Transfer-Encoding": "chunked", "X-Own": "1"}}));
    let taken = taken.unwrap();
    for (name, value) in [
        ("x-amzn-Remapped-Connection", "close"),
        ("x-amzn-Remapped-content-length", "7"),
        ("x-amzn-Remapped-Date", "then"),
        ("x-amzn-Remapped-Server", "mine"),
        ("X-Own", "1"),
    ] {
        assert_eq!(values(&taken, name), [value], "{name}");
    }
    assert!(!taken.headers.iter().any(|(name, _)| name.to_lowercase().contains("transfer")));
}

#[test]
fn bytes_come_only_when_the_first_accepted_type_is_binary() {
    let payload = json!({"body": "dGVzdC1kYXRh", "isBase64Encoded": true}).to_string();
    let body = |types: &[&str], accept| {
        let types: Vec<String> = types.iter().map(|name| (*name).to_owned()).collect();
        response(payload.as_bytes(), &types, accept).unwrap().body
    };
    assert_eq!(body(&["image/png"], Some("image/png;q=0.8, text/html")), "test-data");
    assert_eq!(body(&["image/*"], Some("image/webp")), "test-data");
    assert_eq!(body(&["*/*"], None), "test-data");
    assert_eq!(body(&["image/png"], Some("text/html, image/png")), "dGVzdC1kYXRh");
    assert_eq!(body(&["image/png"], Some("*/*")), "dGVzdC1kYXRh");
    assert_eq!(body(&["image/png"], None), "dGVzdC1kYXRh");
}

#[test]
fn the_head_of_a_streaming_answer_has_cookies_of_its_own() {
    let head = json!({"statusCode": 201, "headers": {"a": "1"}, "multiValueHeaders": {"b": ["2", "3"]},
        "cookies": ["c=4", "d=5"]});
    let (status, headers) = prelude(head.to_string().as_bytes()).unwrap();
    assert_eq!(status, StatusCode::CREATED);
    let pairs: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let all = [("b", "2"), ("b", "3"), ("a", "1"), ("Set-Cookie", "c=4"), ("Set-Cookie", "d=5")];
    assert_eq!(pairs[1..], all);
    assert_eq!(pairs[0], ("Content-Type", "application/json"));
    assert!(prelude(b"{}").is_some());
    for bad in ["", "{", r#"{"body":"x"}"#, r#"{"statusCode":99}"#, r#"{"cookies":"c"}"#] {
        assert!(prelude(bad.as_bytes()).is_none(), "{bad}");
    }
}
