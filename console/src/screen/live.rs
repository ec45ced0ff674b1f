//! Live Tail as the operator wants it, and as it is.

use crate::app::LiveTailState;

/// Whether lines are to be pushed, and whether they are.
#[derive(Debug, Default)]
pub struct Live {
    wanted: bool,
    state: Option<LiveTailState>,
    sampled: bool,
}

impl Live {
    /// Whether the operator asked for it.
    pub fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Asks for it, or no longer. Returns whether it is wanted now.
    pub fn toggle(&mut self) -> bool {
        *self = Live { wanted: !self.wanted, ..Live::default() };
        self.wanted
    }

    /// How it is; `None` before it has begun.
    pub fn state(&self) -> Option<&LiveTailState> {
        self.state.as_ref()
    }

    /// Whether lines are being left out, which the next poll brings.
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// Notes whether lines were left out of this second. Returns what is to be said in the stream.
    pub(super) fn sampled(&mut self, sampled: bool) -> Option<&'static str> {
        let begins = sampled && !self.sampled;
        self.sampled = sampled;
        begins.then_some(
            "SAMPLED: more than 500 lines came in a second and Live Tail leaves some out: the next polls bring them",
        )
    }

    /// Notes how it is. Returns what is to be said in the stream.
    pub(super) fn note(&mut self, state: LiveTailState) -> Option<String> {
        let was_off = matches!(self.state, Some(LiveTailState::Off(..)));
        let text = match &state {
            LiveTailState::Off(trouble, problem) if !was_off => {
                Some(format!("Live Tail {}: {problem}; lines are polled", trouble.badge()))
            }
            LiveTailState::On if was_off => Some("Live Tail is back".to_owned()),
            _ => None,
        };
        self.sampled = false;
        self.state = Some(state);
        text
    }
}
