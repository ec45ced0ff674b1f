//! How far back the stream is shown.

use std::fmt;

/// A range that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range {
    /// One minute.
    M1,
    /// Five minutes.
    M5,
    /// A quarter of an hour.
    M15,
    /// One hour.
    H1,
    /// Six hours.
    H6,
    /// A day.
    H24,
}

impl Range {
    /// Each, the shortest first.
    pub const ALL: [Range; 6] = [Range::M1, Range::M5, Range::M15, Range::H1, Range::H6, Range::H24];

    /// The key that asks for it.
    pub fn key(self) -> &'static str {
        match self {
            Range::M1 => "1",
            Range::M5 => "2",
            Range::M15 => "3",
            Range::H1 => "4",
            Range::H6 => "5",
            Range::H24 => "6",
        }
    }

    /// As a person writes it: `15m`.
    pub fn as_str(self) -> &'static str {
        match self {
            Range::M1 => "1m",
            Range::M5 => "5m",
            Range::M15 => "15m",
            Range::H1 => "1h",
            Range::H6 => "6h",
            Range::H24 => "24h",
        }
    }

    /// How long it is, milliseconds.
    pub fn milliseconds(self) -> i64 {
        let minutes = match self {
            Range::M1 => 1,
            Range::M5 => 5,
            Range::M15 => 15,
            Range::H1 => 60,
            Range::H6 => 6 * 60,
            Range::H24 => 24 * 60,
        };
        minutes * 60_000
    }
}

impl fmt::Display for Range {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}
