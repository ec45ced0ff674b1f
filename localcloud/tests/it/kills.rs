//! `kill -9` at any moment: what was acknowledged is there afterwards, and what was in flight is there whole or not at all.
//!
//! The local cloud runs in a process of its own (this test program, asked for [`child`] alone). Clients work on it through
//! the real SDK, each on things of its own, so that each knows exactly what must be there: its last state, or that
//! and the one call that nobody answered. `CALLBOARD_KILLS` says how often it is killed (200), `CALLBOARD_KILLS_SEED` how chance begins.

mod client;
mod process;
mod seen;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;

use client::{Client, Countdown};
use process::Process;

/// How many clients work at the same time.
const CLIENTS: usize = 4;
/// Calls that are acknowledged before a kill, at most.
const MOST_CALLS: usize = 24;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("it is a number"))
}

/// The local cloud that is killed: runs in the folder that the environment names until its standard input ends.
#[test]
#[ignore = "the other tests of this file start it as a process of their own"]
fn child() {
    process::run();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_by_kills_at_any_moment() {
    let began = Instant::now();
    let (kills, seed) = (setting("CALLBOARD_KILLS", 200), setting("CALLBOARD_KILLS_SEED", 1));
    let mut rng = Rng::with_seed(seed);
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path()).await;
    client::prepare(&process).await;
    let mut clients: Vec<Client> = (0..CLIENTS).map(|number| Client::new(number, rng.fork())).collect();
    let (mut acknowledged, mut in_flight, mut while_starting) = (0, 0, 0);
    for kill in 0..kills {
        if rng.u8(0..5) == 0 {
            // While it starts, or has just started.
            while_starting += 1;
            process.kill().await;
            let starting = Process::spawn(dir.path());
            tokio::time::sleep(Duration::from_micros(rng.u64(0..60_000))).await;
            starting.kill().await;
        } else {
            let countdown = Arc::new(Countdown::new(rng.usize(0..MOST_CALLS)));
            let at = process.at();
            let working = clients.into_iter().map(|mut client| {
                let (countdown, at) = (Arc::clone(&countdown), Arc::clone(&at));
                tokio::spawn(async move {
                    client.work(&at, &countdown).await;
                    client
                })
            });
            let working: Vec<_> = working.collect();
            countdown.over().await;
            // The moment within a call is up to chance, too.
            tokio::time::sleep(Duration::from_micros(rng.u64(0..4_000))).await;
            process.kill().await;
            clients = futures_util::future::join_all(working).await.into_iter().map(Result::unwrap).collect();
            acknowledged += countdown.counted();
            in_flight += clients.iter().filter(|client| client.is_in_doubt()).count();
        }
        assert!(localcloud::running(dir.path()).await.is_none(), "a killed one does not run");
        process = Process::start(dir.path()).await;
        nothing_is_half_done(dir.path());
        let at = process.at();
        let checks = clients.iter_mut().map(|client| client.check(&at, kill));
        futures_util::future::join_all(checks).await;
    }
    process.kill().await;
    eprintln!(
        "{kills} kills ({while_starting} while starting) in {:.1} s, seed {seed}: {acknowledged} calls acknowledged, {in_flight} cut off",
        began.elapsed().as_secs_f64()
    );
    assert!(acknowledged as u64 >= kills, "the clients have hardly worked");
}

/// What a killed process left unfinished is gone once the next one has started.
fn nothing_is_half_done(dir: &Path) {
    for folder in ["blobs/unfinished", "images/unfinished"] {
        let left = std::fs::read_dir(dir.join(folder)).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{folder}");
    }
}
