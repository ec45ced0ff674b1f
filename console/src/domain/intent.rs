use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::stage_name::StageName;

/// What the operator wants changed. A plan is made for it, and nothing is done before that plan was confirmed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Intent {
    /// Build the service, push its image and give it to a stage.
    Deploy {
        /// Which stage.
        stage: StageName,
    },
    /// Give prod the image that stage runs; nothing is built.
    Promote,
    /// Give a stage what it ran before.
    RollBack {
        /// Which stage.
        stage: StageName,
        /// To what.
        to: Target,
        /// What of it.
        parts: Parts,
    },
    /// Let the gateway's stage answer with an earlier deployment of the API.
    RollBackGateway {
        /// Which stage.
        stage: StageName,
        /// Its id; `None` is the one before the one that answers.
        deployment: Option<String>,
    },
    /// Delete a stage; what the stages share goes with the last one.
    TearDown {
        /// Which stage; `None` is both, with all that they share.
        stage: Option<StageName>,
        /// Delete the log groups too.
        logs: bool,
    },
    /// Delete old images from the repository.
    Prune {
        /// How many of the newest are kept, besides those that a stage runs or ran last.
        keep: usize,
    },
}

impl Intent {
    /// The stages that it changes, or could take something from.
    pub fn stages(&self) -> &'static [StageName] {
        match self {
            Intent::Deploy { stage }
            | Intent::RollBack { stage, .. }
            | Intent::RollBackGateway { stage, .. }
            | Intent::TearDown { stage: Some(stage), .. } => match stage {
                StageName::Stage => &[StageName::Stage],
                StageName::Prod => &[StageName::Prod],
            },
            Intent::Promote => &[StageName::Prod],
            Intent::TearDown { stage: None, .. } | Intent::Prune { .. } => &StageName::ALL,
        }
    }

    /// The stage that it is about; prod where it is about both.
    pub fn stage(&self) -> StageName {
        if self.touches_prod() { StageName::Prod } else { StageName::Stage }
    }

    /// Whether prod's name must be typed.
    pub fn touches_prod(&self) -> bool {
        self.stages().contains(&StageName::Prod)
    }

    /// `stage`, `prod` or `both`.
    pub fn scope(&self) -> &'static str {
        match self.stages() {
            [one] => one.as_str(),
            _ => "both",
        }
    }

    /// What it does, in a word or two: `deploy`, `roll back`.
    pub fn verb(&self) -> &'static str {
        match self {
            Intent::Deploy { .. } => "deploy",
            Intent::Promote => "promote",
            Intent::RollBack { .. } => "roll back",
            Intent::RollBackGateway { .. } => "roll back gateway",
            Intent::TearDown { .. } => "tear down",
            Intent::Prune { .. } => "prune images",
        }
    }

    /// What the journal calls it: the verb, with the part that came back where that was not all.
    pub fn journal_name(&self) -> String {
        match self {
            Intent::RollBack { parts: Parts::Both, .. } => self.verb().to_owned(),
            Intent::RollBack { parts, .. } => format!("{} ({})", self.verb(), parts.as_str()),
            _ => self.verb().to_owned(),
        }
    }

    /// As a sentence names it: `deploy of stage`.
    pub fn noun(&self) -> String {
        match self {
            Intent::Deploy { stage } => format!("deploy of {stage}"),
            Intent::Promote => "promotion of stage to prod".to_owned(),
            Intent::RollBack { stage, .. } => format!("roll back of {stage}"),
            Intent::RollBackGateway { stage, .. } => format!("roll back of {stage}'s gateway"),
            Intent::TearDown { stage: Some(stage), .. } => format!("tear down of {stage}"),
            Intent::TearDown { stage: None, .. } => "tear down of both stages".to_owned(),
            Intent::Prune { .. } => "pruning of images".to_owned(),
        }
    }

    /// The headless command that does the same.
    pub fn command(&self) -> String {
        match self {
            Intent::Deploy { stage } => format!("callboard deploy {stage}"),
            Intent::Promote => "callboard promote".to_owned(),
            Intent::RollBack { stage, to, parts } => {
                let parts = match parts {
                    Parts::Both => "",
                    Parts::Image => " --image-only",
                    Parts::Env => " --env-only",
                };
                match to {
                    Target::Previous => format!("callboard rollback {stage}{parts}"),
                    other => format!("callboard rollback {stage} --to {other}{parts}"),
                }
            }
            Intent::RollBackGateway { stage, deployment: None } => {
                format!("callboard rollback {stage} --gateway")
            }
            Intent::RollBackGateway { stage, deployment: Some(id) } => {
                format!("callboard rollback {stage} --gateway --to {id}")
            }
            Intent::TearDown { stage, logs } => {
                let scope = stage.map_or("--all".to_owned(), |stage| stage.to_string());
                format!("callboard teardown {scope}{}", if *logs { " --logs" } else { "" })
            }
            Intent::Prune { keep } => format!("callboard images prune --keep {keep}"),
        }
    }
}

/// What a stage is rolled back to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// What it ran before what it runs.
    Previous,
    /// A published version of the function, by its number.
    Version(u64),
    /// An image: its tag, its digest, or the beginning of its digest (7 digits at least).
    Image(String),
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Previous => out.write_str("previous"),
            Target::Version(number) => write!(out, "{number}"),
            Target::Image(text) => out.write_str(text),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    /// `previous`, a version's number (six digits at most), else a tag or a digest.
    fn from_str(text: &str) -> Result<Target, String> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let name = text.strip_prefix("sha256:").unwrap_or(text);
        if text == "previous" {
            Ok(Target::Previous)
        } else if (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            text.parse().map(Target::Version).map_err(|_| "no such version number".to_owned())
        } else if (1..=128).contains(&name.len()) && name.bytes().all(fits) {
            Ok(Target::Image(text.to_owned()))
        } else {
            Err("it is `previous`, a version's number, a tag or a digest".to_owned())
        }
    }
}

/// What of an earlier state comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Parts {
    /// The image and the environment that ran with it.
    Both,
    /// The image alone; the environment stays.
    Image,
    /// The environment alone; the image stays.
    Env,
}

impl Parts {
    /// Whether the image comes back.
    pub fn image(self) -> bool {
        self != Parts::Env
    }

    /// Whether the environment comes back.
    pub fn env(self) -> bool {
        self != Parts::Image
    }

    /// As it stands on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Parts::Both => "image and environment",
            Parts::Image => "image only",
            Parts::Env => "environment only",
        }
    }

    /// The next one, around.
    #[must_use]
    pub fn next(self) -> Parts {
        match self {
            Parts::Both => Parts::Image,
            Parts::Image => Parts::Env,
            Parts::Env => Parts::Both,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_target_is_by_how_it_is_written() {
        let read = |text: &str| text.parse::<Target>();
        assert_eq!(read("previous"), Ok(Target::Previous));
        assert_eq!(read("12"), Ok(Target::Version(12)));
        let image = |text: &str| Ok(Target::Image(text.to_owned()));
        assert_eq!(read("20261122_120301"), image("20261122_120301"));
        assert_eq!(read("sha256:ab12cd3"), image("sha256:ab12cd3"));
        assert!(read("sha256:").is_err() && read("").is_err() && read("a b").is_err());
        for target in [Target::Version(3), Target::Image("v1.2".to_owned())] {
            assert_eq!(read(&target.to_string()), Ok(target));
        }
    }

    #[test]
    fn a_change_that_could_hurt_prod_asks_for_its_name() {
        let prod = |intent: Intent| intent.touches_prod();
        assert!(prod(Intent::Promote));
        assert!(prod(Intent::TearDown { stage: None, logs: false }));
        assert!(prod(Intent::Prune { keep: 3 }));
        assert!(!prod(Intent::TearDown { stage: Some(StageName::Stage), logs: true }));
        assert!(!prod(Intent::Deploy { stage: StageName::Stage }));
    }
}
