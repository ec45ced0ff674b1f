//! Faults on purpose: calls that fail, are throttled, cut, held or late, and log events that come late, so that a client's
//! answer to them can be tried.
//!
//! A [`Rule`] says which calls meet which [`Effect`]. All rules count the calls that match them from when they were set;
//! of those that are due for a call, the first in the list takes effect. Calls of the control planes and of the registry
//! pass the rules once they are admitted (signed, or with a token) and their operation is known; calls of the data plane
//! (`execute-api`) do not.
//!
//! ```no_run
//! # async fn example(cloud: localcloud::LocalCloud) -> Result<(), localcloud::faults::BadRule> {
//! use localcloud::faults::{Effect, Rule};
//!
//! // The second API is made, but nobody hears of it.
//! cloud.faults().set(vec![Rule::on("CreateRestApi", Effect::CutAfter).from_nth(2).times(1)])?;
//! // …
//! cloud.faults().met().await;
//! # Ok(()) }
//! ```
//!
//! Operations are named as AWS names them, with the service in front where a name alone is not enough: `sts`, `iam`, `ecr`,
//! `lambda`, `apigateway`, `logs`, `cloudwatch`. Those of the registry are `registry:Ping`, `HeadManifest`, `GetManifest`,
//! `PutManifest`, `HeadBlob`, `GetBlob`, `StartUpload`, `PatchUpload`, `PutUpload`, `GetUpload` and `ListTags`.
//!
//! Beside the rules there is a [`Delivery`]: log events that become visible late and out of order, and pages of them that are
//! small or empty.
//!
//! ```no_run
//! # fn example(cloud: localcloud::LocalCloud) -> Result<(), localcloud::faults::BadDelivery> {
//! use localcloud::faults::Delivery;
//!
//! // 0 to 45 s late, the same delays in every run; every third page of FilterLogEvents is empty.
//! cloud.faults().deliver(Delivery { empty_every: Some(3), ..Delivery::late(45_000, 7) })?;
//! # Ok(()) }
//! ```
//!
//! And IAM may be slow ([`SlowIam`]): a role that is new is not taken on yet.
//!
//! A cut is a real one: the TCP connection ends without a byte of HTTP. All this is kept in memory only: a local cloud
//! starts without any. Other processes reach them over HTTP at [`PATH`]; `docs/faults.md` says how.

mod cut;
mod delivery;
mod http;
mod iam;
mod meeting;
mod rule;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use cut::{Cut, Line, Lines};
pub use delivery::{BadDelivery, Delivery};
pub(crate) use delivery::{Dealer, MOST_DELAY_MS};
pub(crate) use http::routes;
pub use iam::{BadSlowIam, SlowIam};
pub(crate) use meeting::Instead;
pub use rule::{BadRule, Effect, Rule};

/// Where other processes find the rules and the log, on the control plane's port.
pub const PATH: &str = "/_callboard/faults";

/// How many calls the log holds; then the oldest go.
const LOGGED: usize = 2000;

/// A call in the log. One with neither status nor fault is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Called {
    /// `lambda`, `apigateway`, `registry` …
    pub service: String,
    /// As rules name it.
    pub operation: String,
    /// The HTTP status that it was done with, whether or not the client heard of it.
    pub status: Option<u16>,
    /// The fault that it met.
    pub fault: Option<Effect>,
}

/// A rule and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// As it was set.
    pub rule: Rule,
    /// Calls that matched it.
    pub matched: u64,
    /// Calls that met its fault.
    pub met: u64,
}

/// What other processes are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The rules in their order.
    pub rules: Vec<Standing>,
    /// How log events come.
    #[serde(default)]
    pub delivery: Delivery,
    /// How slow IAM is.
    #[serde(default)]
    pub iam: SlowIam,
    /// The calls in the order in which they came.
    pub calls: Vec<Called>,
}

/// What other processes set: all that is to go wrong, in place of what was set before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Setting {
    pub(crate) rules: Vec<Rule>,
    pub(crate) delivery: Delivery,
    pub(crate) iam: SlowIam,
}

/// The rules and the log of a local cloud. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Faults {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// The first rule of this setting that a call has met.
    first_met: watch::Sender<Option<Rule>>,
    /// The local cloud stops: what is held is cut.
    stopping: CancellationToken,
    dealer: Dealer,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Standing>,
    /// How often rules were set or cleared.
    setting: u64,
    /// Cancelled when the rules are replaced: what they hold goes on.
    released: CancellationToken,
    calls: VecDeque<Called>,
    /// Calls that the log holds no more.
    forgotten: u64,
    iam: SlowIam,
}

impl Faults {
    pub(crate) fn new(stopping: CancellationToken) -> Faults {
        let first_met = watch::Sender::new(None);
        let inner = Inner { state: Mutex::default(), first_met, stopping, dealer: Dealer::new() };
        Faults { inner: Arc::new(inner) }
    }

    /// Replaces the rules. They count from now on, and what the former ones hold goes on.
    pub fn set(&self, rules: Vec<Rule>) -> Result<(), BadRule> {
        rule::check(&rules)?;
        self.replace(rules);
        Ok(())
    }

    /// Sets how log events that are written from now on are delivered, and all pages of them.
    pub fn deliver(&self, delivery: Delivery) -> Result<(), BadDelivery> {
        delivery.check()?;
        self.inner.dealer.set(delivery);
        Ok(())
    }

    /// How log events are delivered.
    pub fn delivery(&self) -> Delivery {
        self.inner.dealer.delivery()
    }

    /// Sets how slow IAM is from now on, for roles that are there too.
    pub fn slow_iam(&self, iam: SlowIam) -> Result<(), BadSlowIam> {
        iam.check()?;
        self.lock().iam = iam;
        Ok(())
    }

    /// How slow IAM is.
    pub fn iam(&self) -> SlowIam {
        self.lock().iam
    }

    /// Deals out what [`Faults::deliver`] has set.
    pub(crate) fn dealer(&self) -> Dealer {
        self.inner.dealer.clone()
    }

    /// Replaces all that is set, or nothing; what is wrong.
    pub(crate) fn set_all(&self, setting: Setting) -> Result<(), String> {
        rule::check(&setting.rules).map_err(|error| error.to_string())?;
        setting.iam.check().map_err(|error| error.to_string())?;
        self.deliver(setting.delivery).map_err(|error| error.to_string())?;
        self.slow_iam(setting.iam).map_err(|error| error.to_string())?;
        self.replace(setting.rules);
        Ok(())
    }

    /// Takes all rules away; what they hold goes on. The delivery and IAM's slowness stay.
    pub fn clear(&self) {
        self.replace(Vec::new());
    }

    fn replace(&self, rules: Vec<Rule>) {
        let mut state = self.lock();
        state.rules = rules.into_iter().map(|rule| Standing { rule, matched: 0, met: 0 }).collect();
        state.setting += 1;
        self.inner.first_met.send_replace(None);
        std::mem::take(&mut state.released).cancel();
    }

    /// Whether there are rules.
    pub(crate) fn are_set(&self) -> bool {
        !self.lock().rules.is_empty()
    }

    /// The calls in the order in which they came; of very many the newest.
    pub fn calls(&self) -> Vec<Called> {
        self.lock().calls.iter().cloned().collect()
    }

    /// Empties the log.
    pub fn clear_calls(&self) {
        let mut state = self.lock();
        state.forgotten += state.calls.len() as u64;
        state.calls.clear();
    }

    /// All that is set, the rules with what became of them, and the calls.
    pub fn report(&self) -> Report {
        let state = self.lock();
        let calls = state.calls.iter().cloned().collect();
        Report { rules: state.rules.clone(), delivery: self.delivery(), iam: state.iam, calls }
    }

    /// Waits until a call has met one of the rules that are set; the rule that was met first. A call that is cut or held
    /// afterwards has been done by then.
    pub async fn met(&self) -> Rule {
        let mut first = self.inner.first_met.subscribe();
        loop {
            if let Some(rule) = first.borrow_and_update().clone() {
                return rule;
            }
            if first.changed().await.is_err() {
                // The sender lives as long as `self`.
                std::future::pending::<()>().await;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
