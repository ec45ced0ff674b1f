use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::domain::{LogLine, StageName};
use crate::logs::filter::Filter;
use crate::logs::query::Query;
use crate::logs::store::{Kind, Store};

fn store() -> Store {
    let mut store = Store::new(1 << 20);
    let texts = [
        "hello",
        "password=correct-horse-battery",
        "evil \u{1b}]0;title\u{7}\u{202e}\0 end",
        r#"{"level":"ERROR","message":"broke","request_id":"77aa0000-1","n":1}"#,
        "REPORT RequestId: 9f9f9f9f\tDuration: 600.5 ms\tBilled Duration: 601 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t",
    ];
    for (id, text) in texts.into_iter().enumerate() {
        store.insert_line(&LogLine {
            stage: StageName::ALL[id % 2],
            timestamp_ms: 1_764_000_000_000 + id as i64,
            ingested_ms: 0,
            event_id: id.to_string(),
            stream: "s".to_owned(),
            message: text.to_owned(),
        });
    }
    store.insert_note(StageName::Prod, 1_764_000_000_010, Kind::Gap, "prod: lines may be missing");
    store
}

/// Saves, and returns what was saved and what stands in it.
fn save(store: &Store, path: &Path, masked: bool) -> Result<(Saved, String), Problem> {
    let save = Save { name: path.display().to_string(), masked };
    let saved = save.write(&store.snapshot(), &CancellationToken::new(), &|_| {})?;
    let text = std::fs::read_to_string(&saved.path).expect("the file");
    Ok((saved, text))
}

/// Names of the files in a folder.
fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn what_is_shown_is_in_the_file_harmless_masked_and_for_its_owner_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.log");
    let (saved, text) = save(&store(), &path, true).expect("saved");
    assert_eq!((saved.lines, saved.path.as_path()), (6, path.as_path()));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "2025-11-24T16:00:00.000Z stage                hello");
    assert!(lines[1].contains("password=corr••••••••") && !text.contains("horse"), "{text}");
    assert!(lines[2].ends_with("evil ␛]0;title␇‹U+202E›␀ end"), "{text}");
    assert!(lines[3].contains("prod  77aa0000 ERROR ") && lines[4].contains(" 9f9f9f9f "), "{text}");
    assert!(lines[5].ends_with("────── prod: lines may be missing ──────"), "{text}");
    assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'));
    let mode = std::fs::metadata(&path).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(files(folder.path()), ["a.log"], "nothing else is left");
    let (_, text) = save(&store(), &folder.path().join("b.log"), false).expect("saved");
    assert!(text.contains("correct-horse-battery"), "secrets are shown, so they are saved");
}

#[test]
fn only_what_the_filter_and_the_range_let_through_is_saved() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = store();
    store.set_filter(Filter {
        stage: Some(StageName::Stage),
        query: Query::parse("-hello").expect("a query"),
        ..Filter::default()
    });
    while store.work() {}
    let (_, text) = save(&store, &folder.path().join("a.log"), true).expect("saved");
    assert_eq!(text.lines().count(), 2, "{text}");
    store.set_from(Some(1_764_000_000_003));
    let (saved, text) = save(&store, &folder.path().join("b.log"), true).expect("saved");
    assert!(saved.lines == 1 && text.contains("REPORT"), "{text}");
}

#[test]
fn json_is_that_of_callboard_logs() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["a.json", "a.jsonl"] {
        let (saved, text) = save(&store(), &folder.path().join(name), true).expect("saved");
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len() as u64, saved.lines);
        assert_eq!(
            (&lines[1]["stage"], &lines[1]["message"]),
            (&"prod".into(), &"password=corr••••••••".into())
        );
        assert_eq!(lines[2]["message"], "evil \u{1b}]0;title\u{7}\u{202e}\0 end");
        assert_eq!((&lines[3]["level"], &lines[3]["fields"]["n"]), (&"error".into(), &1.into()));
        assert_eq!((&lines[4]["kind"], &lines[4]["fields"]["billed"]), (&"platform".into(), &601.0.into()));
        assert_eq!((&lines[5]["kind"], &lines[5]["fields"]), (&"gap".into(), &serde_json::Value::Null));
        assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'));
    }
}

#[test]
fn nothing_is_written_over_and_nothing_half_written_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.log");
    std::fs::write(&path, "mine").expect("a file");
    symlink("/nowhere/at/all", folder.path().join("link.log")).expect("a link");
    std::fs::create_dir(folder.path().join("folder")).expect("a folder");
    for (name, summary, fix) in [
        ("a.log", "is there already", "another name"),
        ("link.log", "is there already", "another name"),
        ("folder", "is a folder", "name a file in it"),
        ("folder/", "is a folder", "name a file in it"),
        ("missing/a.log", "could not be saved", "make its folder"),
        ("a.log/b.log", "could not be saved", "a part of its path is a file"),
    ] {
        let name = format!("{}/{name}", folder.path().display());
        let problem = save(&store(), Path::new(&name), true).expect_err(&name);
        assert!(problem.summary.contains(summary) && problem.hint.contains(fix), "{name}: {problem}");
    }
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), "mine");
    let mut left = files(folder.path());
    left.sort();
    assert_eq!(left, ["a.log", "folder", "link.log"]);
}

#[test]
fn a_saving_that_is_stopped_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::new(1 << 20);
    for id in 0..2048 {
        store.insert_note(StageName::Prod, id, Kind::Marker, "a deploy");
    }
    let save = Save { name: folder.path().join("a.log").display().to_string(), masked: true };
    let stop = CancellationToken::new();
    stop.cancel();
    let problem = save.write(&store.snapshot(), &stop, &|_| {}).expect_err("stopped");
    assert!(problem.to_string().contains("stopped") && files(folder.path()).is_empty(), "{problem}");
}

#[test]
fn of_two_who_save_under_one_name_one_wins_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.log");
    let both = std::thread::scope(|scope| {
        let both = [true, false].map(|masked| {
            scope.spawn({
                let path = &path;
                move || save(&store(), path, masked)
            })
        });
        both.map(|one| one.join().expect("no panic"))
    });
    let [saved] = both.iter().filter_map(|one| one.as_ref().ok()).collect::<Vec<_>>()[..] else {
        panic!("one of them: {both:?}")
    };
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), saved.1);
    let refused = both.iter().find_map(|one| one.as_ref().err()).expect("the other");
    assert!(refused.summary.ends_with("is there already"), "{refused}");
    assert_eq!(files(folder.path()), ["a.log"]);
}

#[test]
fn a_full_disk_says_so() {
    // Linux: every write to it fails with ENOSPC.
    let error = std::fs::write("/dev/full", "x").expect_err("it is full");
    let problem = failed(Path::new("/tmp/a.log"), &error);
    assert!(problem.hint.starts_with("make room"), "{problem}");
}

#[test]
fn home_and_relative_names_are_understood() {
    let home = Path::new("/home/ops");
    assert_eq!(place("~/logs/a.log", Some(home)).expect("a path"), Path::new("/home/ops/logs/a.log"));
    let here = std::env::current_dir().expect("a folder");
    assert_eq!(place(" a b.log ", None).expect("a path"), here.join("a b.log"));
    for name in ["", "  ", "~ops/a.log", "~", "x/"] {
        assert!(place(name, Some(home)).is_err(), "{name:?}");
    }
    assert!(place("~/a.log", None).is_err());
}
