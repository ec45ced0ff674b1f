//! The environment files of a project, read at one time.

use std::path::{Path, PathBuf};

use super::lint::{self, Examined, Finding, Rule, Severity};
use super::{Side, file};
use crate::domain::{EnvVars, Problem, StageName};
use crate::settings::Settings;

/// The environment files of both stages, and what is wrong with them and with `.env`. Its `Debug` shows no value.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvFiles {
    stages: [StageFile; 2],
    /// All, by file and line: stage's, prod's, `.env`.
    pub findings: Vec<Finding>,
}

/// A stage's environment file.
#[derive(Debug, Clone, PartialEq)]
pub struct StageFile {
    /// Where it is, from the project's root where it lies in it.
    pub path: PathBuf,
    /// What a deploy would set, `ENV` among it; or why it would be refused.
    pub env: Result<EnvVars, Problem>,
}

impl EnvFiles {
    /// Reads the files. It touches the disk, so it is not for the thread that draws.
    pub fn read(settings: &Settings) -> EnvFiles {
        let root = &settings.root;
        let sides = StageName::ALL.map(|stage| {
            let path = settings.env_file(stage);
            let shown = shown(path, root);
            let examined = match file::read(path, &shown) {
                Ok(text) => lint::stage(&text, &shown, stage),
                Err(finding) => Examined::unread(finding),
            };
            (stage, shown, examined)
        });
        let [stage, prod] = &sides;
        let mut missing = [missing(stage, prod), missing(prod, stage)];
        let stages =
            [stage, prod].map(|(_, path, one)| StageFile { path: path.clone(), env: one.deployable() });
        let mut findings = Vec::new();
        for ((_, _, examined), missing) in sides.into_iter().zip(&mut missing) {
            findings.extend(examined.findings);
            findings.append(missing);
        }
        findings.extend(local_files(settings));
        // Two stages may share a file, and then share what is wrong with it.
        let mut seen: Vec<Finding> = Vec::new();
        for finding in findings {
            if !seen.contains(&finding) {
                seen.push(finding);
            }
        }
        EnvFiles { stages, findings: seen }
    }

    /// A stage's file.
    pub fn of(&self, stage: StageName) -> &StageFile {
        let [first, second] = &self.stages;
        match stage {
            StageName::Stage => first,
            StageName::Prod => second,
        }
    }

    /// What is wrong with a stage's file and with `.env`.
    pub fn findings_of(&self, stage: StageName) -> impl Iterator<Item = &Finding> {
        let (own, other) = (&self.of(stage).path, &self.of(stage.other()).path);
        self.findings.iter().filter(move |finding| finding.path == *own || finding.path != *other)
    }

    /// The warnings among these: what a deploy of the stage goes on with.
    pub fn warnings_of(&self, stage: StageName) -> Vec<Finding> {
        let warning = |finding: &&Finding| finding.severity == Severity::Warning;
        self.findings_of(stage).filter(warning).cloned().collect()
    }
}

type Looked = (StageName, PathBuf, Examined);

fn missing(lacking: &Looked, having: &Looked) -> Vec<Finding> {
    match (side(lacking), side(having)) {
        (Some(lacking), Some(having)) => lint::pair(&lacking, &having),
        _ => Vec::new(),
    }
}

fn side((stage, path, examined): &Looked) -> Option<Side<'_>> {
    Some(Side { stage: *stage, path: path.clone(), parsed: examined.parsed.as_ref()? })
}

// A `.env` is for whoever wants one: that there is none is no finding.
fn local_files(settings: &Settings) -> Vec<Finding> {
    let mut folders = vec![settings.root.as_path()];
    if settings.build.service_dir != settings.root {
        folders.push(&settings.build.service_dir);
    }
    folders
        .into_iter()
        .map(|folder| folder.join(".env"))
        .filter(|path| StageName::ALL.iter().all(|stage| settings.env_file(*stage) != path))
        .flat_map(|path| {
            let shown = shown(&path, &settings.root);
            match file::read(&path, &shown) {
                Ok(text) => lint::local(&text, &shown),
                Err(Finding { rule: Rule::FileMissing, .. }) => Vec::new(),
                Err(finding) => vec![Finding { severity: Severity::Warning, ..finding }],
            }
        })
        .collect()
}

fn shown(path: &Path, root: &Path) -> PathBuf {
    let inside = path.strip_prefix(root).ok().filter(|inside| !inside.as_os_str().is_empty());
    inside.unwrap_or(path).to_owned()
}
