//! The time that a command about the logs is asked for.

use jiff::Timestamp;

use super::output;
use crate::cli::When;

/// From when on and until when, epoch milliseconds; `None` where there is nothing between the two, which is told.
pub(super) fn asked(since: When, until: Option<When>, now: Timestamp) -> Option<(i64, Option<i64>)> {
    let span = (since.milliseconds(now), until.map(|until| until.milliseconds(now)));
    let Some(mistake) = mistake(span, now.as_millisecond()) else { return Some(span) };
    output::aside(format!("callboard: {mistake}"));
    None
}

fn mistake((since, until): (i64, Option<i64>), now: i64) -> Option<&'static str> {
    if since > now {
        return Some("--since is in the future: there is nothing to read yet");
    }
    let is_empty = until.is_some_and(|until| until < since);
    is_empty.then_some("--until is before --since: there is nothing between them")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_nothing_is_told_by_what_is_wrong_with_it() {
        let starts = |since, until| mistake((since, until), 1_000).and_then(|told| told.split(':').next());
        assert_eq!(starts(1_000, None), None);
        assert_eq!(starts(500, Some(500)), None);
        assert_eq!(starts(500, Some(2_000)), None, "what is still to come ends nothing");
        assert_eq!(starts(500, Some(499)), Some("--until is before --since"));
        assert_eq!(starts(1_001, None), Some("--since is in the future"));
        assert_eq!(starts(1_001, Some(900)), Some("--since is in the future"));
    }
}
