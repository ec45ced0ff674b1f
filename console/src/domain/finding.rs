use serde::Serialize;

use super::Problem;

/// What a look at the operator's set-up was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// `callboard.toml`.
    Settings,
    /// Files of the project: environments, and the folder that Callboard writes to.
    Files,
    /// What builds the image.
    Builder,
    /// The local cloud itself.
    Cloud,
    /// Which region is operated.
    Region,
    /// Whose credentials they are.
    Credentials,
    /// This machine's clock against the cloud's.
    Clock,
    /// What the identity may do.
    Permissions,
    /// The API and its stages.
    Gateway,
}

impl Area {
    /// As it is printed: one lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Area::Settings => "settings",
            Area::Files => "files",
            Area::Builder => "builder",
            Area::Cloud => "cloud",
            Area::Region => "region",
            Area::Credentials => "credentials",
            Area::Clock => "clock",
            Area::Permissions => "permissions",
            Area::Gateway => "gateway",
        }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// As it should be.
    Ok,
    /// Something does not work, or is not known; what is there goes on.
    Warn,
    /// Something that an operator needs does not work.
    Fail,
}

/// What was found of one thing, and what to do where it is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub standing: Standing,
    /// What it is about.
    pub area: Area,
    /// What was found, as one sentence without a full stop.
    pub what: String,
    /// What to do: a sentence or a command; empty where all is well, and only there.
    pub fix: String,
}

impl Finding {
    /// All is well.
    pub fn ok(area: Area, what: impl Into<String>) -> Finding {
        Finding { standing: Standing::Ok, area, what: what.into(), fix: String::new() }
    }

    /// Something to know.
    pub fn warn(area: Area, what: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding { standing: Standing::Warn, area, what: what.into(), fix: fix.into() }
    }

    /// Something to mend.
    pub fn fail(area: Area, what: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding { standing: Standing::Fail, area, what: what.into(), fix: fix.into() }
    }

    /// A problem that stands in the way.
    pub fn of(area: Area, problem: &Problem) -> Finding {
        let what = match problem.detail.is_empty() {
            true => problem.summary.clone(),
            false => format!("{}: {}", problem.summary, problem.detail),
        };
        let fix = match problem.hint.is_empty() {
            true => "see what the `aws` command of the same call says, and try again".to_owned(),
            false => problem.hint.clone(),
        };
        Finding::fail(area, what, fix)
    }
}
