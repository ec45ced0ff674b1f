//! What nobody may do to the machine: reach it from elsewhere, leave its folder by a name, fill its memory.

use std::collections::BTreeSet;
use std::path::Path;

use aws_sdk_lambda::types::State;

use crate::live::{Live, REPOSITORY};

/// The addresses at which this process listens, as the system tells them (the hexadecimal of its byte order) with their ports.
#[cfg(target_os = "linux")]
fn listening() -> BTreeSet<(String, u16)> {
    let sockets: BTreeSet<String> = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|file| std::fs::read_link(file.unwrap().path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut found = BTreeSet::new();
    for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
        // A machine without IPv6 has no second table.
        for line in std::fs::read_to_string(table).unwrap_or_default().lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // 0A is LISTEN.
            if fields[3] == "0A" && sockets.contains(fields[9]) {
                let (address, port) = fields[1].split_once(':').unwrap();
                found.insert((address.to_owned(), u16::from_str_radix(port, 16).unwrap()));
            }
        }
    }
    found
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_listens_but_on_loopback() {
    let live = Live::with_function("f", &[]).await;
    let api = aws_sdk_apigateway::Client::new(&live.sdk).create_rest_api().name("a").send().await.unwrap();
    let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{}", api.id().unwrap());
    let tags = aws_sdk_apigateway::Client::new(&live.sdk).get_tags().resource_arn(arn).send().await.unwrap();
    let data_plane: u16 = tags.tags().unwrap()["callboard:url"].rsplit_once(':').unwrap().1.parse().unwrap();
    // The Runtime API's listener is there while there is an environment.
    assert_eq!(live.invoke("f", serde_json::json!({"do": "pid"})).await.error, None);
    let control: u16 = live.host().rsplit_once(':').unwrap().1.parse().unwrap();
    let listening = listening();
    let loopback = u32::from_ne_bytes([127, 0, 0, 1]);
    for port in [control, data_plane] {
        assert!(listening.contains(&(format!("{loopback:08X}"), port)), "{port}: {listening:?}");
    }
    // Those of all other tests of this process are among them.
    for (address, port) in listening {
        assert_eq!(address, format!("{loopback:08X}"), "port {port}");
    }
    live.account.stop().await;
}

/// All that lies in a folder, by its path in there; what is in unpacked images aside.
fn contents(dir: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && !name.starts_with("images/") {
                folders.push(path);
            }
            found.insert(name);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_becomes_a_path() {
    let live = Live::with_function("f", &[]).await;
    let dir = live.account.dir.path().to_owned();
    let before = contents(&dir);
    let logs = aws_sdk_cloudwatchlogs::Client::new(&live.sdk);
    let ecr = aws_sdk_ecr::Client::new(&live.sdk);
    for name in ["../up", "/etc/passwd", "a/../../b", "..", ".", "a/./b"] {
        // Log groups may be called so; the others are refused. Whatever is said, no file is made of it.
        let _ = logs.create_log_group().log_group_name(name).send().await;
        let _ = logs.create_log_stream().log_group_name(name).log_stream_name(name).send().await;
        assert!(ecr.create_repository().repository_name(name).send().await.is_err(), "{name}");
        assert!(live.lambda().get_function().function_name(name).send().await.is_err(), "{name}");
        let tag = live.registry("PUT", &format!("{REPOSITORY}/manifests/{}", name.replace('/', "%2F")));
        let tag = tag.header("content-type", crate::live::MANIFEST).body("{}").send().await.unwrap();
        assert!(tag.status().is_client_error(), "{name}: {}", tag.status());
        let blob = live.registry("GET", &format!("{REPOSITORY}/blobs/sha256:{}", name.replace('/', "%2F")));
        assert!(blob.send().await.unwrap().status().is_client_error(), "{name}");
    }
    assert_eq!(contents(&dir), before);
    assert_eq!(live.create("g", "v1", &[]).await, State::Active);
    live.account.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_heads_and_uploads_are_bounded() {
    let live = Live::start().await;
    let large = vec![b' '; 8 * 1024 * 1024];
    // The SDK signs it, so that it is not refused for that.
    let payload = aws_sdk_lambda::primitives::Blob::new(large.clone());
    let refused = live.lambda().invoke().function_name("f").payload(payload).send().await;
    assert_eq!(refused.unwrap_err().raw_response().unwrap().status().as_u16(), 413);
    let manifest = live.push_manifest(REPOSITORY, "v1", &large).await;
    assert_eq!(manifest.status(), 413);
    let policy = format!("{}{}", live.account.endpoint(), localcloud::disk::PATH);
    assert_eq!(live.http.post(policy).body(large).send().await.unwrap().status(), 413);
    let url = format!("{}/{}", live.account.endpoint(), "a".repeat(1024 * 1024));
    // The server may hang up before all of it is sent.
    if let Ok(answer) = live.http.get(url).send().await {
        assert!(answer.status().is_client_error(), "{}", answer.status());
    }
    let upload = || live.registry("POST", &format!("{REPOSITORY}/blobs/uploads/")).send();
    for _ in 0..100 {
        assert_eq!(upload().await.unwrap().status(), 202);
    }
    let one_more = upload().await.unwrap();
    assert_eq!(one_more.status(), 429);
    assert!(one_more.text().await.unwrap().contains("100 uploads are under way"));
    live.account.stop().await;
}
