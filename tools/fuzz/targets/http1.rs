//! Requests of the data plane and the Runtime API, in pieces of any size: what is read does not depend on where they are cut.

#![no_main]

use std::sync::LazyLock;

use fuzz::bench::bench;
use libfuzzer_sys::fuzz_target;
use localcloud::fuzzing::Bench;

static BENCH: LazyLock<Bench> = LazyLock::new(bench);

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    let (whole, well) = BENCH.requests(bytes, usize::MAX);
    let (cut, cut_well) = BENCH.requests(bytes, usize::from(piece));
    assert_eq!(well, cut_well);
    assert_eq!(format!("{whole:?}"), format!("{cut:?}"));
    let read: usize = whole.iter().map(|request| request.size()).sum();
    // A byte that is not UTF-8 is told as the letter of that number, which takes two.
    assert!(read <= 2 * bytes.len(), "more was read than was sent");
});
