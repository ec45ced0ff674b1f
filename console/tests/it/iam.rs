//! Users of a local cloud, and the program run as one of them: on AWS, as far as it can tell.

use std::process::{Command, Stdio};

use aws_sdk_iam::config::{Credentials, SharedCredentialsProvider};
use serde_json::Value;

use crate::project::Project;

/// An access key.
pub(crate) struct Keys {
    id: String,
    secret: String,
}

impl Keys {
    /// The account's own.
    pub(crate) fn owner() -> Keys {
        use localcloud::account::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
        Keys { id: ACCESS_KEY_ID.to_owned(), secret: SECRET_ACCESS_KEY.to_owned() }
    }

    /// The environment in which the program is the key's owner, on the cloud at `endpoint`.
    pub(crate) fn variables(&self, endpoint: &str) -> Variables {
        let pair = |name: &'static str, value: &str| (name, value.to_owned());
        Variables(vec![
            pair("AWS_ACCESS_KEY_ID", &self.id),
            pair("AWS_SECRET_ACCESS_KEY", &self.secret),
            pair("AWS_ENDPOINT_URL", endpoint),
            pair("AWS_REGION", "us-east-1"),
        ])
    }
}

pub(crate) struct Variables(Vec<(&'static str, String)>);

impl Variables {
    pub(crate) fn each(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }
}

/// The program in the project, with nothing of AWS in its environment but `variables`.
pub(crate) fn command(project: &Project, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
    command.current_dir(project.path()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    // Rust's own tools live below the home folder, which is the project's here.
    let home = std::env::home_dir().expect("a home");
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        if std::env::var_os(name).is_none() {
            command.env(name, home.join(folder));
        }
    }
    command.env("HOME", project.path()).envs(variables.iter().copied());
    command
}

/// IAM's client of the account's owner.
pub(crate) fn owner(endpoint: &str) -> aws_sdk_iam::Client {
    let Keys { id, secret } = Keys::owner();
    let config = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            id, secret, None, None, "test",
        )))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_iam::Client::new(&config)
}

/// A new user, who may do nothing yet.
pub(crate) async fn user(iam: &aws_sdk_iam::Client, name: &str) -> Keys {
    iam.create_user().user_name(name).send().await.expect("a user");
    let key = iam.create_access_key().user_name(name).send().await.expect("a key").access_key.expect("a key");
    Keys { id: key.access_key_id, secret: key.secret_access_key }
}

/// Gives the user this policy in place of the one that was given before.
pub(crate) async fn give(iam: &aws_sdk_iam::Client, user: &str, policy: &Value) {
    let arn = "arn:aws:iam::000000000000:policy/callboard";
    if iam.get_policy().policy_arn(arn).send().await.is_ok() {
        iam.detach_user_policy().user_name(user).policy_arn(arn).send().await.expect("detached");
        iam.delete_policy().policy_arn(arn).send().await.expect("deleted");
    }
    let create = iam.create_policy().policy_name("callboard").policy_document(policy.to_string());
    create.send().await.expect("a policy that IAM takes");
    iam.attach_user_policy().user_name(user).policy_arn(arn).send().await.expect("attached");
}

/// A policy of `docs/`, with the names of the project and the local cloud in it.
pub(crate) fn least(project: &Project, file: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file);
    let settings = project.settings();
    let text = std::fs::read_to_string(path).expect("the policy");
    let filled = text
        .replace("REGION", "us-east-1")
        .replace("ACCOUNT", localcloud::account::ACCOUNT_ID)
        .replace("NAME", &settings.name)
        .replace("IMAGE", &settings.build.image);
    serde_json::from_str(&filled).expect("JSON")
}

/// All that a policy allows: the statement's name, and an action.
pub(crate) fn actions(policy: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let statements = policy["Statement"].as_array().expect("statements").iter();
    let of = |statement: &Value| -> Vec<(String, String)> {
        let sid = text(&statement["Sid"]);
        match &statement["Action"] {
            Value::Array(all) => all.iter().map(|action| (sid.clone(), text(action))).collect(),
            one => vec![(sid, text(one))],
        }
    };
    statements.flat_map(of).collect()
}

/// Takes an action out of every statement.
pub(crate) fn take_out(policy: &mut Value, action: &str) {
    for (sid, _) in actions(policy).into_iter().filter(|(_, named)| named == action) {
        take_out_of(policy, &sid, action);
    }
}

/// Takes an action out of one statement, and a statement away that has none left.
pub(crate) fn take_out_of(policy: &mut Value, sid: &str, action: &str) {
    let statements = policy["Statement"].as_array_mut().expect("statements");
    for statement in statements.iter_mut().filter(|statement| statement["Sid"] == sid) {
        let left: Vec<Value> = match &statement["Action"] {
            Value::Array(all) => all.iter().filter(|one| *one != action).cloned().collect(),
            one if one == action => Vec::new(),
            one => vec![one.clone()],
        };
        statement["Action"] = left.into();
    }
    statements.retain(|statement| statement["Action"] != Value::Array(Vec::new()));
}
