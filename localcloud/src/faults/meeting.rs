//! A call on its way past the rules.

use std::time::Duration;

use axum::response::Response;
use tokio_util::sync::CancellationToken;

use super::{Called, Effect, Faults, LOGGED, State};
use crate::faults::cut::Cut;

/// A rule that is due for a call.
struct Hit {
    effect: Effect,
    /// Which of the rules, and of which setting of them.
    rule: usize,
    setting: u64,
    /// The rules were cleared or set anew.
    released: CancellationToken,
}

/// What is to be answered instead of what the call asks for.
pub(crate) enum Instead {
    Error { status: u16, code: String, message: String },
    Throttle,
    Deny,
    Expired,
}

impl Faults {
    /// Carries `work` out and answers with it, unless a rule wants something else. `instead` writes a refusal in the
    /// words of the service; `cut` ends the connection.
    pub(crate) async fn meet(
        &self,
        service: &'static str,
        operation: &str,
        cut: &Cut,
        work: impl Future<Output = Response>,
        instead: impl FnOnce(Instead) -> Response,
    ) -> Response {
        let (call, hit) = self.lock().begin(service, operation);
        let work = async {
            let response = work.await;
            self.lock().note(call, |called| called.status = Some(response.status().as_u16()));
            response
        };
        let Some(hit) = hit else { return work.await };
        let met = || self.met_by(call, &hit);
        match hit.effect.clone() {
            Effect::Error { status, code, message } => {
                met();
                instead(Instead::Error { status, code, message })
            }
            Effect::Throttle => {
                met();
                instead(Instead::Throttle)
            }
            Effect::Deny => {
                met();
                instead(Instead::Deny)
            }
            Effect::Expired => {
                met();
                instead(Instead::Expired)
            }
            Effect::CutBefore => {
                met();
                cut.cut()
            }
            Effect::CutAfter => {
                work.await;
                met();
                cut.cut()
            }
            Effect::HoldBefore => {
                met();
                match self.hold(&hit).await {
                    true => work.await,
                    false => cut.cut(),
                }
            }
            Effect::HoldAfter => {
                let response = work.await;
                met();
                match self.hold(&hit).await {
                    true => response,
                    false => cut.cut(),
                }
            }
            Effect::Delay { ms } => {
                met();
                tokio::time::sleep(Duration::from_millis(ms)).await;
                work.await
            }
        }
    }

    fn met_by(&self, call: u64, hit: &Hit) {
        let mut state = self.lock();
        state.note(call, |called| called.fault = Some(hit.effect.clone()));
        if state.setting == hit.setting
            && let Some(standing) = state.rules.get_mut(hit.rule)
        {
            standing.met += 1;
            let rule = standing.rule.clone();
            self.inner.first_met.send_if_modified(|first| match first {
                Some(_) => false,
                None => {
                    *first = Some(rule);
                    true
                }
            });
        }
    }

    /// Waits until the rules are others; `false` when the local cloud stops first.
    async fn hold(&self, hit: &Hit) -> bool {
        tokio::select! {
            biased;
            () = self.inner.stopping.cancelled() => false,
            () = hit.released.cancelled() => true,
        }
    }
}

impl State {
    /// Takes the call into the log and counts it; its number in the log, and the rule that is due.
    fn begin(&mut self, service: &'static str, operation: &str) -> (u64, Option<Hit>) {
        if self.calls.len() == LOGGED {
            self.calls.pop_front();
            self.forgotten += 1;
        }
        let call = self.forgotten + self.calls.len() as u64;
        let (service, operation) = (service.to_owned(), operation.to_owned());
        let mut due = None;
        for (index, standing) in self.rules.iter_mut().enumerate() {
            if standing.rule.matches(&service, &operation) {
                standing.matched += 1;
                if due.is_none() && standing.rule.is_due(standing.matched) {
                    due = Some((index, standing.rule.effect.clone()));
                }
            }
        }
        self.calls.push_back(Called { service, operation, status: None, fault: None });
        let hit = due.map(|(rule, effect)| {
            let released = self.released.clone();
            Hit { effect, rule, setting: self.setting, released }
        });
        (call, hit)
    }

    /// Writes to the log what became of a call, if it is still there.
    fn note(&mut self, call: u64, note: impl FnOnce(&mut Called)) {
        let index = call.checked_sub(self.forgotten).and_then(|index| usize::try_from(index).ok());
        if let Some(called) = index.and_then(|index| self.calls.get_mut(index)) {
            note(called);
        }
    }
}
