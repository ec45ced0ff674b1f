//! Requests to an API: stage, route, event. Its function never became Active, so that none gets an answer of its own.

#![no_main]

use std::sync::LazyLock;

use fuzz::bench::bench;
use libfuzzer_sys::fuzz_target;
use localcloud::fuzzing::Bench;

static BENCH: LazyLock<Bench> = LazyLock::new(bench);

fuzz_target!(|bytes: &[u8]| {
    if let Some(status) = BENCH.gateway(bytes) {
        assert!([403, 413, 429, 500, 502].contains(&status), "{status}");
    }
});
