//! Broken set-ups, each of which gives exactly the diagnosis that is meant and no other; and one that is well, which gives none.

use std::collections::BTreeSet;

use aws_sdk_apigateway::types::{GatewayResponseType, Op};
use callboard::domain::{Diagnosis, StageName};
use tokio::net::TcpListener;

use super::patient::Patient;

use Diagnosis as D;

/// The function that a clean gateway leads to.
const RIGHT: &str = "hello-${stageVariables.env}";

/// The service's own illnesses: what `ILL` says, what is meant, and what callboard.toml says besides.
const SERVICE: &[(&str, Diagnosis, &str)] = &[
    ("cors-off", D::CorsOff, ""),
    ("cors-preflight-405", D::CorsPreflightEaten, ""),
    ("cors-preflight-404", D::CorsPreflightEaten, ""),
    ("cors-preflight-200", D::CorsPreflightEaten, ""),
    ("cors-preflight-redirect", D::CorsPreflightRedirect, ""),
    ("cors-preflight-status", D::CorsPreflightStatus, ""),
    ("cors-answer-bare", D::CorsOriginMissing, ""),
    ("cors-named", D::CorsOriginRefused, ""),
    ("cors-other-origin", D::CorsOriginOther, ""),
    ("cors-slash", D::CorsOriginOther, ""),
    ("cors-capitals", D::CorsOriginOther, ""),
    ("cors-null", D::CorsOriginOther, ""),
    ("cors-twice", D::CorsOriginTwice, ""),
    ("cors-star-and-origin", D::CorsOriginTwice, ""),
    ("cors-list", D::CorsOriginTwice, ""),
    ("cors-methods-get", D::CorsMethod, ""),
    ("cors-methods-none", D::CorsMethod, ""),
    ("cors-methods-small", D::CorsMethod, ""),
    ("cors-methods-garbage", D::CorsUnreadable, ""),
    ("cors-headers-other", D::CorsHeader, ""),
    ("cors-headers-none", D::CorsHeader, ""),
    ("cors-headers-garbage", D::CorsUnreadable, ""),
    ("", D::CorsAuthorizationWildcard, "[cors]\nheaders = [\"authorization\"]\n"),
    ("cors-headers-none", D::CorsHeader, "[cors]\nheaders = [\"authorization\"]\n"),
    ("cors-with-credentials-star", D::CorsWildcardCredentials, "[cors]\ncredentials = true\n"),
    ("cors-with-credentials-no", D::CorsCredentials, "[cors]\ncredentials = true\n"),
    ("cors-with-credentials-capitals", D::CorsCredentials, "[cors]\ncredentials = true\n"),
    (
        "cors-with-credentials-methods-star",
        D::CorsMethod,
        "[cors]\ncredentials = true\norigins = [\"https://app.test\"]\n",
    ),
    ("cors-no-vary", D::CorsVary, "[cors]\norigins = [\"https://app.test\"]\n"),
    ("cors-reflect-credentials", D::CorsAnyOrigin, ""),
    ("cors-max-age", D::CorsMaxAge, ""),
    ("openapi-missing", D::OpenApiMissing, ""),
    ("openapi-html", D::OpenApiInvalid, ""),
    ("openapi-swagger-2", D::OpenApiInvalid, ""),
    ("openapi-broken", D::OpenApiInvalid, ""),
    ("openapi-empty", D::OpenApiEmpty, ""),
    ("openapi-failed", D::ServiceFailed, ""),
    ("schema-unusable", D::OpenApiSchema, ""),
    ("path-unknown", D::PathUnknown, ""),
    ("method-unknown", D::MethodUnknown, ""),
    ("sign-in", D::SignIn, ""),
    ("forbidden-by-service", D::SignIn, ""),
    ("service-failed", D::ServiceFailed, ""),
    ("service-unavailable", D::ServiceFailed, ""),
    ("teapot", D::Status, ""),
    ("undeclared", D::StatusUndeclared, ""),
    ("html", D::ContentType, ""),
    ("bad-json", D::BadJson, ""),
    ("empty-json", D::BadJson, ""),
    ("schema-type", D::Schema, ""),
    ("schema-missing", D::Schema, ""),
    ("schema-list", D::Schema, ""),
    ("gzip", D::BinaryMangled, ""),
    ("env-missing", D::EnvMissing, ""),
    ("env-number", D::EnvMissing, ""),
    ("prefix-kept", D::PrefixNotStripped, ""),
    ("crash", D::FunctionCrashed, ""),
    ("init-crash", D::FunctionInit, ""),
    ("answer-text", D::FunctionMalformed, ""),
    ("answer-unknown-member", D::FunctionMalformed, ""),
    ("answer-status-text", D::FunctionMalformed, ""),
    ("answer-null", D::FunctionMalformed, ""),
    ("answer-error", D::FunctionError, ""),
    ("answer-large", D::FunctionTooLarge, ""),
    ("", D::Value, "[[check]]\npath = \"/api/v0/items\"\nvalue = { \"/message\" = \"other\" }\n"),
    ("", D::Status, "[[check]]\npath = \"/api/v0/items\"\nstatus = 201\n"),
    ("slow", D::TooSlow, "[[check]]\npath = \"/api/v0/items\"\nmax_ms = 100\n"),
    (
        "",
        D::VariableUnset,
        "[[check]]\npath = \"/api/v0/items\"\nheaders = { x-one = \"${CALLBOARD_NOT_SET}\" }\n",
    ),
    ("docs-missing", D::DocsMissing, ""),
    ("docs-failed", D::ServiceFailed, ""),
    ("docs-no-url", D::DocsNoUrl, ""),
    ("docs-absolute", D::DocsPrefixLost, ""),
    ("docs-script-absolute", D::DocsPrefixLost, ""),
    ("docs-redirect", D::DocsPrefixLost, ""),
    ("docs-doubled", D::DocsPrefixDoubled, ""),
    ("docs-wrong-path", D::DocsDocument, ""),
    ("docs-not-a-document", D::DocsDocument, ""),
    ("docs-asset", D::DocsAsset, ""),
    ("docs-icon", D::BinaryMangled, ""),
    ("servers-absent", D::ServersPrefixLost, ""),
    ("servers-root", D::ServersPrefixLost, ""),
    ("servers-doubled", D::ServersPrefixDoubled, ""),
    ("servers-other-stage", D::ServersElsewhere, ""),
    ("servers-localhost", D::ServersElsewhere, ""),
    ("servers-no-url", D::ServersElsewhere, ""),
];

/// What was found where what was meant, and whether nothing else was.
struct Table {
    rows: Vec<(String, Diagnosis, BTreeSet<Diagnosis>)>,
}

impl Table {
    fn add(&mut self, set_up: &str, wanted: Diagnosis, found: BTreeSet<Diagnosis>) {
        self.rows.push((set_up.to_owned(), wanted, found));
    }

    /// Prints it all, and fails with all that is not as it is meant.
    fn judge(self, least: usize) {
        println!("\n| set-up | diagnosis |\n|---|---|");
        let mut wrong = Vec::new();
        for (set_up, wanted, found) in &self.rows {
            let names: Vec<&str> = found.iter().map(|one| one.as_str()).collect();
            println!("| {set_up} | {} |", names.join(", "));
            if *found != BTreeSet::from([*wanted]) {
                wrong.push(format!("{set_up}: meant {}, found {names:?}", wanted.as_str()));
            }
        }
        println!(
            "{} broken set-ups, {} with another diagnosis than the one that is meant",
            self.rows.len(),
            wrong.len()
        );
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(self.rows.len() >= least, "{} set-ups", self.rows.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ill_service_is_told_by_name() {
    let patient = Box::pin(Patient::admit()).await;
    let plain = patient.settings("");
    assert_eq!(patient.found(&plain).await, BTreeSet::new(), "it is well");
    let mut table = Table { rows: Vec::new() };
    for (ill, wanted, more) in SERVICE {
        patient.ill(ill).await;
        let found = patient.found(&patient.settings(more)).await;
        let set_up = format!("{ill} {}", more.replace('\n', " ")).trim().to_owned();
        table.add(&set_up, *wanted, found);
    }
    for env in ["dev", "prod"] {
        patient.environment(&[("ENV", env)]).await;
        let wanted = if env == "dev" { D::EnvWrong } else { D::EnvOther };
        table.add(&format!("ENV={env}"), wanted, patient.found(&plain).await);
    }
    patient.ill("").await;
    assert_eq!(patient.found(&plain).await, BTreeSet::new(), "it is well again");
    table.judge(60);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ill_function_or_gateway_is_told_by_name() {
    let patient = Box::pin(Patient::admit()).await;
    let mut table = Table { rows: Vec::new() };
    Box::pin(lambda(&patient, &mut table)).await;
    Box::pin(permission_and_variable(&patient, &mut table)).await;
    Box::pin(integration(&patient, &mut table)).await;
    Box::pin(resources_and_methods(&patient, &mut table)).await;
    Box::pin(own_errors(&patient, &mut table)).await;
    Box::pin(network(&patient, &mut table)).await;
    table.judge(30);
}

/// Lambda.
async fn lambda(patient: &Patient, table: &mut Table) {
    let plain = patient.settings("");
    let (proxy, right) = (patient.resource("/{proxy+}").await, RIGHT);
    patient.ill("sleep").await;
    let call = patient.lambda.update_function_configuration().function_name("hello-stage").timeout(1);
    call.send().await.expect("an update");
    patient.settled().await;
    table.add("the function's own time-out", D::FunctionTimeout, patient.found(&plain).await);
    patient.cured().await;
    patient.ill("sleep").await;
    patient.lead(&proxy, "ANY", right, "POST", 300).await;
    patient.deploy_by_hand().await;
    table.add("the gateway's time-out", D::GatewayTimeout, patient.found(&plain).await);
    patient.lead(&proxy, "ANY", right, "POST", 29_000).await;
    patient.cured().await;
    let call = patient.lambda.put_function_concurrency().function_name("hello-stage");
    call.reserved_concurrent_executions(0).send().await.expect("set");
    table.add("no concurrency", D::FunctionThrottled, patient.found(&plain).await);
    let call = patient.lambda.delete_function_concurrency().function_name("hello-stage");
    call.send().await.expect("unset");
    patient.lambda.delete_function().function_name("hello-stage").send().await.expect("deleted");
    table.add("no function", D::FunctionMissing, patient.found(&plain).await);
    patient.cured().await;
}

/// Permission and stage variable.
async fn permission_and_variable(patient: &Patient, table: &mut Table) {
    let plain = patient.settings("");
    patient.forbid().await;
    table.add("no permission", D::PermissionMissing, patient.found(&plain).await);
    patient.permit("prod/*/*").await;
    table.add("permission for the other stage", D::PermissionMissing, patient.found(&plain).await);
    patient.forbid().await;
    patient.permit("stage/GET/").await;
    table.add("permission for the root alone", D::PermissionMissing, patient.found(&plain).await);
    patient.cured().await;
    patient.patch_stage(Op::Replace, "/variables/env", Some("prod")).await;
    table.add("stage variable of the other stage", D::VariableWrong, patient.found(&plain).await);
    patient.patch_stage(Op::Replace, "/variables/env", Some("staging")).await;
    table.add("stage variable of nobody", D::VariableWrong, patient.found(&plain).await);
    patient.patch_stage(Op::Remove, "/variables/env", None).await;
    table.add("no stage variable", D::VariableMissing, patient.found(&plain).await);
    patient.cured().await;
}

/// Integration.
async fn integration(patient: &Patient, table: &mut Table) {
    let plain = patient.settings("");
    let (root, proxy) = (patient.resource("/").await, patient.resource("/{proxy+}").await);
    for (set_up, function, by, wanted) in [
        ("integration with a function that is not there", "hello-nobody", "POST", D::IntegrationUri),
        ("integration with prod's function", "hello-prod", "POST", D::IntegrationUri),
        ("integration with stage's function alone", "hello-stage", "POST", D::IntegrationUri),
        ("integration by GET", RIGHT, "GET", D::IntegrationMethod),
    ] {
        for resource in [&root, &proxy] {
            patient.lead(resource, "ANY", function, by, 29_000).await;
        }
        patient.deploy_by_hand().await;
        table.add(set_up, wanted, patient.found(&plain).await);
        patient.cured().await;
    }
}

/// Resources and methods.
async fn resources_and_methods(patient: &Patient, table: &mut Table) {
    let plain = patient.settings("");
    let api = patient.api.as_str();
    let (root, proxy) = (patient.resource("/").await, patient.resource("/{proxy+}").await);
    patient.put_method(&proxy, "OPTIONS", "NONE", false).await;
    patient.lead(&proxy, "OPTIONS", "hello-nobody", "POST", 29_000).await;
    patient.deploy_by_hand().await;
    table.add("OPTIONS answered by the gateway", D::MethodInFront, patient.found(&plain).await);
    patient.delete_method(&proxy, "OPTIONS").await;
    patient.cured().await;
    for (set_up, authorization, key) in
        [("AWS_IAM on the methods", "AWS_IAM", false), ("API key on the methods", "NONE", true)]
    {
        patient.delete_method(&proxy, "ANY").await;
        patient.put_method(&proxy, "ANY", authorization, key).await;
        patient.lead(&proxy, "ANY", RIGHT, "POST", 29_000).await;
        patient.deploy_by_hand().await;
        table.add(set_up, D::Authorization, patient.found(&plain).await);
        patient.delete_method(&proxy, "ANY").await;
        patient.cured().await;
    }
    patient.delete_method(&proxy, "ANY").await;
    patient.put_method(&proxy, "GET", "NONE", false).await;
    patient.lead(&proxy, "GET", RIGHT, "POST", 29_000).await;
    patient.deploy_by_hand().await;
    table.add("GET alone in the place of ANY", D::ProxyMissing, patient.found(&plain).await);
    patient.delete_method(&proxy, "GET").await;
    patient.cured().await;
    patient.delete_method(&root, "ANY").await;
    patient.deploy_by_hand().await;
    table.add("no ANY on the root", D::RootMissing, patient.found(&plain).await);
    patient.cured().await;
    let call = patient.gateway.delete_resource().rest_api_id(api).resource_id(&proxy);
    call.send().await.expect("deleted");
    patient.deploy_by_hand().await;
    table.add("no {proxy+}", D::ProxyMissing, patient.found(&plain).await);
    patient.cured().await;
    let extra = patient.gateway.create_resource().rest_api_id(api).parent_id(&root).path_part("extra");
    let extra = extra.send().await.expect("made").id().expect("an id").to_owned();
    patient.put_method(&extra, "GET", "NONE", false).await;
    patient.lead(&extra, "GET", RIGHT, "POST", 29_000).await;
    table.add("a resource that was not deployed", D::DeploymentStale, patient.found(&plain).await);
    let call = patient.gateway.delete_resource().rest_api_id(api).resource_id(&extra);
    call.send().await.expect("deleted");
}

/// The gateway's own errors, and the stage itself.
async fn own_errors(patient: &Patient, table: &mut Table) {
    let plain = patient.settings("");
    let api = patient.api.as_str();
    let call = patient.gateway.put_gateway_response().rest_api_id(api);
    call.response_type(GatewayResponseType::Throttled).send().await.expect("put");
    patient.deploy_by_hand().await;
    table.add("429 with an answer of its own", D::ErrorsWithoutCors, patient.found(&plain).await);
    let call = patient.gateway.delete_gateway_response().rest_api_id(api);
    call.response_type(GatewayResponseType::Throttled).send().await.expect("deleted");
    let call = patient.gateway.delete_gateway_response().rest_api_id(api);
    call.response_type(GatewayResponseType::Default5Xx).send().await.expect("deleted");
    patient.deploy_by_hand().await;
    table.add("5XX without CORS headers", D::ErrorsWithoutCors, patient.found(&plain).await);
    patient.cured().await;
    assert_eq!(patient.found(&plain).await, BTreeSet::new(), "a deploy cures it all");

    let call = patient.gateway.delete_stage().rest_api_id(api).stage_name("stage");
    call.send().await.expect("deleted");
    table.add("no stage, asked at its old URL", D::StageMissing, patient.found(&plain).await);
    let gone = patient.cloud.stage_url(StageName::Stage).await.expect("read");
    table.add("no stage", D::StageMissing, patient.diagnosed(&plain, gone.as_deref()).await);
    patient.cured().await;
}

/// The network.
async fn network(patient: &Patient, table: &mut Table) {
    let plain = patient.settings("");
    for (set_up, at, wanted) in [
        ("nothing listens", "http://127.0.0.1:1/stage".to_owned(), D::Refused),
        ("no such host", "http://no-such-host.invalid/stage".to_owned(), D::Dns),
        ("no TLS", patient.url.replace("http:", "https:"), D::Tls),
    ] {
        table.add(set_up, wanted, patient.diagnosed(&plain, Some(&at)).await);
    }
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = format!("http://{}/stage", silent.local_addr().expect("an address"));
    let hasty = patient.settings("[checks]\ntimeout = 1\n");
    table.add("no answer", D::NoAnswer, patient.diagnosed(&hasty, Some(&at)).await);
    let hang_up = tokio::spawn(async move { while silent.accept().await.is_ok() {} });
    table.add("the other side hangs up", D::Broken, patient.diagnosed(&plain, Some(&at)).await);
    hang_up.abort();
}
