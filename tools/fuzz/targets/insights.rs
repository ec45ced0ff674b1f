//! Queries of Logs Insights. A query that is understood stays one with a comment behind it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use localcloud::fuzzing::insights;

fuzz_target!(|text: &str| {
    if insights(text) {
        assert!(insights(&format!("{text}\n# and a comment")), "{text:?}");
    }
});
