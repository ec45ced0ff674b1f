//! Sandboxes for a local cloud that is not root, and for one that may not make any.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use aws_sdk_lambda::types::State;
use serde_json::json;

use crate::image::{PROGRAMS, dynamic_program, program};
use crate::live::{Live, image_of};

/// Runs tests of this program again by another command, which gets this program's path and its arguments.
fn again(mut command: Command, tests: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let open = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    open(dir.path(), 0o777);
    for (name, content) in [("static", program()), ("dynamic", dynamic_program())] {
        std::fs::write(dir.path().join(name), content).unwrap();
        open(&dir.path().join(name), 0o755);
    }
    let output = command
        .arg(std::env::current_exe().unwrap())
        .args(tests)
        .env(PROGRAMS, dir.path())
        .env("TMPDIR", dir.path())
        .current_dir(dir.path())
        .output()
        .unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    said
}

fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t0\t")
}

/// Only root can become somebody else; who is not root has run the tests as such already.
#[test]
fn a_user_without_rights_has_the_same_sandboxes() {
    if !is_root() {
        return;
    }
    let mut nobody = Command::new("setpriv");
    nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    let said = again(nobody, &["sandbox::", "orphans::"]);
    assert!(said.contains("test sandbox::the_image_is_the_root_and_only_tmp_is_writable ... ok"), "{said}");
}

/// Set for the tests that run where namespaces are forbidden.
const FORBIDDEN: &str = "LOCALCLOUD_TEST_WITHOUT_NAMESPACES";

#[test]
fn without_namespaces_only_a_static_program_runs_and_the_reason_is_told() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if std::env::var_os(FORBIDDEN).is_some() {
        return runtime.block_on(refused());
    }
    let mut forbidden = match is_root() {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]);
            command
        }
        false => {
            let mut command = Command::new("unshare");
            let forbid = "echo 0 > /proc/sys/user/max_mnt_namespaces; exec \"$@\"";
            command.args(["--user", "--map-root-user", "sh", "-c", forbid, "sh"]);
            command
        }
    };
    forbidden.env(FORBIDDEN, "1");
    let name = "sandbox_rights::without_namespaces_only_a_static_program_runs_and_the_reason_is_told";
    let said = again(forbidden, &["--exact", name]);
    assert!(said.contains("1 passed"), "{said}");
}

async fn refused() {
    let live = Live::start().await;
    live.push("dynamic", &image_of(dynamic_program())).await;
    live.push("script", &image_of(b"#!/bin/sh\nexit\n")).await;
    for (tag, reason) in [("dynamic", "its loader is /lib"), ("script", "is a script (#!/bin/sh)")] {
        assert_eq!(live.create(tag, tag, &[]).await, State::Failed);
        let found = live.lambda().get_function_configuration().function_name(tag).send().await.unwrap();
        assert_eq!(found.state_reason_code().unwrap().as_str(), "InvalidImage");
        let told = found.state_reason().unwrap();
        assert!(told.contains(reason), "{told}");
        assert!(told.contains("does not let the local cloud give a function namespaces"), "{told}");
        assert!(told.contains("(unshare: "), "{told}");
    }
    live.push("static", &image_of(program())).await;
    assert_eq!(live.create("static", "static", &[]).await, State::Active);
    assert_eq!(live.invoke("static", json!({"a": 1})).await.payload, r#"{"a":1}"#);
    let root = live.invoke("static", json!({"do": "read", "path": "/etc/passwd"})).await.payload;
    assert!(root.contains("root:"), "its root is not this machine's: {root}");
}
