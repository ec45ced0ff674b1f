//! Files of the project: the stages' environments, and the folder that Callboard writes to.

use crate::domain::{Area, Finding, StageName};
use crate::envfile::{EnvFiles, Severity};
use crate::settings::Settings;

pub(super) async fn look(settings: &Settings) -> Vec<Finding> {
    let settings = settings.clone();
    let read = tokio::task::spawn_blocking(move || {
        let mut found = environments(&settings);
        found.push(folder(&settings));
        found
    });
    read.await.unwrap_or_else(|error| {
        vec![Finding::fail(Area::Files, format!("the files could not be looked at: {error}"), "try again")]
    })
}

/// The environments that deploys would give, and all that is wrong with the files.
fn environments(settings: &Settings) -> Vec<Finding> {
    let files = EnvFiles::read(settings);
    let mut found = Vec::new();
    for stage in StageName::ALL {
        let file = files.of(stage);
        if let Ok(env) = &file.env {
            let what = match env.0.len() {
                1 => "1 variable".to_owned(),
                many => format!("{many} variables"),
            };
            found.push(Finding::ok(Area::Files, format!("{} gives {stage} {what}", file.path.display())));
        }
    }
    found.extend(files.findings.iter().map(|finding| {
        let what = format!("{}: {}", finding.place(), finding.what);
        match finding.severity {
            Severity::Error => Finding::fail(Area::Files, what, finding.fix.clone()),
            Severity::Warning => Finding::warn(Area::Files, what, finding.fix.clone()),
        }
    }));
    found
}

/// Journal, locks, build log and the local cloud need it.
fn folder(settings: &Settings) -> Finding {
    let folder = settings.private_dir();
    let tried = std::fs::create_dir_all(&folder).and_then(|()| tempfile::tempfile_in(&folder));
    match tried {
        Ok(_) => Finding::ok(Area::Files, ".callboard can be written to"),
        Err(error) => Finding::fail(
            Area::Files,
            format!("{} cannot be written to: {error}", folder.display()),
            "make the folder yours (chown, chmod), or free its disk: the journal and locks of changes are kept there",
        ),
    }
}
