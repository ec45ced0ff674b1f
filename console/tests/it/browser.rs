//! Headless Chromium, driven over WebDriver (<https://www.w3.org/TR/webdriver2/>).

use std::process::Stdio;

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// One browser window. It and its driver end with it.
pub(crate) struct Browser {
    http: Client,
    session: String,
    driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts both; what is not installed is an error.
    pub(crate) async fn start() -> Browser {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver: apt-get install chromium chromium-driver");
        let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        let port: u16 = loop {
            let line = lines.next_line().await.expect("a line").expect("it says its port");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').parse().expect("a port");
            }
        };
        // What it says later goes nowhere, and must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let profile = tempfile::tempdir().expect("a folder");
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let http = Client::builder().no_proxy().build().expect("a client");
        let root = format!("http://127.0.0.1:{port}");
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments}, "timeouts": {"script": 120_000, "pageLoad": 60_000}
        }}});
        let answer = post(&http, &format!("{root}/session"), &wanted).await;
        let session = format!("{root}/session/{}", answer["sessionId"].as_str().expect("a session"));
        Browser { http, session, driver, _profile: profile }
    }

    /// Loads a page.
    pub(crate) async fn open(&self, url: &str) {
        post(&self.http, &format!("{}/url", self.session), &json!({"url": url})).await;
    }

    /// Runs a script in the page that ends by calling its last argument; what it calls it with.
    pub(crate) async fn run(&self, script: &str, arguments: &[Value]) -> Value {
        let script = json!({"script": script, "args": arguments});
        post(&self.http, &format!("{}/execute/async", self.session), &script).await
    }

    pub(crate) async fn close(self) {
        let _ = self.http.delete(&self.session).send().await;
    }
}

impl Drop for Browser {
    /// A test that fails leaves no browser behind: it is in its driver's process group.
    fn drop(&mut self) {
        let id = self.driver.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = id.and_then(rustix::process::Pid::from_raw) {
            // It may have ended by itself.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

async fn post(http: &Client, url: &str, body: &Value) -> Value {
    let answer = http.post(url).json(body).send().await.expect("an answer");
    let mut answer: Value = answer.json().await.expect("JSON");
    let value = answer["value"].take();
    assert!(value.get("error").is_none(), "{value:#}");
    value
}
