//! `callboard.toml` as operators write it, and the journal's file.

use std::io::Write;
use std::path::Path;

use callboard::domain::StageName;
use callboard::journal;
use callboard::settings::{Architecture, Builder, CloudKind, ContainerTool, Settings};

fn load(text: &str) -> Result<Settings, String> {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("callboard.toml");
    std::fs::write(&path, text).expect("a file");
    Settings::load(&path)
        .map_err(|problem| problem.to_string().replace(&dir.path().display().to_string(), "DIR"))
}

#[test]
fn the_repositorys_own_file_is_valid_and_found_from_below() {
    let settings = Settings::find(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("settings");
    assert_eq!((settings.name.as_str(), settings.cloud), ("hello", CloudKind::Local));
    assert_eq!(settings.function_name(StageName::Prod), "hello-prod");
    assert!(settings.env_file(StageName::Prod).ends_with(".env.prod"));
    assert!(!settings.read_only(StageName::Prod));
}

#[test]
fn what_is_said_is_taken_and_the_rest_is_left_to_aws() {
    let settings =
        load("name = \"a\"\n[function]\narchitecture = \"arm64\"\n[stage.prod]\nread_only = true\n")
            .expect("valid");
    assert_eq!(settings.function.architecture, Some(Architecture::Arm64));
    assert_eq!((settings.function.memory_mb, settings.function.timeout_s), (None, None));
    assert!(settings.read_only(StageName::Prod) && !settings.read_only(StageName::Stage));
}

#[test]
fn what_is_built_and_by_whom_is_taken_from_its_section() {
    let build = load("name = \"hello\"\n").expect("valid").build;
    assert_eq!((build.builder, build.tool, build.image.as_str()), (Builder::Native, None, "hello"));
    assert_eq!(build.dockerfile, build.service_dir.join("Dockerfile"));
    let build = load(
        "name = \"hello\"\n[build]\nbuilder = \"container\"\nservice_dir = \"api\"\ndockerfile = \"docker/Dockerfile\"\n\
         image = \"team/hello_2.x\"\ntool = \"podman\"\n",
    )
    .expect("valid")
    .build;
    assert_eq!(build.builder, Builder::Container);
    assert_eq!((build.tool, build.image.as_str()), (Some(ContainerTool::Podman), "team/hello_2.x"));
    assert!(build.service_dir.ends_with("api") && build.dockerfile.ends_with("api/docker/Dockerfile"));
}

#[test]
fn logs_have_a_budget_and_queries_by_name() {
    let logs = load("name = \"a\"\n").expect("valid").logs;
    assert_eq!((logs.budget, logs.queries.len()), (256 << 20, 0));
    let logs = load("name = \"a\"\n[logs]\nbudget = \"64 MB\"\n[logs.queries]\nslow = \"duration>1000\"\n")
        .expect("valid")
        .logs;
    assert_eq!((logs.budget, logs.queries["slow"].as_str()), (64_000_000, "duration>1000"));
}

#[test]
fn each_mistake_names_its_line() {
    for (text, line, word) in [
        ("name = \"a\"\nnmae = \"b\"\n", 2, "unknown field `nmae`"),
        ("name = \"a\"\n[stage.test]\n", 2, "unknown field `test`"),
        ("name = \"a\"\n[logs]\nbudget = \"much\"\n", 3, "256 MiB"),
        ("name = \"a\"\n[logs]\nbudget = \"1 kB\"\n", 3, "256 MiB"),
        (
            "name = \"a\"\n[logs.queries]\nok = \"x\"\nbad = \"level>=loud\"\n",
            4,
            "`loud` in the query: a level is",
        ),
        ("name = \"Bad_Name\"\n", 1, "lower-case"),
        ("name = \"a\"\n[function]\n\nmemory = 64\n", 4, "128 to 10240"),
        ("name = \"a\"\n[function]\ntimeout = 901\n", 3, "1 to 900"),
        ("name = \"a\"\n[build]\nbuilder = \"docker\"\n", 3, "native"),
        ("name = \"a\"\n[build]\ntool = \"kaniko\"\n", 3, "podman"),
        ("name = \"a\"\n[build]\ndir = \".\"\n", 3, "unknown field `dir`"),
        ("name = \"a\"\n[build]\nimage = \"x\"\n", 3, "2 to 256"),
        ("name = \"a\"\n[build]\nimage = \"Team/hello\"\n", 3, "lower-case"),
        ("name = \"a\"\n[build]\nimage = \"team//hello\"\n", 3, "lower-case"),
        ("name = \"a\"\n[build]\nimage = \"team/hello-\"\n", 3, "lower-case"),
        ("name = \"a\"\ncloud = \"gcp\"\n", 2, "local"),
        ("name = \n", 1, ""),
    ] {
        let problem = load(text).expect_err(text);
        assert!(
            problem.starts_with(&format!("DIR/callboard.toml:{line} is not valid")),
            "{text:?}: {problem}"
        );
        assert!(problem.contains(word), "{text:?}: {problem}");
    }
    assert!(load("cloud = \"local\"\n").expect_err("no name").contains("name"));
}

#[test]
fn a_torn_line_of_the_journal_is_told_and_swallows_nothing() {
    let project = crate::project::Project::new();
    let settings = project.settings();
    assert_eq!(journal::read(&settings, 10).expect("none"), journal::Journal::default());
    let entry = journal::Entry {
        at: "2026-11-22T12:03:01Z".parse().expect("a time"),
        what: "deploy".to_owned(),
        stage: "prod".to_owned(),
        cloud: "local".to_owned(),
        account: "000000000000".to_owned(),
        region: "us-east-1".to_owned(),
        who: "arn:aws:iam::000000000000:user/ops".to_owned(),
        from: None,
        to: Some(journal::Version { tag: Some("t".to_owned()), digest: None, number: None }),
        outcome: journal::Outcome::ChecksFailed,
        detail: "smoke 5/6".to_owned(),
        took_ms: 12,
        commands: vec!["aws lambda get-function".to_owned()],
    };
    journal::append(&settings, &entry).expect("appended");
    let path = project.path().join(".callboard/journal.jsonl");
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).expect("the journal");
    file.write_all(b"{\"at\":\"2026-11-").expect("half a line");
    journal::append(&settings, &entry).expect("appended");
    let read = journal::read(&settings, 10).expect("read");
    assert_eq!(
        (read.entries.as_slice(), read.unreadable.as_slice()),
        (&[entry.clone(), entry][..], &[2][..])
    );
    assert_eq!(journal::read(&settings, 1).expect("read").entries.len(), 1);
}
