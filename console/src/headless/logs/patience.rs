//! How often and how long a page of a log is asked for again when it did not come.

use std::time::{Duration, Instant};

use crate::app::Trouble;
use crate::cloud::{Fault, FaultKind};
use crate::domain::{Problem, StageName};
use crate::headless::output;
use crate::logs::back_off::BackOff;

/// After the first failure.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// After many.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// What is over sooner tells nothing.
const QUIET: Duration = Duration::from_secs(3);

/// How long no answer at all is borne before the first page: then it is rather the address or the network that is wrong.
const UNREACHED: Duration = Duration::from_secs(5);

/// The patience with one log group. It is whole again with each page that comes.
pub(super) struct Patience {
    stage: StageName,
    /// How long nothing but failures is borne; for ever if `None`.
    longest: Option<Duration>,
    back_off: BackOff,
    /// When the first of the failures in a row was.
    failing: Option<Instant>,
    told: bool,
    /// A page has come.
    reached: bool,
}

impl Patience {
    pub(super) fn new(stage: StageName, longest: Option<Duration>) -> Patience {
        let back_off = BackOff::new(FIRST_WAIT, LONGEST_WAIT);
        Patience { stage, longest, back_off, failing: None, told: false, reached: false }
    }

    /// How long to wait before the page is asked for again; the problem where that is of no use, or was done for long enough.
    pub(super) fn after(&mut self, fault: Fault, now: Instant) -> Result<Duration, Problem> {
        let Fault { kind, problem } = fault;
        if !matches!(kind, FaultKind::Throttled | FaultKind::Unanswered) {
            return Err(problem);
        }
        let lasts = now.duration_since(*self.failing.get_or_insert(now));
        let unreached = kind == FaultKind::Unanswered && !self.reached;
        let longest = self.longest.map(|longest| if unreached { longest.min(UNREACHED) } else { longest });
        if longest.is_some_and(|longest| lasts >= longest) {
            return Err(problem);
        }
        if lasts >= QUIET && !std::mem::replace(&mut self.told, true) {
            output::complain(&problem);
            output::aside(self.text(kind.into()));
        }
        Ok(self.back_off.wait())
    }

    /// The page has come.
    pub(super) fn renew(&mut self) {
        self.reached = true;
        if self.failing.is_none() {
            return;
        }
        if self.told {
            output::aside(format!("{}: the log is read again", self.stage));
        }
        *self = Patience { reached: true, ..Patience::new(self.stage, self.longest) };
    }

    fn text(&self, trouble: Trouble) -> String {
        let until = match self.longest {
            Some(longest) => format!("for {} s", longest.as_secs()),
            None => "until it answers".to_owned(),
        };
        format!("{} {}: AWS is asked again {until}", self.stage, trouble.badge())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(60);

    fn fault(kind: FaultKind) -> Fault {
        Fault { kind, problem: Problem::new("could not read") }
    }

    #[test]
    fn only_what_may_pass_is_borne_and_only_for_so_long() {
        let start = Instant::now();
        let later = |seconds| start + Duration::from_secs(seconds);
        let mut patience = Patience::new(StageName::Prod, Some(LONGEST));
        patience.renew();
        for (kind, at) in [(FaultKind::Throttled, 0), (FaultKind::Unanswered, 30), (FaultKind::Throttled, 59)]
        {
            let wait = patience.after(fault(kind), later(at)).expect("a wait");
            assert!(wait >= FIRST_WAIT && wait <= LONGEST_WAIT * 2, "{wait:?}");
        }
        assert!(patience.told);
        assert!(patience.after(fault(FaultKind::Throttled), later(60)).is_err());

        let mut patience = Patience::new(StageName::Prod, Some(LONGEST));
        patience.after(fault(FaultKind::Throttled), later(0)).expect("a wait");
        patience.renew();
        patience.after(fault(FaultKind::Throttled), later(100)).expect("a page has come in between");
        assert!(!patience.told, "what has just begun is not worth a word");

        let mut patience = Patience::new(StageName::Prod, Some(LONGEST));
        patience.after(fault(FaultKind::Unanswered), later(0)).expect("a wait");
        assert!(patience.after(fault(FaultKind::Unanswered), later(5)).is_err(), "nobody was ever there");

        let mut patience = Patience::new(StageName::Prod, None);
        for at in [0, 1_000_000] {
            patience.after(fault(FaultKind::Unanswered), later(at)).expect("a wait");
        }
        for kind in [FaultKind::Denied, FaultKind::SignedOut, FaultKind::Other] {
            assert!(patience.after(fault(kind), later(0)).is_err(), "{kind:?}");
        }
    }
}
