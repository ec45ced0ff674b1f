//! The times of rows: in one zone, with the day where it is not today's.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::screen::logs::TimeFormat;

/// Shows times as they are wanted now.
pub(super) struct Clock {
    format: TimeFormat,
    zone: TimeZone,
    today: Date,
}

impl Clock {
    pub(super) fn new(format: TimeFormat, now: Timestamp) -> Clock {
        let zone = zone(format);
        let today = now.to_zoned(zone.clone()).date();
        Clock { format, zone, today }
    }

    /// The time of a row; `None` where none is wanted.
    pub(super) fn row(&self, timestamp_ms: i64) -> Option<String> {
        (self.format != TimeFormat::Off).then(|| self.at(timestamp_ms))
    }

    /// A time, with its day if that is not today.
    pub(super) fn at(&self, timestamp_ms: i64) -> String {
        let Ok(at) = Timestamp::from_millisecond(timestamp_ms) else { return "--:--:--.---".to_owned() };
        let at = at.to_zoned(self.zone.clone());
        // Yesterday's afternoon must not read as later than now. Nothing that is kept is a year old.
        let pattern = if at.date() == self.today { "%H:%M:%S%.3f" } else { "%m-%d %H:%M:%S%.3f" };
        at.strftime(pattern).to_string()
    }

    /// Whose time it is.
    pub(super) fn zone_name(&self) -> Option<&'static str> {
        match self.format {
            TimeFormat::Local => Some("local"),
            TimeFormat::Utc => Some("UTC"),
            TimeFormat::Off => None,
        }
    }
}

fn zone(format: TimeFormat) -> TimeZone {
    if format == TimeFormat::Utc { TimeZone::UTC } else { TimeZone::system() }
}

/// The time of a day.
pub(in crate::view) fn time(timestamp_ms: i64, format: TimeFormat) -> String {
    match Timestamp::from_millisecond(timestamp_ms) {
        Ok(at) => at.to_zoned(zone(format)).strftime("%H:%M:%S%.3f").to_string(),
        Err(_) => "--:--:--.---".to_owned(),
    }
}
