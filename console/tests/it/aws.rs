//! `--cloud aws` where things are not as they should be: what the operator is told, and how soon.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use axum::response::{IntoResponse, Response};

use crate::pretend::Server;
use crate::project::Project;

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "example")];

/// Runs `callboard --cloud aws …` with nothing of AWS in its environment but `variables`; answers its complaint.
async fn complaint(project: &Project, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
    command.current_dir(project.path()).args(["--cloud", "aws"]).args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.env("HOME", project.path()).envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
    let output = output.expect("the program");
    let complaint = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    complaint
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_it_says_so_at_once() {
    let project = Project::new();
    let clock = Instant::now();
    let said = complaint(&project, &["status", "--region", "eu-central-1"], &[]).await;
    assert!(said.contains("no AWS credentials were found"), "{said}");
    assert!(said.contains("aws sso login"), "{said}");
    assert!(clock.elapsed() < Duration::from_secs(10), "it took {:?}", clock.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_region_it_names_the_places_to_set_one() {
    let project = Project::new();
    let said = complaint(&project, &["status"], &KEYS).await;
    assert!(said.contains("no AWS region is set"), "{said}");
    assert!(said.contains("--region REGION"), "{said}");
    let said = complaint(&project, &["status", "--fresh"], &KEYS).await;
    assert!(said.contains("--fresh empties the local cloud"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_sso_session_names_the_command_that_signs_in() {
    let project = Project::new();
    project.write(
        ".aws/config",
        "[profile work]\nregion = eu-central-1\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = ops\n[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.example/start\n",
    );
    let said = complaint(&project, &["status", "--profile", "work"], &[]).await;
    assert!(said.contains("the SSO session is expired or was never opened"), "{said}");
    assert!(said.contains("aws sso login --profile work"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_is_called_that() {
    let project = Project::new();
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let variables = [KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL", &endpoint), ("AWS_REGION", "eu-central-1")];
    let said = complaint(&project, &["status"], &variables).await;
    assert!(said.contains("the connection was refused"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn access_denied_names_action_resource_identity_and_the_statement_to_add() {
    fn denied(_: &axum::extract::Request) -> Response {
        let message = "User: arn:aws:iam::111111111111:user/ops is not authorized to perform: sts:GetCallerIdentity on resource: arn:aws:x because no identity-based policy allows it";
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
        );
        (axum::http::StatusCode::FORBIDDEN, body).into_response()
    }
    let server = Server::answering(denied).await;
    let project = Project::new();
    let endpoint = server.url("");
    let variables = [KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL", &endpoint), ("AWS_REGION", "eu-central-1")];
    let said = complaint(&project, &["plan", "stage"], &variables).await;
    assert!(said.contains("could not find out whose credentials these are"), "{said}");
    let statement = r#"{"Action":"sts:GetCallerIdentity","Effect":"Allow","Resource":"arn:aws:x"}"#;
    assert!(
        said.contains(&format!(
            "arn:aws:iam::111111111111:user/ops needs sts:GetCallerIdentity on arn:aws:x: add to its policy {statement}"
        )),
        "{said}"
    );
    server.stop().await;
}
