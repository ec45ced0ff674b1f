//! What each part of the log pipeline costs.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use log_bench::domain::{LogLine, harmless};
use log_bench::logs::filter::Filter;
use log_bench::logs::mask::mask;
use log_bench::logs::query::Query;
use log_bench::logs::reading;
use log_bench::logs::store::{Store, Wanted};
use log_bench::{PAGE, json, line, plain};

/// Lines of the store that is filtered and scrolled.
const LINES: usize = 1_000_000;
/// Bytes that it may keep: more than there are.
const BUDGET: usize = 4 << 30;
/// Lines on a screen of 50 rows.
const SCREEN: usize = 45;

type Make = fn(usize) -> String;
const KINDS: [(&str, Make); 2] = [("plain", plain), ("JSON", json)];

fn store_of(make: Make, count: usize) -> Store {
    let mut store = Store::new(BUDGET);
    for index in 0..count {
        store.insert_line(&line(index, make(index)));
    }
    store
}

fn asked(query: &str) -> Filter {
    Filter { query: Query::parse(query).expect("a query"), ..Filter::default() }
}

fn ingest(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ingest a page of 10,000 lines");
    group.throughput(Throughput::Elements(PAGE as u64));
    for (name, make) in KINDS {
        let page: Vec<LogLine> = (0..PAGE).map(|index| line(index, make(index))).collect();
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || Store::new(BUDGET),
                |store| page.iter().filter(|line| store.insert_line(line).is_some()).count(),
                BatchSize::LargeInput,
            );
        });
        group.bench_function(BenchmarkId::new(name, "under a filter"), |bencher| {
            bencher.iter_batched_ref(
                || {
                    let mut store = Store::new(BUDGET);
                    store.set_filter(asked("level>=error took"));
                    store
                },
                |store| page.iter().filter(|line| store.insert_line(line).is_some()).count(),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn filters(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("filter 1,000,000 lines");
    group
        .throughput(Throughput::Elements(LINES as u64))
        .sample_size(10)
        .measurement_time(Duration::from_secs(3));
    for (name, make) in KINDS {
        let mut store = store_of(make, LINES);
        for query in ["items/00", "Items", "http.status>=500", "/took \\d\\d\\d/", "level>=error"] {
            let filter = asked(query);
            group.bench_function(BenchmarkId::new(name, query), |bencher| {
                bencher.iter(|| {
                    store.set_filter(filter.clone());
                    while store.work() {}
                    store.hits()
                });
            });
        }
    }
    group.finish();
}

fn screens(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a screen of 45 lines");
    for (name, make) in KINDS {
        let mut store = store_of(make, LINES);
        let rows = |store: &Store, from: usize| {
            (from..from + SCREEN)
                .filter_map(|row| store.shown(row))
                .map(|entry| entry.raw.len())
                .sum::<usize>()
        };
        let mut from = 0;
        group.bench_function(BenchmarkId::new(name, "scroll a page"), |bencher| {
            bencher.iter(|| {
                from = (from + SCREEN) % (LINES - SCREEN);
                rows(&store, from)
            });
        });
        group.bench_function(BenchmarkId::new(name, "text, request, harmless, mask"), |bencher| {
            bencher.iter(|| {
                for row in LINES - SCREEN..LINES {
                    let Some(entry) = store.shown(row) else { continue };
                    black_box((mask(&entry.text()), entry.request_id()));
                }
            });
        });
        store.set_filter(asked("level>=error"));
        while store.work() {}
        group.bench_function(BenchmarkId::new(name, "scroll a page of hits"), |bencher| {
            bencher.iter(|| {
                from = (from + SCREEN) % (store.shown_len() - SCREEN);
                rows(&store, from)
            });
        });
        group.bench_function(BenchmarkId::new(name, "find the next error"), |bencher| {
            bencher.iter(|| store.find(Wanted::Error, black_box(LINES / 200), false));
        });
    }
    group.finish();
}

fn late(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("late lines put in their place");
    const LATE: usize = 1_000;
    group.throughput(Throughput::Elements(LATE as u64)).sample_size(10);
    let mut store = store_of(plain, LINES);
    let mut number = 0;
    group.bench_function("anywhere in 1,000,000", |bencher| {
        bencher.iter_batched(
            || {
                number += LATE;
                let late = |index: usize| {
                    let place = (index * 7919) % LINES;
                    LogLine { event_id: format!("late {index}"), ..line(place, plain(place)) }
                };
                (number..number + LATE).map(late).collect::<Vec<LogLine>>()
            },
            |late| late.iter().filter(|line| store.insert_line(line).is_some()).count(),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn foreign(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one line");
    let hostile = "a\u{202e}b\0c\u{1b}[2J \u{1b}[31mred\u{1b}[0m 漢字\r\n".repeat(8);
    let secrets = "Authorization: Bearer abcdefgh.ijklmnop password=hunter2 postgres://ops:hunter2@db/x";
    group.bench_function("harmless, plain", |bencher| bencher.iter(|| harmless(black_box(&plain(1)))));
    group.bench_function("harmless, hostile", |bencher| bencher.iter(|| harmless(black_box(&hostile))));
    group.bench_function("mask, nothing to mask", |bencher| {
        let text = plain(1);
        bencher.iter(|| mask(black_box(&text)).len());
    });
    group.bench_function("mask, secrets", |bencher| bencher.iter(|| mask(black_box(secrets)).len()));
    for (name, make) in KINDS {
        let text = make(1);
        group.bench_function(BenchmarkId::new("read", name), |bencher| {
            bencher.iter(|| reading::read(black_box(&text)))
        });
    }
    group.finish();
}

criterion_group!(benches, ingest, filters, screens, late, foreign);
criterion_main!(benches);
