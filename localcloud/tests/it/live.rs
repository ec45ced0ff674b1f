//! A whole account with a real function in it: `tests/fixture/function.rs`, compiled, made an image, pushed and run.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, FunctionCode, LogType, PackageType, State};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use localcloud::account::role_arn;
use localcloud::blobs::digest_of;
use serde_json::{Value, json};

use crate::account::{Account, TRUST};
use crate::image::program;

pub(crate) const REPOSITORY: &str = "team/fixture";
pub(crate) const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

pub(crate) struct Live {
    pub(crate) account: Account,
    pub(crate) sdk: SdkConfig,
    pub(crate) http: reqwest::Client,
    pub(crate) password: String,
}

/// What an Invoke answered.
pub(crate) struct Answer {
    pub(crate) payload: String,
    pub(crate) error: Option<String>,
    pub(crate) tail: String,
}

/// An image in pieces.
pub(crate) struct Image {
    pub(crate) config: Vec<u8>,
    pub(crate) layer: Vec<u8>,
    pub(crate) manifest: Vec<u8>,
}

pub(crate) fn architecture() -> &'static str {
    if std::env::consts::ARCH == "aarch64" { "arm64" } else { "x86_64" }
}

/// An image with the program at `/var/task/bootstrap`.
pub(crate) fn image_of(program: &[u8]) -> Image {
    image_with(program, &[])
}

/// As [`image_of`], with more files, by their path in the image.
pub(crate) fn image_with(program: &[u8], files: &[(String, Vec<u8>)]) -> Image {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let files = files.iter().map(|(path, content)| (path.as_str(), content.as_slice()));
    for (path, content) in files.chain([("var/task/bootstrap", program)]) {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        tar.append_data(&mut header, path, content).unwrap();
    }
    let layer = tar.into_inner().unwrap().finish().unwrap();
    let oci = if architecture() == "arm64" { "arm64" } else { "amd64" };
    let config = json!({"architecture": oci, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []},
        "config": {"Entrypoint": ["/var/task/bootstrap"], "WorkingDir": "/var/task", "Env": ["FROM_IMAGE=yes"]}});
    let config = config.to_string().into_bytes();
    let part = |kind: &str, bytes: &[u8]| json!({"mediaType": kind, "size": bytes.len(), "digest": digest_of(bytes)});
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST,
        "config": part("application/vnd.docker.container.image.v1+json", &config),
        "layers": [part("application/vnd.docker.image.rootfs.diff.tar.gzip", &layer)]});
    Image { config, layer, manifest: manifest.to_string().into_bytes() }
}

impl Live {
    /// An empty account but for one repository and one role.
    pub(crate) async fn start() -> Live {
        let live = Live::of(Account::open().await).await;
        let repository = aws_sdk_ecr::Client::new(&live.sdk).create_repository().repository_name(REPOSITORY);
        repository.send().await.unwrap();
        let role = aws_sdk_iam::Client::new(&live.sdk).create_role().role_name("r");
        role.assume_role_policy_document(TRUST).send().await.unwrap();
        live
    }

    /// What is needed to talk to an account beyond the SDK.
    pub(crate) async fn of(account: Account) -> Live {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sdk = account.config.clone();
        let token = aws_sdk_ecr::Client::new(&sdk).get_authorization_token().send().await.unwrap();
        let token = STANDARD.decode(token.authorization_data()[0].authorization_token().unwrap()).unwrap();
        let password = String::from_utf8(token).unwrap().strip_prefix("AWS:").unwrap().to_owned();
        Live { account, sdk, http: reqwest::Client::new(), password }
    }

    /// Stops the account and starts it again.
    pub(crate) async fn restart(self) -> Live {
        Live::of(self.account.restart().await).await
    }

    pub(crate) fn host(&self) -> &str {
        self.account.endpoint().strip_prefix("http://").unwrap()
    }

    /// A request to the registry, below `/v2/`.
    pub(crate) fn registry(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = match path.strip_prefix("/v2/") {
            Some(path) => format!("{}/v2/{path}", self.account.endpoint()),
            None => format!("{}/v2/{path}", self.account.endpoint()),
        };
        self.http.request(method.parse().unwrap(), url).basic_auth("AWS", Some(&self.password))
    }

    pub(crate) async fn push_blob(&self, repository: &str, bytes: &[u8]) {
        let upload = self.registry("POST", &format!("{repository}/blobs/uploads/")).send().await.unwrap();
        assert_eq!(upload.status(), 202);
        let place = upload.headers()["location"].to_str().unwrap().to_owned();
        let put = self.registry("PUT", &format!("{place}?digest={}", digest_of(bytes))).body(bytes.to_vec());
        assert_eq!(put.send().await.unwrap().status(), 201);
    }

    pub(crate) async fn push_manifest(&self, repository: &str, tag: &str, bytes: &[u8]) -> reqwest::Response {
        let put =
            self.registry("PUT", &format!("{repository}/manifests/{tag}")).header("content-type", MANIFEST);
        put.body(bytes.to_vec()).send().await.unwrap()
    }

    pub(crate) async fn push(&self, tag: &str, image: &Image) {
        self.push_blob(REPOSITORY, &image.layer).await;
        self.push_blob(REPOSITORY, &image.config).await;
        assert_eq!(self.push_manifest(REPOSITORY, tag, &image.manifest).await.status(), 201);
    }

    pub(crate) fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.sdk)
    }

    /// Creates a function of the image with that tag and waits until it is no longer Pending.
    pub(crate) async fn create(&self, name: &str, tag: &str, variables: &[(&str, &str)]) -> State {
        let mut environment = Environment::builder();
        for (key, value) in variables {
            environment = environment.variables(*key, *value);
        }
        let code = FunctionCode::builder().image_uri(format!("{}/{REPOSITORY}:{tag}", self.host())).build();
        self.lambda()
            .create_function()
            .function_name(name)
            .package_type(PackageType::Image)
            .code(code)
            .role(role_arn("r"))
            .architectures(architecture().into())
            .timeout(1)
            .environment(environment.build())
            .send()
            .await
            .unwrap();
        self.settled(name).await
    }

    /// Waits until a function is neither Pending nor being updated.
    pub(crate) async fn settled(&self, name: &str) -> State {
        let mut poll = tokio::time::interval(Duration::from_millis(10));
        loop {
            poll.tick().await;
            let found = self.lambda().get_function_configuration().function_name(name).send().await.unwrap();
            let updating = found.last_update_status().is_some_and(|status| status.as_str() == "InProgress");
            match found.state().unwrap() {
                State::Pending => {}
                state if !updating => return state.clone(),
                _ => {}
            }
        }
    }

    /// An account with the fixture as a function that is Active.
    pub(crate) async fn with_function(name: &str, variables: &[(&str, &str)]) -> Live {
        let live = Live::start().await;
        live.push("v1", &image_of(program())).await;
        assert_eq!(live.create(name, "v1", variables).await, State::Active);
        live
    }

    /// Gives a function more time for an invocation than the one second that it is made with.
    pub(crate) async fn set_timeout(&self, name: &str, seconds: i32) {
        let update = self.lambda().update_function_configuration().function_name(name).timeout(seconds);
        update.send().await.unwrap();
        assert_eq!(self.settled(name).await, State::Active);
    }

    pub(crate) async fn invoke(&self, name: &str, event: Value) -> Answer {
        let call = self.lambda().invoke().function_name(name).log_type(LogType::Tail);
        let answer = call.payload(Blob::new(event.to_string())).send().await.unwrap();
        let tail = STANDARD.decode(answer.log_result().unwrap()).unwrap();
        Answer {
            payload: String::from_utf8(answer.payload.clone().unwrap().into_inner()).unwrap(),
            error: answer.function_error().map(str::to_owned),
            tail: String::from_utf8(tail).unwrap(),
        }
    }

    /// All lines of a function's log.
    pub(crate) async fn log(&self, name: &str) -> Vec<String> {
        let logs = aws_sdk_cloudwatchlogs::Client::new(&self.sdk);
        let page = match logs.filter_log_events().log_group_name(format!("/aws/lambda/{name}")).send().await {
            Ok(page) => page,
            // The group comes with its first event.
            Err(error) if error.code() == Some("ResourceNotFoundException") => return Vec::new(),
            Err(error) => panic!("{error:?}"),
        };
        page.events().iter().map(|event| event.message().unwrap().to_owned()).collect()
    }
}

/// The process of the function that answered this to `{"do":"pid"}`: what it answers is the port of its Runtime API, and
/// what it has started has the same variables and came later.
pub(crate) fn on_host(answer: &str) -> u32 {
    *processes_with(&format!("AWS_LAMBDA_RUNTIME_API=127.0.0.1:{answer}")).first().expect("no such process")
}

/// The processes of this machine that have a variable of that value, by their ids.
pub(crate) fn processes_with(variable: &str) -> Vec<u32> {
    let ids = std::fs::read_dir("/proc").unwrap();
    let ids = ids.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<u32>().ok());
    let mut found: Vec<u32> = ids
        .filter(|id| {
            let variables = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            variables.split(|byte| *byte == 0).any(|found| found == variable.as_bytes())
        })
        .collect();
    found.sort_unstable();
    found
}

/// What `/proc` says a process is doing (`T` is stopped); `None` when there is no such process.
pub(crate) fn process_state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Waits until the process is gone, or dead and not yet collected by whoever inherited it.
pub(crate) async fn until_dead(pid: u32) {
    until(|| matches!(process_state(pid), None | Some('Z' | 'X'))).await;
}

/// Waits until something is so; fails after ten seconds.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        let mut poll = tokio::time::interval(Duration::from_millis(2));
        while !is_so() {
            poll.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("it never came to be so");
}

/// Asks until there is an answer; fails after ten seconds.
pub(crate) async fn until_some<T, F: Future<Output = Option<T>>>(ask: impl Fn() -> F) -> T {
    let waiting = async {
        let mut poll = tokio::time::interval(Duration::from_millis(2));
        loop {
            poll.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("it never came to be so")
}

/// As [`until`], for what has to be asked for.
pub(crate) async fn until_async(is_so: impl AsyncFn() -> bool) {
    let waiting = async { while !is_so().await {} };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it never came to be so");
}
