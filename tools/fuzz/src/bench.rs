//! A local cloud for the targets that need one, in a folder that the system clears away.

use localcloud::fuzzing::Bench;

/// Opens one.
pub fn bench() -> Bench {
    let dir = tempfile::tempdir().expect("there is a folder for temporary files").keep();
    Bench::open(&dir)
}
