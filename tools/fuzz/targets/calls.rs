//! Calls of the control planes: all protocols, all operations, whatever their input. The signature is not looked at, or nothing
//! behind it would be reached.

#![no_main]

use std::sync::LazyLock;

use fuzz::bench::bench;
use libfuzzer_sys::fuzz_target;
use localcloud::fuzzing::Bench;

static BENCH: LazyLock<Bench> = LazyLock::new(bench);

fuzz_target!(|bytes: &[u8]| {
    BENCH.call(bytes);
});
