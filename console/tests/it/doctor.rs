//! `callboard doctor`: what it says of set-ups that are as they should be, and of those that are not.

use std::process::Command;

use crate::iam::{self, Keys};
use crate::pretend::Server;
use crate::project::Project;

/// Runs the doctor in the project, its home being the project's own folder, with nothing of AWS in the environment but
/// `variables`; exit code and standard output, in which folders and ports have names.
pub(crate) async fn doctor(
    project: &Project,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> (i32, String) {
    let mut command = iam::command(project, variables);
    command.arg("doctor").args(arguments);
    told(project, command).await
}

async fn told(project: &Project, mut command: Command) -> (i32, String) {
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
    let output = output.expect("the program");
    let error = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(error, "", "nothing is told but findings");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let text = text.replace(&project.path().display().to_string(), "DIR");
    let text =
        regex::Regex::new("127.0.0.1:[0-9]+").expect("a pattern").replace_all(&text, "HOST").into_owned();
    let text = text.replace(std::env::consts::ARCH, "ARCH").replace("aarch64", "ARCH");
    (output.status.code().expect("an exit code"), text)
}

/// The lines of some areas.
fn of(text: &str, areas: &[&str]) -> String {
    let mut told = Vec::new();
    let mut wanted = false;
    for line in text.lines() {
        if !line.starts_with("      do: ") {
            wanted = line.split_whitespace().nth(1).is_some_and(|area| areas.contains(&area));
        }
        if wanted {
            told.push(line);
        }
    }
    told.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_on_the_local_cloud() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let cloud = project.cloud().await;
    project.deploy(&cloud, callboard::domain::StageName::Stage).await;
    let (code, text) = doctor(&project, &["--cloud", "local"], &[]).await;
    assert_eq!(code, 0, "{text}");
    insta::assert_snapshot!("doctor_well", text);
    let (code, text) = doctor(&project, &["--cloud", "local", "--json"], &[]).await;
    assert_eq!(code, 0, "{text}");
    insta::assert_snapshot!("doctor_well_json", text);
    // Only looked at: the smaller policy is what matters.
    let (code, text) = doctor(&project, &["--cloud", "local", "--read-only", "--policy"], &[]).await;
    assert_eq!(code, 0, "{text}");
    let policy: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(policy["Statement"][0]["Resource"], "arn:aws:lambda:us-east-1:000000000000:function:hello-*");
    assert!(!text.contains("CreateFunction") && !text.contains("ACCOUNT"), "{text}");
    cloud.close().await;
    local.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_may_not_is_named_with_the_statement_to_add() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let iam = iam::owner(local.endpoint());
    let least = iam::least(&project, "iam-policy.json");
    let without = |actions: &[&str]| {
        let mut policy = least.clone();
        for action in actions {
            iam::take_out(&mut policy, action);
        }
        policy
    };
    let keys = iam::user(&iam, "kim").await;
    let policy = without(&["lambda:PublishVersion", "lambda:TagResource", "ecr:PutImage"]);
    iam::give(&iam, "kim", &policy).await;
    let ask = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:SimulatePrincipalPolicy","Resource":"arn:aws:iam::000000000000:user/kim"}]}"#;
    let put = iam.put_user_policy().user_name("kim").policy_name("ask").policy_document(ask);
    put.send().await.expect("a policy");
    let variables = keys.variables(local.endpoint());
    let (code, text) = doctor(&project, &["--cloud", "aws"], &variables.each()).await;
    assert_eq!(code, 3, "{text}");
    insta::assert_snapshot!("doctor_lacking", of(&text, &["credentials", "permissions"]));

    // IAM may not be asked: what reads learn is told, and what nobody knows.
    iam.delete_user_policy().user_name("kim").policy_name("ask").send().await.expect("deleted");
    iam::give(&iam, "kim", &without(&["lambda:ListVersionsByFunction", "apigateway:GET", "iam:GetRole"]))
        .await;
    let (code, text) = doctor(&project, &["--cloud", "aws"], &variables.each()).await;
    assert_eq!(code, 3, "{text}");
    insta::assert_snapshot!("doctor_lacking_unasked", of(&text, &["permissions", "gateway"]));
    local.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_than_the_one_that_is_meant() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let toml = std::fs::read_to_string(project.path().join("callboard.toml")).expect("settings");
    project.write("callboard.toml", &format!("account = \"123456789012\"\n{toml}"));
    let variables = Keys::owner().variables(local.endpoint());
    let (code, text) = doctor(&project, &["--cloud", "aws"], &variables.each()).await;
    assert_eq!(code, 3, "{text}");
    insta::assert_snapshot!("doctor_other_account", of(&text, &["region", "credentials"]));
    project.write("callboard.toml", &format!("account = \"12345\"\n{toml}"));
    let (code, text) = doctor(&project, &["--cloud", "aws"], &variables.each()).await;
    assert_eq!(code, 3, "{text}");
    insta::assert_snapshot!("doctor_settings", text);
    local.stop().await;
}

const REGION: (&str, &str) = ("AWS_REGION", "eu-central-1");
const NO_METADATA: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_without_a_region_and_without_the_profile() {
    let project = Project::new();
    let (code, text) = doctor(&project, &["--cloud", "aws"], &[REGION, NO_METADATA]).await;
    assert_eq!(code, 3, "{text}");
    insta::assert_snapshot!("doctor_no_credentials", of(&text, &["region", "credentials", "permissions"]));
    let (code, text) = doctor(&project, &["--cloud", "aws"], &[NO_METADATA]).await;
    assert_eq!(code, 3, "{text}");
    insta::assert_snapshot!("doctor_no_region", of(&text, &["region", "credentials", "permissions"]));
    project.write(".aws/config", "[profile work]\nregion = eu-central-1\n[default]\noutput = json\n");
    let (code, text) = doctor(&project, &["--cloud", "aws", "--profile", "wrok"], &[REGION]).await;
    assert_eq!(code, 3, "{text}");
    insta::assert_snapshot!("doctor_no_profile", of(&text, &["region", "credentials"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_whose_session_program_or_second_factor_does_not_work() {
    let project = Project::new();
    let local = project.local_cloud().await;
    let failing = "#!/bin/sh\necho 'the vault is sealed' >&2\nexit 3\n";
    project.write("vault", failing);
    project.write(
        ".aws/config",
        &format!(
            "[profile work]\nregion = eu-central-1\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = ops\n\
             [sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.example/start\n\
             [profile vault]\nregion = eu-central-1\ncredential_process = sh {}/vault\n\
             [profile base]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example\n\
             [profile deep]\nregion = us-east-1\nrole_arn = arn:aws:iam::000000000000:role/ops\nsource_profile = base\nmfa_serial = arn:aws:iam::000000000000:mfa/kim\n",
            project.path().display()
        ),
    );
    let (code, text) = doctor(&project, &["--cloud", "aws", "--profile", "work"], &[]).await;
    assert_eq!(code, 3, "{text}");
    insta::assert_snapshot!("doctor_sso", of(&text, &["region", "credentials"]));
    let (code, text) = doctor(&project, &["--cloud", "aws", "--profile", "vault"], &[]).await;
    assert_eq!(code, 3, "{text}");
    insta::assert_snapshot!("doctor_process", of(&text, &["region", "credentials"]));
    let endpoint = ("AWS_ENDPOINT_URL", local.endpoint());
    let (code, text) = doctor(&project, &["--cloud", "aws", "--profile", "deep"], &[endpoint]).await;
    assert_eq!(code, 3, "{text}");
    insta::assert_snapshot!("doctor_mfa", of(&text, &["credentials"]));
    // Keys of the environment come first, and nobody says so.
    let owner = Keys::owner().variables(local.endpoint());
    let (code, text) = doctor(&project, &["--cloud", "aws", "--profile", "deep"], &owner.each()).await;
    assert_eq!(code, 0, "{text}");
    insta::assert_snapshot!("doctor_overruled", of(&text, &["region", "credentials"]));
    local.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_is_the_reason_and_not_the_credentials() {
    fn from_long_ago(_: &axum::extract::Request) -> axum::response::Response {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>Signature expired</Message></Error><RequestId>1</RequestId></ErrorResponse>";
        crate::pretend::answer(403, &[("date", "Sun, 22 Nov 2020 12:00:00 GMT")], body)
    }
    let server = Server::answering(from_long_ago).await;
    let project = Project::new();
    let endpoint = server.url("");
    let variables = Keys::owner().variables(&endpoint);
    let (code, text) = doctor(&project, &["--cloud", "aws"], &variables.each()).await;
    assert_eq!(code, 3, "{text}");
    let seconds = regex::Regex::new("[0-9]{6,} s").expect("a pattern");
    insta::assert_snapshot!("doctor_clock", seconds.replace(&of(&text, &["credentials", "clock"]), "N s"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_answers_is_not_waited_for_for_long() {
    let project = Project::new();
    // The system takes connections in, and nobody ever reads from them.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", silent.local_addr().expect("an address"));
    let variables = Keys::owner().variables(&endpoint);
    let clock = std::time::Instant::now();
    let (code, text) = doctor(&project, &["--cloud", "aws"], &variables.each()).await;
    assert_eq!(code, 3, "{text}");
    assert!(clock.elapsed() < std::time::Duration::from_secs(25), "it took {:?}", clock.elapsed());
    insta::assert_snapshot!("doctor_silence", of(&text, &["region", "credentials", "clock", "permissions"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_environment_and_a_builder_that_is_not_there() {
    let project = Project::new();
    project.write(".env.prod", "GOOD_KEY=1\nAWS_REGION=x\n");
    let empty = project.path().join("empty");
    std::fs::create_dir(&empty).expect("a folder");
    let mut command =
        iam::command(&project, &[("PATH", empty.to_str().expect("UTF-8")), REGION, NO_METADATA]);
    command.env_remove("CARGO").env_remove("RUSTC").args(["doctor", "--cloud", "aws"]);
    let (code, text) = told(&project, command).await;
    assert_eq!(code, 3, "{text}");
    insta::assert_snapshot!("doctor_files_and_builder", of(&text, &["settings", "files", "builder"]));
    assert!(!text.contains("GOOD_KEY=1"));
}
