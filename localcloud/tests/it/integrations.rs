//! Integrations that the gateway answers itself, with what methods take and answer.

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{GatewayResponseType, IntegrationType, Op, PatchOperation, PutMode};
use serde_json::{Value, json};

use crate::account::{Account, refusal, refused};

/// An API whose root answers GET by itself.
pub(crate) struct MockApi {
    pub(crate) account: Account,
    pub(crate) gateway: Client,
    pub(crate) http: reqwest::Client,
    pub(crate) id: String,
    pub(crate) root: String,
}

pub(crate) fn patch(op: Op, path: &str, value: Option<&str>) -> PatchOperation {
    PatchOperation::builder().op(op).path(path).set_value(value.map(str::to_owned)).build()
}

impl MockApi {
    pub(crate) async fn start() -> MockApi {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let account = Account::open().await;
        let gateway = account.gateway();
        let made = gateway.create_rest_api().name("mock").send().await.unwrap();
        let (id, root) = (made.id().unwrap().to_owned(), made.root_resource_id().unwrap().to_owned());
        let api = MockApi { account, gateway, http: reqwest::Client::new(), id, root };
        api.method("GET", r#"{"statusCode": 200}"#).await;
        api
    }

    /// A method of the root, whose request template is this, and which may answer 200.
    pub(crate) async fn method(&self, name: &str, template: &str) {
        let put = self.gateway.put_method().rest_api_id(&self.id).resource_id(&self.root).http_method(name);
        put.authorization_type("NONE").send().await.unwrap();
        let put = self.gateway.put_integration().rest_api_id(&self.id).resource_id(&self.root);
        let put = put.http_method(name).r#type(IntegrationType::Mock);
        put.request_templates("application/json", template).send().await.unwrap();
        let put = self.gateway.put_method_response().rest_api_id(&self.id).resource_id(&self.root);
        let put = put.http_method(name).status_code("200");
        let allowed = ["Origin", "Headers", "Methods"];
        let put = allowed.iter().fold(put, |put, part| {
            put.response_parameters(format!("method.response.header.Access-Control-Allow-{part}"), true)
        });
        put.send().await.unwrap();
    }

    /// What the method answers.
    pub(crate) async fn answers(&self, name: &str, template: &str) {
        let put = self.gateway.put_integration_response().rest_api_id(&self.id).resource_id(&self.root);
        let put = put.http_method(name).status_code("200");
        put.response_templates("application/json", template).send().await.unwrap();
    }

    pub(crate) async fn deploy(&self, stage: &str) -> String {
        let made = self.gateway.create_deployment().rest_api_id(&self.id).stage_name(stage).send().await;
        made.unwrap().id().unwrap().to_owned()
    }

    pub(crate) async fn url(&self) -> String {
        let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{}", self.id);
        let tags = self.gateway.get_tags().resource_arn(arn).send().await.unwrap();
        tags.tags().unwrap()["callboard:url"].clone()
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(format!("{}{path}", self.url().await)).send().await.unwrap()
    }

    pub(crate) async fn update_stage(
        &self,
        stage: &str,
        operations: &[(Op, &str, Option<&str>)],
    ) -> aws_sdk_apigateway::operation::update_stage::UpdateStageOutput {
        let update = self.gateway.update_stage().rest_api_id(&self.id).stage_name(stage);
        let all = operations.iter().map(|(op, path, value)| patch(op.clone(), path, *value)).collect();
        update.set_patch_operations(Some(all)).send().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_is_answered_without_a_function() {
    let api = MockApi::start().await;
    // Keys without quotes, as the Serverless Framework writes them.
    api.method("OPTIONS", "{statusCode:200}").await;
    let put = api.gateway.put_integration_response().rest_api_id(&api.id).resource_id(&api.root);
    let header = |part: &str| format!("method.response.header.Access-Control-Allow-{part}");
    put.http_method("OPTIONS")
        .status_code("200")
        .response_parameters(header("Origin"), "'*'")
        .response_parameters(header("Methods"), "'GET,OPTIONS'")
        .response_parameters(header("Headers"), "context.httpMethod")
        .send()
        .await
        .unwrap();
    api.answers("GET", "{}").await;
    api.deploy("s").await;
    let preflight = api.http.request(reqwest::Method::OPTIONS, format!("{}/s", api.url().await));
    let preflight = preflight.send().await.unwrap();
    assert_eq!(preflight.status(), 200);
    let headers = preflight.headers();
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["access-control-allow-methods"], "GET,OPTIONS");
    assert_eq!(headers["access-control-allow-headers"], "OPTIONS");
    assert!(!headers.contains_key("x-amzn-trace-id"), "only functions are traced");
    assert_eq!(preflight.text().await.unwrap(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_filled_in_and_statements_are_refused_by_name() {
    let api = MockApi::start().await;
    let template = r#"{"stage": "$context.stage", "color": "${stageVariables.color}", "none": "$stageVariables.none",
        "q": "$input.params('q')", "method": "$context.httpMethod", "price": "5$"}"#;
    api.answers("GET", template).await;
    let deploy =
        api.gateway.create_deployment().rest_api_id(&api.id).stage_name("s").variables("color", "blue");
    deploy.send().await.unwrap();
    let told: Value = api.get("/s?q=a%20b").await.json().await.unwrap();
    assert_eq!(
        told,
        json!({"stage": "s", "color": "blue", "none": "", "q": "a b", "method": "GET", "price": "5$"})
    );
    for (template, named) in [("#set($a = 1)", "#set"), ("$input.json('$.a')", "$input.json('$.a')")] {
        let put = api.gateway.put_integration_response().rest_api_id(&api.id).resource_id(&api.root);
        let put = put.http_method("GET").status_code("200").response_templates("application/json", template);
        let (status, code, message) = refusal(put.send().await);
        assert_eq!((status, code.as_str()), (501, "NotImplemented"));
        assert!(message.contains(named) && message.contains("PutIntegrationResponse"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mock_that_is_not_whole_fails_as_on_aws() {
    let api = MockApi::start().await;
    let internal = (500, r#"{"message": "Internal server error"}"#.to_owned());
    let url = format!("{}/s", api.url().await);
    let got = async |kind: &str| {
        let answer = api.http.get(&url).header("content-type", kind).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    // No integration response.
    api.deploy("s").await;
    assert_eq!(got("application/json").await, internal);
    api.answers("GET", "{}").await;
    api.deploy("s").await;
    assert_eq!(got("application/json").await, (200, "{}".to_owned()));
    // No template of that type: the body passes through, and names no status.
    assert_eq!(got("text/xml").await, internal);
    let update = api.gateway.update_integration().rest_api_id(&api.id).resource_id(&api.root);
    let never = patch(Op::Replace, "/passthroughBehavior", Some("NEVER"));
    update.http_method("GET").patch_operations(never).send().await.unwrap();
    api.deploy("s").await;
    assert_eq!(got("text/xml").await.0, 415);
    // A status that the method does not answer.
    let delete = api.gateway.delete_method_response().rest_api_id(&api.id).resource_id(&api.root);
    delete.http_method("GET").status_code("200").send().await.unwrap();
    api.deploy("s").await;
    assert_eq!(got("application/json").await, internal);
}

#[tokio::test(flavor = "multi_thread")]
async fn mappings_lead_to_what_the_method_answers() {
    let api = MockApi::start().await;
    let put = |status: &'static str, header: &'static str, value: &'static str| {
        let put = api.gateway.put_integration_response().rest_api_id(&api.id).resource_id(&api.root);
        put.http_method("GET").status_code(status).response_parameters(header, value).send()
    };
    let told = "Invalid mapping expression specified: Validation Result: warnings : [], errors : ";
    let invalid = |error: &str| refused(400, "BadRequestException", format!("{told}[{error}]"));
    let origin = "method.response.header.Access-Control-Allow-Origin";
    assert_eq!(refusal(put("404", origin, "'*'").await), invalid("No method response exists for method."));
    let own = "method.response.header.X-Own";
    let parameter = format!("Invalid mapping expression parameter specified: {own}");
    assert_eq!(refusal(put("200", own, "'*'").await), invalid(&parameter));
    let source = "Invalid mapping expression parameter specified: *";
    assert_eq!(refusal(put("200", origin, "*").await), invalid(source));
    put("200", origin, "'*'").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn required_parameters_must_be_there_when_a_validator_says_so() {
    let api = MockApi::start().await;
    api.answers("GET", "{}").await;
    let make = api.gateway.create_request_validator().rest_api_id(&api.id).name("parameters");
    let validator = make.validate_request_parameters(true).send().await.unwrap();
    let id = validator.id().unwrap();
    let update = api.gateway.update_method().rest_api_id(&api.id).resource_id(&api.root).http_method("GET");
    let required = patch(Op::Add, "/requestParameters/method.request.querystring.q", Some("true"));
    let header = patch(Op::Add, "/requestParameters/method.request.header.x-own", Some("false"));
    let by = patch(Op::Replace, "/requestValidatorId", Some(id));
    update.patch_operations(required).patch_operations(header).patch_operations(by).send().await.unwrap();
    api.deploy("s").await;
    let missing = api.get("/s").await;
    assert_eq!(missing.status(), 400);
    assert_eq!(missing.text().await.unwrap(), r#"{"message":"Missing required request parameters: [q]"}"#);
    assert_eq!(api.get("/s?q=1").await.status(), 200);
    let delete =
        || api.gateway.delete_request_validator().rest_api_id(&api.id).request_validator_id(id).send();
    assert_eq!(refusal(delete().await).0, 409, "a method uses it");
    let update = api.gateway.update_method().rest_api_id(&api.id).resource_id(&api.root).http_method("GET");
    let none = patch(Op::Replace, "/requestValidatorId", Some(""));
    update.patch_operations(none).send().await.unwrap();
    delete().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_must_fit_their_model_when_a_validator_says_so() {
    let api = MockApi::start().await;
    api.method("POST", r#"{"statusCode": 200}"#).await;
    api.answers("POST", "{}").await;
    let make = api.gateway.create_request_validator().rest_api_id(&api.id).validate_request_body(true);
    let validator = make.send().await.unwrap();
    let child = api.gateway.create_model().rest_api_id(&api.id).name("Child").schema(r#"{"type":"number"}"#);
    child.content_type("application/json").send().await.unwrap();
    let schema = format!(
        r##"{{"type":"object","definitions":{{"T":{{"type":"string","pattern":"^(?=.*[0-9]).+$"}}}},"required":["a"],"properties":{{
            "a":{{"$ref":"https://apigateway.amazonaws.com/restapis/{}/models/Child"}},"b":{{"$ref":"#/definitions/T"}}}}}}"##,
        api.id
    );
    let model = api.gateway.create_model().rest_api_id(&api.id).name("Thing").schema(schema);
    model.content_type("application/json").send().await.unwrap();
    let update = api.gateway.update_method().rest_api_id(&api.id).resource_id(&api.root).http_method("POST");
    let by = patch(Op::Replace, "/requestValidatorId", validator.id());
    let model = patch(Op::Add, "/requestModels/application~1json", Some("Thing"));
    update.patch_operations(by).patch_operations(model).send().await.unwrap();
    let told = api
        .gateway
        .put_gateway_response()
        .rest_api_id(&api.id)
        .response_type(GatewayResponseType::BadRequestBody);
    let template = r#"{"message":$context.error.messageString,"why":"$context.error.validationErrorString"}"#;
    told.response_templates("application/json", template).send().await.unwrap();
    api.deploy("s").await;
    let url = format!("{}/s", api.url().await);
    let status = async |kind: Option<&str>, body: &'static str| {
        let post = api.http.post(&url).body(body);
        let post = kind.into_iter().fold(post, |post, kind| post.header("content-type", kind));
        let answer = post.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    for (kind, body, why) in [
        (Some("application/json; charset=utf-8"), r#"{"a": 1}"#, None),
        (None, r#"{"a": 1, "b": "x1"}"#, None),
        (None, "{}", Some(r#"[object has missing required properties (["a"])]"#)),
        (
            None,
            "[]",
            Some(
                r#"[instance type (array) does not match any allowed primitive type (allowed: ["object"])]"#,
            ),
        ),
        (
            None,
            r#"{"a": 1, "b": "x"}"#,
            Some(r#"[ECMA 262 regex "^(?=.*[0-9]).+$" does not match input string "x"]"#),
        ),
        (None, "no JSON", Some("[]")),
        (None, "", Some("[]")),
    ] {
        let got = status(kind, body).await;
        match why {
            None => assert_eq!(got.0, 200, "{body}: {got:?}"),
            Some(why) => {
                let told = format!(r#"{{"message":"Invalid request body","why":"{why}"}}"#);
                assert_eq!(got, (400, told), "{body}");
            }
        }
    }
    // Of this type there is no model: it passes, and the mock finds no status in it.
    assert_eq!(status(Some("text/plain"), "a").await.0, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_offered_is_refused_by_name() {
    let api = MockApi::start().await;
    let put = |kind: IntegrationType, uri: &'static str| {
        let put =
            api.gateway.put_integration().rest_api_id(&api.id).resource_id(&api.root).http_method("GET");
        put.r#type(kind).integration_http_method("POST").uri(uri).send()
    };
    let http = refusal(put(IntegrationType::Http, "https://example.org").await);
    assert!(http.0 == 501 && http.2.contains("integrations of type HTTP"), "{http:?}");
    let bad = refusal(put(IntegrationType::HttpProxy, "ftp://example.org").await);
    assert_eq!(bad, refused(400, "BadRequestException", "Invalid HTTP endpoint specified for URI"));
    let policy = api.gateway.create_rest_api().name("closed").policy("{}").send().await;
    assert!(refusal(policy).2.contains("the parameter policy"));
    let body = aws_sdk_apigateway::primitives::Blob::new("{}");
    let import = api.gateway.put_rest_api().rest_api_id(&api.id).mode(PutMode::Merge).body(body).send().await;
    assert!(refusal(import).2.contains("the operation PutRestApi of API Gateway"));
    let keys = api.gateway.create_api_key().name("key").send().await;
    assert!(refusal(keys).2.contains("the operation CreateApiKey of API Gateway"));
}
