//! The reading of one log event: whatever came, it does not panic, and what is shown of it is one harmless line.
#![no_main]

use fuzz::logs::reading;
use fuzz::{deceives, is_obeyed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let message = String::from_utf8_lossy(bytes);
    let raw = reading::keep(&message);
    let read = reading::read(&raw);
    let shown = reading::text(&raw);
    assert!(!shown.chars().any(|letter| is_obeyed(letter, false) || deceives(letter)), "{shown:?}");
    let id = reading::request_id(&raw);
    assert!(id.is_none_or(|id| raw.contains(&id) || reading::is_escaped(&raw)), "an id that is not there");
    if let Some(report) = reading::report(&raw) {
        assert!(read.platform, "a report that is none of Lambda's: {report:?}");
    }
    assert!(!(read.platform && read.link != reading::Link::None), "a line of Lambda's is part of a trace");
    assert_eq!(reading::read(&raw), read);
    // What is kept is kept as it is when it comes again out of an export.
    if !raw.contains('\u{1b}') {
        assert_eq!(reading::keep(&raw), raw);
    }
});
