//! The data plane of API Gateway, over plain HTTP.

use std::time::Duration;

use aws_sdk_apigateway::types::{GatewayResponseType, IntegrationType};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::account::{self, refusal};
use crate::live::Live;

struct Api {
    live: Live,
    id: String,
    /// `http://127.0.0.1:PORT`
    url: String,
}

fn sdk(live: &Live) -> aws_sdk_apigateway::Client {
    aws_sdk_apigateway::Client::new(&live.sdk)
}

async fn url(live: &Live, id: &str) -> String {
    let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{id}");
    let tags = sdk(live).get_tags().resource_arn(arn).send().await.unwrap();
    tags.tags().unwrap()["callboard:url"].clone()
}

impl Api {
    /// The function `hello-stage` behind `/` and `/{proxy+}` of the stages `stage` (permitted) and `prod` (not).
    async fn start(timeout_ms: i32) -> Api {
        let live = Live::with_function("hello-stage", &[]).await;
        let sdk = sdk(&live);
        let api = sdk.create_rest_api().name("hello").binary_media_types("image/png").send().await.unwrap();
        let id = api.id().unwrap().to_owned();
        let root = api.root_resource_id().unwrap().to_owned();
        let proxy = sdk.create_resource().rest_api_id(&id).parent_id(&root).path_part("{proxy+}");
        let proxy = proxy.send().await.unwrap().id().unwrap().to_owned();
        for resource in [&root, &proxy] {
            let method = sdk.put_method().rest_api_id(&id).resource_id(resource).http_method("ANY");
            method.authorization_type("NONE").send().await.unwrap();
            sdk.put_integration()
                .rest_api_id(&id)
                .resource_id(resource)
                .http_method("ANY")
                .r#type(IntegrationType::AwsProxy)
                .integration_http_method("POST")
                .timeout_in_millis(timeout_ms)
                .uri(
                    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:\
                     000000000000:function:hello-${stageVariables.env}/invocations",
                )
                .send()
                .await
                .unwrap();
        }
        for stage in ["stage", "prod", "unset"] {
            let mut deployment = sdk.create_deployment().rest_api_id(&id).stage_name(stage);
            if stage != "unset" {
                deployment = deployment.variables("env", "stage");
            }
            deployment.send().await.unwrap();
        }
        live.lambda()
            .add_permission()
            .function_name("hello-stage")
            .statement_id("gateway")
            .action("lambda:InvokeFunction")
            .principal("apigateway.amazonaws.com")
            .source_arn(format!("arn:aws:execute-api:us-east-1:000000000000:{id}/stage/*/*"))
            .send()
            .await
            .unwrap();
        let url = url(&live, &id).await;
        Api { live, id, url }
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.live.http.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    /// Has the function answer with exactly this.
    async fn answering(&self, answer: &str) -> reqwest::Response {
        let url = format!("{}/stage/answer", self.url);
        self.live.http.post(url).body(answer.to_owned()).send().await.unwrap()
    }

    /// The answer to a request, byte for byte; the request has to close the connection.
    async fn raw(&self, request: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(&self.url["http://".len()..]).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

async fn refused(answer: reqwest::Response) -> (u16, String, String) {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    assert!(headers.contains_key("x-amzn-requestid") && headers.contains_key("x-amz-apigw-id"));
    assert_eq!(headers["content-type"], "application/json");
    (status, answer.text().await.unwrap(), headers["x-amzn-errortype"].to_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_told_to_the_function_and_its_answer_to_the_client() {
    let api = Api::start(29_000).await;
    let answer =
        api.raw("GET /stage/a%2Bb/?x=1&x=2 HTTP/1.1\r\nHost: h\r\nX-oDD: Yes\r\nConnection: close\r\n\r\n");
    let answer = answer.await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let event: Value = serde_json::from_str(body).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    // The id that the function logs is the one that the client has.
    let id = event["requestContext"]["requestId"].as_str().unwrap();
    assert!(head.contains(&format!("\r\nx-amzn-RequestId: {id}\r\n")), "{head}");
    assert!(head.contains("\r\nX-Amzn-Trace-Id: Root=1-"), "{head}");
    assert_eq!(event["path"], "/a%2Bb/");
    assert_eq!(event["pathParameters"], json!({"proxy": "a%2Bb"}));
    assert_eq!(event["requestContext"]["path"], "/stage/a%2Bb/");
    assert_eq!(event["headers"]["X-oDD"], "Yes");
    assert_eq!(event["multiValueQueryStringParameters"], json!({"x": ["1", "2"]}));
    assert_eq!(event["stageVariables"], json!({"env": "stage"}));
    let domain = format!("{}.execute-api.us-east-1.amazonaws.com", api.id);
    assert_eq!(event["requestContext"]["domainName"], domain.as_str());

    let root: Value = api.get("/stage").await.json().await.unwrap();
    assert_eq!((&root["resource"], &root["pathParameters"]), (&json!("/"), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_functions_answer_is_taken_by_the_rules() {
    let api = Api::start(29_000).await;
    let request = r#"{"statusCode":"201","multiValueHeaders":{"tesT-Multi":["a"]},"headers":{"test-multi":"b","Date":"x"}}"#;
    let length = request.len();
    let answer = api
        .raw(&format!("POST /stage/answer HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{request}"))
        .await;
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    assert!(answer.contains("\r\ntesT-Multi: a\r\ntesT-Multi: b\r\nx-amzn-Remapped-Date: x\r\n"), "{answer}");
    assert!(answer.contains("\r\nContent-Type: application/json\r\n"), "{answer}");

    for malformed in [r#"{"statusCode":200,"wrongValue":"value"}"#, "{}", r#""justAString""#, "no JSON"] {
        let (status, body, kind) = refused(api.answering(malformed).await).await;
        assert_eq!((status, body.as_str()), (502, r#"{"message": "Internal server error"}"#), "{malformed}");
        assert_eq!(kind, "InternalServerErrorException");
    }

    let bytes = r#"{"body":"/wA=","isBase64Encoded":true}"#;
    assert_eq!(api.answering(bytes).await.text().await.unwrap(), "/wA=");
    let request =
        api.live.http.post(format!("{}/stage/answer", api.url)).header("accept", "image/png").body(bytes);
    assert_eq!(request.send().await.unwrap().bytes().await.unwrap(), b"\xff\x00"[..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_has_answers_of_its_own() {
    let api = Api::start(29_000).await;
    let internal = r#"{"message": "Internal server error"}"#;
    for (path, status, body, kind) in [
        ("/nowhere/x", 403, r#"{"message":"Forbidden"}"#, "ForbiddenException"),
        ("/", 403, r#"{"message":"Forbidden"}"#, "ForbiddenException"),
        // Nobody permitted this stage, and the other one has no variable that names a function.
        ("/prod/x", 500, internal, "InternalServerErrorException"),
        ("/unset/x", 500, internal, "InternalServerErrorException"),
        ("/stage/exit", 502, internal, "InternalServerErrorException"),
    ] {
        let got = refused(api.get(path).await).await;
        assert_eq!((got.0, got.1.as_str(), got.2.as_str()), (status, body, kind), "{path}");
    }
    let request = api.live.http.request("TRACE".parse().unwrap(), format!("{}/stage/x", api.url));
    let got = refused(request.send().await.unwrap()).await;
    let missing = r#"{"message":"Missing Authentication Token"}"#;
    assert_eq!((got.0, got.1.as_str()), (403, missing));
    assert_eq!(got.2, "MissingAuthenticationTokenException");

    // Where nothing is, a token of the service's own is taken for a signature, and shown hashed.
    for (token, message) in [
        (
            "Bearer x",
            "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '",
        ),
        ("Basic dTpw==", "Authorization header requires 'Credential' parameter. "),
    ] {
        let request = api.live.http.request("TRACE".parse().unwrap(), format!("{}/stage/x", api.url));
        let got = refused(request.header("authorization", token).send().await.unwrap()).await;
        assert_eq!((got.0, got.2.as_str()), (403, "IncompleteSignatureException"));
        assert!(got.1.contains(message) && !got.1.contains(token), "{}", got.1);
    }

    let request = api.live.http.post(format!("{}/stage/x", api.url)).body(vec![b'x'; 10 * 1024 * 1024 + 1]);
    assert_eq!(refused(request.send().await.unwrap()).await.0, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_does_not_wait_for_ever_and_the_function_goes_on() {
    let api = Api::start(60).await;
    let update = api.live.lambda().update_function_configuration().function_name("hello-stage");
    update.timeout(10).send().await.unwrap();
    api.live.settled("hello-stage").await;
    let late = api.get("/stage/sleep").await;
    assert_eq!(late.status(), 504);
    assert_eq!(late.text().await.unwrap(), r#"{"message": "Endpoint request timed out"}"#);
    let ended =
        async { while !api.live.log("hello-stage").await.iter().any(|line| line.starts_with("REPORT ")) {} };
    tokio::time::timeout(Duration::from_secs(10), ended).await.unwrap();
    let log = api.live.log("hello-stage").await;
    assert!(!log.iter().any(|line| line.contains("Status: ")), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_responses_change_what_the_gateway_says() {
    let api = Api::start(29_000).await;
    sdk(&api.live)
        .put_gateway_response()
        .rest_api_id(&api.id)
        .response_type(GatewayResponseType::Default5Xx)
        .response_parameters("gatewayresponse.header.Access-Control-Allow-Origin", "'*'")
        .send()
        .await
        .unwrap();
    assert!(!api.get("/stage/exit").await.headers().contains_key("access-control-allow-origin"));
    sdk(&api.live).create_deployment().rest_api_id(&api.id).stage_name("stage").send().await.unwrap();
    let answer = api.get("/stage/exit").await;
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert_eq!(answer.status(), 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_takes_so_many_requests_and_no_more() {
    use aws_sdk_apigateway::types::{Op, PatchOperation};
    let api = Api::start(29_000).await;
    let sdk = sdk(&api.live);
    let update = |operations: &[(Op, &str, Option<&str>)]| {
        let operations = operations.iter().map(|(op, path, value)| {
            PatchOperation::builder().op(op.clone()).path(*path).set_value(value.map(str::to_owned)).build()
        });
        let call = sdk.update_stage().rest_api_id(&api.id).stage_name("stage");
        call.set_patch_operations(Some(operations.collect())).send()
    };
    // So slow that nothing is added while the test runs.
    let (rate, burst) = ("/*/*/throttling/rateLimit", "/*/*/throttling/burstLimit");
    let limited =
        update(&[(Op::Replace, rate, Some("0.0001")), (Op::Replace, burst, Some("2"))]).await.unwrap();
    let setting = &limited.method_settings().unwrap()["*/*"];
    assert_eq!((setting.throttling_rate_limit(), setting.throttling_burst_limit()), (0.0001, 2));
    let statuses = [api.get("/stage").await, api.get("/stage").await].map(|answer| answer.status().as_u16());
    assert_eq!(statuses, [200, 200]);
    let told = |text: &str, kind: &str| (429, text.to_owned(), kind.to_owned());
    let plain = told(r#"{"message":"Too Many Requests"}"#, "TooManyRequestsException");
    assert_eq!(refused(api.get("/stage").await).await, plain);
    assert_eq!(api.get("/stage/other").await.status(), 200, "each resource has limits of its own");

    // A gateway response of the kind changes it, once it is deployed.
    sdk.put_gateway_response()
        .rest_api_id(&api.id)
        .response_type(GatewayResponseType::Throttled)
        .response_parameters("gatewayresponse.header.Retry-After", "'1'")
        .send()
        .await
        .unwrap();
    sdk.create_deployment().rest_api_id(&api.id).stage_name("stage").send().await.unwrap();
    let answer = api.get("/stage").await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"1".parse().unwrap()));

    let wrong = refusal(update(&[(Op::Replace, rate, Some("many"))]).await);
    assert_eq!((wrong.0, wrong.1.as_str()), (400, "BadRequestException"));
    let open = update(&[(Op::Remove, "/*/*", None)]).await.unwrap();
    assert!(open.method_settings().is_none_or(|settings| settings.is_empty()));
    assert_eq!(api.get("/stage").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_outlives_a_restart() {
    let Api { live, id, url: before } = Api::start(29_000).await;
    let live = live.restart().await;
    assert_eq!(url(&live, &id).await, before);
    let event: Value = live.http.get(format!("{before}/stage/x")).send().await.unwrap().json().await.unwrap();
    assert_eq!(event["path"], "/x");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_away_answers_no_more() {
    let api = Api::start(29_000).await;
    let (sdk, lambda) = (sdk(&api.live), api.live.lambda());
    let answer = |path: &'static str| async {
        let got = refused(api.get(path).await).await;
        (got.0, got.1)
    };
    let internal = || (500, r#"{"message": "Internal server error"}"#.to_owned());
    assert_eq!(api.get("/stage/x").await.status(), 200);
    let remove = lambda.remove_permission().function_name("hello-stage").statement_id("gateway");
    remove.send().await.unwrap();
    assert_eq!(answer("/stage/x").await, internal());
    let add = lambda.add_permission().function_name("hello-stage").statement_id("again");
    let add = add.action("lambda:InvokeFunction").principal("apigateway.amazonaws.com");
    add.send().await.unwrap();
    assert_eq!(api.get("/stage/x").await.status(), 200);
    lambda.delete_function().function_name("hello-stage").send().await.unwrap();
    assert_eq!(answer("/stage/x").await, internal());

    let stage = sdk.get_stage().rest_api_id(&api.id).stage_name("stage").send().await.unwrap();
    let deployment = stage.deployment_id().unwrap();
    let delete_deployment = || sdk.delete_deployment().rest_api_id(&api.id).deployment_id(deployment).send();
    let in_use = "Active stages pointing to this deployment must be moved or deleted";
    assert_eq!(refusal(delete_deployment().await), account::refused(400, "BadRequestException", in_use));
    let delete_stage = || sdk.delete_stage().rest_api_id(&api.id).stage_name("stage").send();
    delete_stage().await.unwrap();
    assert_eq!(answer("/stage/x").await, (403, r#"{"message":"Forbidden"}"#.to_owned()));
    assert_eq!(
        refusal(delete_stage().await),
        account::refused(404, "NotFoundException", "Invalid stage identifier specified")
    );
    delete_deployment().await.unwrap();
    assert_eq!(
        refusal(delete_deployment().await),
        account::refused(404, "NotFoundException", "Invalid Deployment identifier specified")
    );
    // The other stages stay until the API goes, and its address with it.
    assert_eq!(answer("/prod/x").await, internal());
    sdk.delete_rest_api().rest_api_id(&api.id).send().await.unwrap();
    let gone = reqwest::get(format!("{}/prod/x", api.url)).await;
    assert!(gone.is_err_and(|error| error.is_connect()));
    assert_eq!(refusal(sdk.delete_rest_api().rest_api_id(&api.id).send().await).0, 404);
}
