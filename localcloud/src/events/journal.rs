//! The events on disk: two tables of the store's database, written by one thread in batches.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use redb::{Durability, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};

use super::index::Index;
use crate::store::{Store, StoreError};

/// Number → stream, time, ingestion time (epoch milliseconds), message.
const EVENTS: TableDefinition<u64, (u32, i64, i64, &str)> = TableDefinition::new("log_events");
/// Id → group, name, creation time (epoch milliseconds).
const STREAMS: TableDefinition<u32, (&str, &str, i64)> = TableDefinition::new("log_streams");

/// How long events may wait for the disk: what a `kill -9` may lose.
const LAG: Duration = Duration::from_millis(500);
/// How long a transaction waits for more to go into it: one for each append would cost more than serving the request.
const GATHER: Duration = Duration::from_millis(100);
/// How many changes may wait for the writer before an append waits too.
const QUEUE: usize = 4096;
/// How many changes go into one transaction, so that a change of the account's state never waits long.
const BATCH: usize = 512;

/// An event on its way to or from the disk.
#[derive(Debug, Clone)]
pub(super) struct WrittenEvent {
    pub(super) number: u64,
    pub(super) stream: u32,
    pub(super) timestamp: i64,
    pub(super) ingested: i64,
    pub(super) message: Arc<str>,
}

/// A stream on its way to or from the disk.
#[derive(Debug, Clone)]
pub(super) struct WrittenStream {
    pub(super) id: u32,
    pub(super) group: String,
    pub(super) name: String,
    pub(super) created: i64,
}

/// One change of the index, to be repeated on disk.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) streams: Vec<WrittenStream>,
    pub(super) events: Vec<WrittenEvent>,
    pub(super) gone_streams: Vec<u32>,
    pub(super) gone_events: Vec<u64>,
}

enum Command {
    Write(Written),
    Sync(SyncSender<Result<(), String>>),
}

/// A promise that all that was written before is on disk.
pub(super) struct Synced {
    answer: Option<Receiver<Result<(), String>>>,
}

impl Synced {
    pub(super) fn wait(self) -> Result<(), StoreError> {
        match self.answer.map(|answer| answer.recv()) {
            Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(problem))) => Err(StoreError::Log(problem)),
            Some(Err(_)) | None => Err(StoreError::Log("the writer has ended".to_owned())),
        }
    }
}

/// The writer's handle.
pub(super) struct Journal {
    running: Mutex<Option<(SyncSender<Command>, JoinHandle<()>)>>,
}

impl Journal {
    pub(super) fn start(store: Store) -> Result<Journal, StoreError> {
        let (sender, commands) = mpsc::sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || run(&store, &commands))
            .map_err(|error| StoreError::Log(error.to_string()))?;
        Ok(Journal { running: Mutex::new(Some((sender, thread))) })
    }

    /// Hands a change to the writer; once it has ended, changes live in memory only.
    pub(super) fn write(&self, written: Written) {
        if let Some((sender, _)) = &*self.running.lock().unwrap_or_else(PoisonError::into_inner) {
            // The writer ends only with its sender.
            let _ = sender.send(Command::Write(written));
        }
    }

    pub(super) fn sync(&self) -> Synced {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = running.as_ref().and_then(|(sender, _)| {
            let (done, answer) = mpsc::sync_channel(1);
            sender.send(Command::Sync(done)).ok().map(|()| answer)
        });
        Synced { answer }
    }

    pub(super) fn close(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((sender, thread)) = running {
            drop(sender);
            if thread.join().is_err() {
                tracing::error!("the log writer panicked");
            }
        }
    }
}

fn run(store: &Store, commands: &Receiver<Command>) {
    // When something that is not yet on disk was committed first.
    let mut unsynced: Option<Instant> = None;
    loop {
        let first = match unsynced {
            None => commands.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(since) => commands.recv_timeout(LAG.saturating_sub(since.elapsed())),
        };
        let first = match first {
            Ok(command) => Some(command),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                if unsynced.is_some() {
                    // Reported; nobody waits for it any more.
                    let _ = report(commit(store, &[], Durability::Immediate));
                }
                return;
            }
        };
        let mut changes = Vec::new();
        let mut waiting = Vec::new();
        let mut next = first;
        let gathered_by = Instant::now() + GATHER;
        while let Some(command) = next {
            match command {
                Command::Write(written) => changes.push(written),
                Command::Sync(done) => waiting.push(done),
            }
            next = match waiting.is_empty() {
                _ if changes.len() >= BATCH => None,
                true => commands.recv_timeout(gathered_by.saturating_duration_since(Instant::now())).ok(),
                // Somebody waits: what is here already goes along, so that many callers share one fsync.
                false => commands.try_recv().ok(),
            };
        }
        let overdue = unsynced.is_some_and(|since| since.elapsed() >= LAG);
        let durability = match overdue || !waiting.is_empty() {
            true => Durability::Immediate,
            false => Durability::None,
        };
        let outcome = report(commit(store, &changes, durability));
        unsynced = match durability {
            Durability::None => unsynced.or_else(|| Some(Instant::now())),
            _ => None,
        };
        for done in waiting {
            // Whoever asked may have gone.
            let _ = done.send(outcome.clone());
        }
    }
}

fn report(outcome: Result<(), redb::Error>) -> Result<(), String> {
    outcome.map_err(|error| {
        tracing::error!(%error, "log events could not be saved");
        error.to_string()
    })
}

fn commit(store: &Store, changes: &[Written], durability: Durability) -> Result<(), redb::Error> {
    let mut transaction = store.database.begin_write()?;
    transaction.set_durability(durability)?;
    apply(&transaction, changes)?;
    transaction.commit()?;
    Ok(())
}

fn apply(transaction: &WriteTransaction, changes: &[Written]) -> Result<(), redb::Error> {
    let mut streams = transaction.open_table(STREAMS)?;
    let mut events = transaction.open_table(EVENTS)?;
    for change in changes {
        for stream in &change.streams {
            streams.insert(stream.id, (stream.group.as_str(), stream.name.as_str(), stream.created))?;
        }
        for event in &change.events {
            events.insert(event.number, (event.stream, event.timestamp, event.ingested, &*event.message))?;
        }
        for id in &change.gone_streams {
            streams.remove(id)?;
        }
        for number in &change.gone_events {
            events.remove(number)?;
        }
    }
    Ok(())
}

/// Reads everything, and forgets what belongs to groups that are not `known`.
/// Those that nobody sees at `now` (epoch milliseconds) stay pending.
pub(super) fn load(
    store: &Store,
    budget: u64,
    now: i64,
    known: impl Fn(&str) -> bool,
) -> Result<Index, StoreError> {
    load_all(store, budget, now, known).map_err(StoreError::Database)
}

fn load_all(
    store: &Store,
    budget: u64,
    now: i64,
    known: impl Fn(&str) -> bool,
) -> Result<Index, redb::Error> {
    let mut index = Index::new(budget);
    let mut orphans = Written::default();
    // Makes the tables in a new store.
    commit(store, &[], Durability::Immediate)?;
    let transaction = store.database.begin_read()?;
    for row in transaction.open_table(STREAMS)?.iter()? {
        let (id, value) = row?;
        let (group, name, created) = value.value();
        match known(group) {
            true => index.restore_stream(WrittenStream {
                id: id.value(),
                group: group.to_owned(),
                name: name.to_owned(),
                created,
            }),
            false => orphans.gone_streams.push(id.value()),
        }
    }
    let mut events = Vec::new();
    for row in transaction.open_table(EVENTS)?.iter()? {
        let (number, value) = row?;
        let (stream, timestamp, ingested, message) = value.value();
        events.push(WrittenEvent {
            number: number.value(),
            stream,
            timestamp,
            ingested,
            message: message.into(),
        });
    }
    drop(transaction);
    orphans.gone_events = index.restore_events(events, now);
    // The budget may have been larger before.
    index.shrink(budget, &mut orphans);
    if !orphans.gone_streams.is_empty() || !orphans.gone_events.is_empty() {
        commit(store, &[orphans], Durability::Immediate)?;
    }
    Ok(index)
}

/// How many events are on disk, and their bytes as CloudWatch counts them.
pub(super) fn stored(store: &Store) -> Result<(u64, u64), StoreError> {
    let count = || -> Result<(u64, u64), redb::Error> {
        let transaction = store.database.begin_read()?;
        let table = match transaction.open_table(EVENTS) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok((0, 0)),
            Err(error) => return Err(error.into()),
        };
        let (mut count, mut bytes) = (0, 0);
        for row in table.iter()? {
            let (_, value) = row?;
            let (_, _, _, message) = value.value();
            count += 1;
            bytes += message.len() as u64 + super::index::EVENT_OVERHEAD;
        }
        Ok((count, bytes))
    };
    count().map_err(StoreError::Database)
}
