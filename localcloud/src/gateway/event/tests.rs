use serde_json::{Value, json};

use super::*;
use crate::gateway::route;
use crate::http1::Connection;

struct Sent<'a> {
    raw: &'a [u8],
    body: &'a [u8],
    binary: &'a [&'a str],
    stage_variables: &'a [(&'a str, &'a str)],
    decompressed: bool,
}

/// The event of a request with this head, through `/{proxy+}`.
async fn made(sent: Sent<'_>) -> Value {
    let head = Connection::new(tokio::io::join(sent.raw, tokio::io::sink())).head().await.unwrap().unwrap();
    let (raw_path, query) = head.target.split_once('?').unwrap_or((&head.target, ""));
    let path = route::split(raw_path);
    let proxy = path.below.trim_matches('/').to_owned();
    let binary: Vec<String> = sent.binary.iter().map(|name| (*name).to_owned()).collect();
    let variables = sent.stage_variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let request = Request {
        api_id: "abc123",
        deployment_id: "d1",
        resource_id: "2gxmpl",
        resource_path: "/{proxy+}",
        path: &path,
        path_parameters: &BTreeMap::from([("proxy", proxy.as_str())]),
        stage_variables: &variables.collect(),
        binary_media_types: &binary,
        head: &head,
        query,
        body: sent.body,
        decompressed: sent.decompressed,
        request_id: "fdf23361-272a-4fea-bf66-aa83a2b6d653",
        extended_request_id: "JJbxmplHYosFVYQ=",
        received: Timestamp::from_millisecond(1_583_798_639_428).unwrap(),
        source_ip: "127.0.0.1",
        port: 4567,
        trace_id: "Root=1-5759e988-bd862e3fe1be46a994272793",
    };
    serde_json::from_slice(&event(&request).unwrap()).unwrap()
}

fn sent(raw: &str) -> Sent<'_> {
    Sent { raw: raw.as_bytes(), body: b"", binary: &[], stage_variables: &[], decompressed: false }
}

#[tokio::test]
async fn every_key_is_there_and_what_is_absent_is_null() {
    let event = made(sent("GET /stage/proxy-value HTTP/1.1\r\nHost: h:1\r\nuser-agent: x\r\n\r\n")).await;
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793";
    assert_eq!(
        event,
        json!({
            "resource": "/{proxy+}", "path": "/proxy-value", "httpMethod": "GET",
            "headers": {"Host": "h:1", "User-Agent": "x", "X-Amzn-Trace-Id": trace, "X-Forwarded-For": "127.0.0.1",
                "X-Forwarded-Port": "4567", "X-Forwarded-Proto": "http"},
            "multiValueHeaders": {"Host": ["h:1"], "User-Agent": ["x"], "X-Amzn-Trace-Id": [trace],
                "X-Forwarded-For": ["127.0.0.1"], "X-Forwarded-Port": ["4567"], "X-Forwarded-Proto": ["http"]},
            "queryStringParameters": null, "multiValueQueryStringParameters": null,
            "pathParameters": {"proxy": "proxy-value"}, "stageVariables": null,
            "requestContext": {
                "resourceId": "2gxmpl", "resourcePath": "/{proxy+}", "httpMethod": "GET",
                "extendedRequestId": "JJbxmplHYosFVYQ=", "requestTime": "10/Mar/2020:00:03:59 +0000",
                "path": "/stage/proxy-value", "accountId": "000000000000", "protocol": "HTTP/1.1", "stage": "stage",
                "domainPrefix": "abc123", "requestTimeEpoch": 1_583_798_639_428_i64,
                "requestId": "fdf23361-272a-4fea-bf66-aa83a2b6d653",
                "identity": {"cognitoIdentityPoolId": null, "accountId": null, "cognitoIdentityId": null,
                    "caller": null, "sourceIp": "127.0.0.1", "principalOrgId": null, "accessKey": null,
                    "cognitoAuthenticationType": null, "cognitoAuthenticationProvider": null, "userArn": null,
                    "userAgent": "x", "user": null},
                "domainName": "abc123.execute-api.us-east-1.amazonaws.com", "deploymentId": "d1",
                "apiId": "abc123"
            },
            "body": null, "isBase64Encoded": false
        })
    );
}

#[tokio::test]
async fn headers_keep_the_clients_case_and_all_their_values() {
    let event = made(sent(
        "GET /stage/a HTTP/1.1\r\nHost: h\r\nX-oDD: 1\r\nx-odd: 2\r\nauthorization: me\r\nConnection: close\r\nX-Forwarded-For: 9.9.9.9\r\nContent-Length: 0\r\n\r\n",
    ))
    .await;
    assert_eq!(event["headers"]["X-oDD"], "2");
    assert_eq!(event["multiValueHeaders"]["X-oDD"], json!(["1", "2"]));
    assert_eq!(event["headers"]["Authorization"], "me");
    assert_eq!(event["headers"]["X-Forwarded-For"], "9.9.9.9, 127.0.0.1");
    assert_eq!(event["headers"]["Connection"], Value::Null);
    assert_eq!(event["headers"]["Content-Length"], Value::Null);
}

#[tokio::test]
async fn the_path_stays_encoded_and_the_query_is_decoded() {
    let event = made(sent("GET /stage/a%2Bb?x=1&x=2+3&y=%25&empty HTTP/1.1\r\nHost: h\r\n\r\n")).await;
    assert_eq!(event["path"], "/a%2Bb");
    assert_eq!(event["pathParameters"]["proxy"], "a%2Bb");
    assert_eq!(event["queryStringParameters"], json!({"x": "2 3", "y": "%", "empty": ""}));
    assert_eq!(
        event["multiValueQueryStringParameters"],
        json!({"x": ["1", "2 3"], "y": ["%"], "empty": [""]})
    );
}

#[tokio::test]
async fn the_body_is_text_unless_its_type_is_binary() {
    let raw = "POST /stage/a HTTP/1.1\r\nHost: h\r\nContent-Type: image/png; x=y\r\n\r\n";
    let text = made(Sent { body: "é\n".as_bytes(), ..sent(raw) }).await;
    assert_eq!((&text["body"], &text["isBase64Encoded"]), (&json!("é\n"), &json!(false)));
    for binary in ["image/png", "image/*", "*/*"] {
        let bytes = made(Sent { body: b"\xff\x00", binary: &[binary], ..sent(raw) }).await;
        assert_eq!((&bytes["body"], &bytes["isBase64Encoded"]), (&json!("/wA="), &json!(true)), "{binary}");
    }
    let none = made(Sent { binary: &["*/*"], ..sent(raw) }).await;
    assert_eq!((&none["body"], &none["isBase64Encoded"]), (&Value::Null, &json!(false)));
}

#[tokio::test]
async fn a_body_that_was_decompressed_is_not_said_to_be_compressed() {
    let raw = "POST /stage/a HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\n\r\n";
    for (decompressed, encoding) in [(false, json!("gzip")), (true, Value::Null)] {
        let event = made(Sent { decompressed, ..sent(raw) }).await;
        assert_eq!(event["headers"]["Content-Encoding"], encoding);
    }
}

#[tokio::test]
async fn stage_variables_come_when_there_are_any() {
    let raw = "GET /stage/a HTTP/1.1\r\nHost: h\r\n\r\n";
    let event = made(Sent { stage_variables: &[("env", "stage")], ..sent(raw) }).await;
    assert_eq!(event["stageVariables"], json!({"env": "stage"}));
}
