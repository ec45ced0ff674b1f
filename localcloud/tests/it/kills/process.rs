//! The local cloud as a process that can be killed.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use localcloud::{LocalCloud, Opened, Options, account};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::client::Registry;
use crate::account::config;

/// Names the folder to the process.
const FOLDER: &str = "CALLBOARD_KILLS_FOLDER";
/// What it writes in front of its endpoint.
const LISTENS: &str = "listens at ";

/// What runs in the process.
pub(super) fn run() {
    let dir = std::env::var_os(FOLDER).expect("the folder is named");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let opened = runtime.block_on(LocalCloud::open(Options::new(dir))).expect("the folder opens");
    let Opened::Started(cloud) = opened else { panic!("the one before still runs") };
    let mut out = std::io::stdout().lock();
    // libtest has begun this line.
    writeln!(out, "\n{LISTENS}{}", cloud.endpoint()).unwrap();
    out.flush().unwrap();
    // Until the test is gone, however it ended.
    let _ = std::io::stdin().read(&mut [0]);
}

/// A process that may be on its way, and its output.
pub(super) struct Starting {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// A process that listens.
pub(super) struct Process {
    starting: Starting,
    at: Arc<At>,
}

/// Where a process listens, and the clients for it: making them costs more than a call.
pub(super) struct At {
    pub(super) endpoint: String,
    pub(super) iam: aws_sdk_iam::Client,
    pub(super) ecr: aws_sdk_ecr::Client,
    pub(super) lambda: aws_sdk_lambda::Client,
    pub(super) gateway: aws_sdk_apigateway::Client,
    pub(super) logs: aws_sdk_cloudwatchlogs::Client,
    pub(super) registry: Registry,
}

impl Starting {
    pub(super) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

impl Process {
    pub(super) fn spawn(dir: &Path) -> Starting {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["kills::child", "--exact", "--ignored", "--nocapture"]).env(FOLDER, dir);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Starting { child, lines }
    }

    pub(super) async fn start(dir: &Path) -> Process {
        let mut starting = Process::spawn(dir);
        while let Some(line) = starting.lines.next_line().await.unwrap() {
            if let Some(endpoint) = line.strip_prefix(LISTENS) {
                return Process { starting, at: Arc::new(At::new(endpoint).await) };
            }
        }
        panic!("it ended before it listened");
    }

    pub(super) fn at(&self) -> Arc<At> {
        Arc::clone(&self.at)
    }

    /// SIGKILL, and waits until it is gone.
    pub(super) async fn kill(self) {
        self.starting.kill().await;
    }
}

impl At {
    async fn new(endpoint: &str) -> At {
        let sdk = config(endpoint, account::ACCESS_KEY_ID, account::REGION);
        let ecr = aws_sdk_ecr::Client::new(&sdk);
        At {
            endpoint: endpoint.to_owned(),
            iam: aws_sdk_iam::Client::new(&sdk),
            lambda: aws_sdk_lambda::Client::new(&sdk),
            gateway: aws_sdk_apigateway::Client::new(&sdk),
            logs: aws_sdk_cloudwatchlogs::Client::new(&sdk),
            registry: Registry::open(endpoint, &ecr).await,
            ecr,
        }
    }
}
