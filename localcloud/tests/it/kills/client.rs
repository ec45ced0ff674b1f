//! A client that changes things of its own and knows what must be there.

mod change;
mod image;
mod perform;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::SdkError;
use fastrand::Rng;
use tokio::sync::Notify;

use super::process::{At, Process};
use super::seen::{Seen, api_id};
use crate::account::TRUST;
use change::Change;
pub(super) use image::Registry;

/// The role of all functions.
const ROLE: &str = "runner";
/// The repository that all clients share.
const BASE: &str = "base";

/// The connection ended: nobody knows whether the call was done.
#[derive(Debug)]
pub(super) struct Cut;

/// What a call answered. To be refused is no part of the plan.
fn done<T, E: std::fmt::Debug>(answer: Result<T, SdkError<E, HttpResponse>>) -> Result<T, Cut> {
    match answer {
        Ok(answer) => Ok(answer),
        Err(SdkError::ServiceError(refused)) => panic!("refused: {:?}", refused.err()),
        Err(_) => Err(Cut),
    }
}

/// So many acknowledged calls of all clients until the kill.
pub(super) struct Countdown {
    wanted: usize,
    counted: AtomicUsize,
    over: Notify,
}

impl Countdown {
    pub(super) fn new(wanted: usize) -> Countdown {
        let countdown = Countdown { wanted, counted: AtomicUsize::new(0), over: Notify::new() };
        if wanted == 0 {
            countdown.over.notify_one();
        }
        countdown
    }

    fn count(&self) {
        if self.counted.fetch_add(1, Ordering::Relaxed) + 1 == self.wanted {
            self.over.notify_one();
        }
    }

    pub(super) async fn over(&self) {
        self.over.notified().await;
    }

    pub(super) fn counted(&self) -> usize {
        self.counted.load(Ordering::Relaxed)
    }
}

/// Ids that the account has given to what the client knows by name.
#[derive(Default)]
struct Ids {
    api: String,
    root: String,
    has_method: bool,
    has_integration: bool,
    /// Path → id.
    resources: BTreeMap<String, String>,
    /// Description → id.
    deployments: BTreeMap<String, String>,
}

/// A client.
pub(super) struct Client {
    name: String,
    rng: Rng,
    counter: u64,
    /// What must be there.
    known: Seen,
    /// Or else this: a call was cut off.
    doubt: Option<Seen>,
    /// What that call was.
    cut: Option<Change>,
    ids: Ids,
}

/// What all clients share.
pub(super) async fn prepare(process: &Process) {
    let at = process.at();
    let role = at.iam.create_role().role_name(ROLE);
    role.assume_role_policy_document(TRUST).send().await.unwrap();
    let ecr = &at.ecr;
    for name in [BASE, "c0", "c1", "c2", "c3"] {
        ecr.create_repository().repository_name(name).send().await.unwrap();
    }
    at.registry.push_base().await.unwrap();
}

impl Client {
    pub(super) fn new(number: usize, rng: Rng) -> Client {
        Client {
            name: format!("c{number}"),
            rng,
            counter: 0,
            known: Seen::default(),
            doubt: None,
            cut: None,
            ids: Ids::default(),
        }
    }

    /// Whether a call was cut off.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// Changes one thing after the other until the connection ends.
    pub(super) async fn work(&mut self, at: &At, countdown: &Countdown) {
        loop {
            let change = Change::random(self);
            let mut after = self.known.clone();
            change.apply(&mut after);
            self.doubt = Some(after.clone());
            if change.perform(self, at).await.is_err() {
                self.cut = Some(change);
                return;
            }
            self.known = after;
            self.doubt = None;
            countdown.count();
        }
    }

    /// Looks whether what was acknowledged is there, and takes what was cut off as it came out.
    pub(super) async fn check(&mut self, at: &At, kill: u64) {
        let seen = Seen::of(at, &self.name).await;
        if self.doubt.as_ref() != Some(&seen) {
            assert_eq!(seen, self.known, "after kill {kill}; in flight was {:?}", self.cut);
        }
        self.known = seen;
        (self.doubt, self.cut) = (None, None);
        image::check(at, &self.name, &self.known.images).await;
        self.learn_ids(at).await;
    }

    async fn learn_ids(&mut self, at: &At) {
        self.ids = Ids::default();
        let gateway = &at.gateway;
        let Some(api) = api_id(gateway, &self.name).await else { return };
        let resources =
            gateway.get_resources().rest_api_id(&api).limit(500).embed("methods").send().await.unwrap();
        for resource in resources.items() {
            let (path, id) = (resource.path().unwrap().to_owned(), resource.id().unwrap().to_owned());
            if path == "/" {
                self.ids.root.clone_from(&id);
                let method = resource.resource_methods().and_then(|methods| methods.get("ANY"));
                self.ids.has_method = method.is_some();
                self.ids.has_integration = method.is_some_and(|method| method.method_integration().is_some());
            }
            self.ids.resources.insert(path, id);
        }
        let deployments = gateway.get_deployments().rest_api_id(&api).limit(500).send().await.unwrap();
        for deployment in deployments.items() {
            let description = deployment.description().unwrap().to_owned();
            self.ids.deployments.insert(description, deployment.id().unwrap().to_owned());
        }
        self.ids.api = api;
    }

    /// A name that was never used.
    fn new_name(&mut self, kind: &str) -> String {
        self.counter += 1;
        format!("{}-{kind}{}", self.name, self.counter)
    }
}
