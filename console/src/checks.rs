//! What a stage answers, judged: the way through the gateway, smoke tests from the service's own OpenAPI document, CORS as a
//! browser decides it, and the documentation under the stage's prefix.
//!
//! [`ask`] sends one request and keeps all that a verdict may need; [`diagnosis`] knows what an answer means by itself;
//! [`explain`] looks for what lies behind it, in what [`gateway`] found and by calling the function; [`fetch`] and [`browse`]
//! are the browser. What is found is named by a [`Diagnosis`](crate::domain::Diagnosis).

mod ask;
mod browse;
mod cors;
mod curl;
mod custom;
mod diagnosis;
mod dial;
mod docs;
mod explain;
mod fetch;
mod gateway;
mod openapi;
mod page;
mod schema;
mod show;
mod smoke;

use std::time::Duration;

use jiff::Timestamp;
use url::Url;

pub use browse::fetches;
pub use dial::Dialer;
pub use fetch::Page;
pub(crate) use gateway::DEFAULTS as ERROR_RESPONSES;

use crate::cloud::Cloud;
use crate::domain::{Check, CheckKind, Problem, Report, StageName};
use crate::settings::{CheckSettings, Settings};

/// How hard a run of checks may push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long one request may take, connection included.
    pub timeout: Duration,
    /// How many requests are on their way at once.
    pub at_once: usize,
}

/// The stage that is asked, and how.
pub(crate) struct Subject<'a> {
    dialer: &'a Dialer,
    stage: StageName,
    /// Ends without a slash unless it is the host alone: `http://127.0.0.1:4567/stage`.
    base: Url,
    limits: Limits,
    rules: &'a CheckSettings,
    read_only: bool,
}

/// What the checks of a stage belong to.
pub(crate) struct Context<'a> {
    cloud: &'a Cloud,
    settings: &'a Settings,
    stage: StageName,
    base: Option<&'a Url>,
}

impl Context<'_> {
    /// The path under which the stage's paths lie, without a trailing slash.
    fn base_path(&self) -> &str {
        self.base.map_or("", |base| base.path().trim_end_matches('/'))
    }
}

impl<'a> Subject<'a> {
    fn new(
        dialer: &'a Dialer,
        settings: &'a Settings,
        stage: StageName,
        url: &str,
    ) -> Result<Subject<'a>, Problem> {
        let base = Url::parse(url.trim_end_matches('/')).map_err(|error| {
            Problem::new(format!("{stage} answers at what is no URL: {url}"))
                .because(error)
                .fix("look at the API's tag `callboard:url` and at `[stage.…] url` in callboard.toml")
        })?;
        let rules = &settings.checks;
        let limits = Limits { timeout: rules.timeout, at_once: rules.at_once };
        Ok(Subject { dialer, stage, base, limits, rules, read_only: settings.read_only(stage) })
    }

    /// The URL of a path below the stage; may hold a query.
    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.set_query(query);
        url
    }

    /// Whether a URL lies below the stage's.
    fn is_under(&self, url: &Url) -> bool {
        let prefix = self.base.path().trim_end_matches('/');
        let below = url.path().strip_prefix(prefix);
        url.origin() == self.base.origin()
            && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether a URL is the stage's own.
    fn is_base(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
            && url.path().trim_end_matches('/') == self.base.path().trim_end_matches('/')
    }

    /// Whether a URL has the stage's prefix twice.
    fn is_doubled(&self, url: &Url) -> bool {
        let prefix = self.base.path().trim_end_matches('/');
        let rest = url.path().strip_prefix(&format!("{prefix}{prefix}"));
        !prefix.is_empty()
            && url.origin() == self.base.origin()
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Runs checks of these kinds on a stage, all at once, and looks for what lies behind those that fail; one report a kind, in the
/// order of [`CheckKind::ALL`].
///
/// `url` is where the stage answers; without one there is only the gateway to look at.
pub async fn run(
    cloud: &Cloud,
    settings: &Settings,
    stage: StageName,
    url: Option<&str>,
    kinds: &[CheckKind],
) -> Result<Vec<Report>, Problem> {
    let at = Timestamp::now();
    let subject = url.map(|url| Subject::new(cloud.dialer(), settings, stage, url)).transpose()?;
    let context = Context { cloud, settings, stage, base: subject.as_ref().map(|subject| &subject.base) };
    let Some(subject) = &subject else {
        let inspection = Box::pin(gateway::inspect(&context)).await;
        return Ok(vec![Report { stage, kind: CheckKind::Gateway, at, checks: inspection.checks }]);
    };
    let wanted = kinds.contains(&CheckKind::Gateway);
    let early = async {
        match wanted {
            true => Some(Box::pin(gateway::inspect(&context)).await),
            false => None,
        }
    };
    let (early, mut checks) = tokio::join!(Box::pin(early), Box::pin(asked(subject, kinds)));
    // Where it was not asked for, what the gateway has is only looked at to explain a failure.
    let inspection = match early {
        Some(inspection) => Some(inspection),
        None if checks.iter().any(|check| check.verdict.is_failed()) => {
            Some(Box::pin(gateway::inspect(&context)).await)
        }
        None => None,
    };
    if let Some(inspection) = &inspection {
        Box::pin(explain::explain(&context, &mut checks, inspection)).await;
    }
    let looked = inspection.map(|inspection| inspection.checks).unwrap_or_default();
    Ok(reports(stage, at, kinds, looked.into_iter().chain(checks).collect()))
}

/// The same of a URL alone: what can be told from outside, by whoever may not look into the account.
pub async fn outside(
    dialer: &Dialer,
    settings: &Settings,
    stage: StageName,
    url: &str,
    kinds: &[CheckKind],
) -> Result<Vec<Report>, Problem> {
    let at = Timestamp::now();
    let subject = Subject::new(dialer, settings, stage, url)?;
    Ok(reports(stage, at, kinds, Box::pin(asked(&subject, kinds)).await))
}

async fn asked(subject: &Subject<'_>, kinds: &[CheckKind]) -> Vec<Check> {
    if kinds.iter().all(|kind| *kind == CheckKind::Gateway) {
        return Vec::new();
    }
    let (document, asked) = openapi::fetch(subject).await;
    let smoke = async {
        if !kinds.contains(&CheckKind::Smoke) {
            return Vec::new();
        }
        let (mut smoke, custom) = tokio::join!(smoke::run(subject, &document, &asked), custom::run(subject));
        smoke.extend(custom);
        smoke
    };
    let cors = async {
        if !kinds.contains(&CheckKind::Cors) {
            return Vec::new();
        }
        cors::run(subject, &document, &asked).await
    };
    let docs = async {
        if !kinds.contains(&CheckKind::Docs) {
            return Vec::new();
        }
        docs::run(subject, &document, &asked).await
    };
    let (smoke, cors, docs) = tokio::join!(Box::pin(smoke), Box::pin(cors), Box::pin(docs));
    [smoke, cors, docs].into_iter().flatten().collect()
}

fn reports(stage: StageName, at: Timestamp, kinds: &[CheckKind], all: Vec<Check>) -> Vec<Report> {
    let of = |kind: CheckKind| all.iter().filter(|check| check.kind == kind).cloned().collect();
    let wanted = CheckKind::ALL.into_iter().filter(|kind| kinds.contains(kind));
    wanted.map(|kind| Report { stage, kind, at, checks: of(kind) }).collect()
}
