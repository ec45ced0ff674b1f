//! The order of events.

/// Where a scan stands: an event's time, ingestion time and number, which is the order that CloudWatch tells events in
/// [FACTS §5]. An event that comes late may land before where a scan stands, as there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// Epoch milliseconds.
    pub(crate) timestamp: i64,
    /// When it became visible, epoch milliseconds.
    pub(crate) ingested: i64,
    /// Counts all events of the account, from 1.
    pub(crate) number: u64,
}

impl Position {
    /// Before every event of that time.
    pub(crate) fn before(timestamp: i64) -> Position {
        Position { timestamp, ingested: i64::MIN, number: 0 }
    }

    /// Behind every event of that time.
    pub(crate) fn behind(timestamp: i64) -> Position {
        Position { timestamp, ingested: i64::MAX, number: u64::MAX }
    }
}
