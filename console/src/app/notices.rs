use jiff::{SignedDuration, Timestamp};

/// How long a notice stays.
const LIFE: SignedDuration = SignedDuration::from_secs(8);

/// A sentence in the footer that goes away by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The sentence.
    pub text: String,
    /// Whether something failed.
    pub bad: bool,
    at: Timestamp,
}

impl Notice {
    /// A sentence that tells.
    pub fn tell(text: impl Into<String>, now: Timestamp) -> Notice {
        Notice { text: text.into(), bad: false, at: now }
    }

    /// A sentence that warns.
    pub fn warn(text: impl Into<String>, now: Timestamp) -> Notice {
        Notice { text: text.into(), bad: true, at: now }
    }

    /// Whether it is still to be shown.
    pub fn alive(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) < LIFE
    }
}
