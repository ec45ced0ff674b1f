//! The figures on disk: one table of the store's database, a row for each function and minute.

use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use redb::{Durability, ReadableDatabase, ReadableTable, TableDefinition};

use super::Shared;
use super::index::{Index, Key, Minute};
use crate::store::{Store, StoreError};

/// Function, minute since the epoch → the figures as JSON.
const MINUTES: TableDefinition<(&str, i64), &[u8]> = TableDefinition::new("metrics");

/// How long figures may wait for the disk: what a `kill -9` may lose. The minute in hand is written anew each time.
const LAG: Duration = Duration::from_secs(1);

/// A row to write, or `None` to remove it.
type Row = (Key, Option<Vec<u8>>);

/// Starts the thread that writes what is dirty.
pub(super) fn start(shared: Arc<Shared>, store: Store) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name("metrics-writer".to_owned())
        .spawn(move || run(&shared, &store))
        .map_err(|error| StoreError::Metrics(error.to_string()))
}

fn run(shared: &Shared, store: &Store) {
    loop {
        let state = shared.lock();
        let waiting = shared.changed.wait_while(state, |state| state.dirty.is_empty() && !state.closing);
        let state = waiting.unwrap_or_else(PoisonError::into_inner);
        let gathering = shared.changed.wait_timeout_while(state, LAG, |state| !state.closing);
        let (mut state, _) = gathering.unwrap_or_else(PoisonError::into_inner);
        let closing = state.closing;
        let gone = state.index.prune(jiff::Timestamp::now().as_millisecond());
        let dirty = std::mem::take(&mut state.dirty).into_iter().chain(gone);
        let rows: Result<Vec<Row>, serde_json::Error> = dirty
            .map(|key| {
                let figures = state.index.get(&key.0, key.1).map(serde_json::to_vec).transpose()?;
                Ok((key, figures))
            })
            .collect();
        drop(state);
        let written = rows.map_err(StoreError::from).and_then(|rows| Ok(write(store, &rows)?));
        if let Err(error) = written {
            tracing::error!(%error, "metrics could not be saved");
        }
        if closing {
            return;
        }
    }
}

fn write(store: &Store, rows: &[Row]) -> Result<(), redb::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut transaction = store.database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    {
        let mut table = transaction.open_table(MINUTES)?;
        for ((function, minute), figures) in rows {
            match figures {
                Some(figures) => table.insert((function.as_str(), *minute), figures.as_slice())?,
                None => table.remove((function.as_str(), *minute))?,
            };
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Reads all rows, and removes those that are too old.
pub(super) fn load(store: &Store) -> Result<Index, StoreError> {
    let mut index = Index::default();
    let transaction = store.database.begin_read().map_err(redb::Error::from)?;
    let table = match transaction.open_table(MINUTES) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(index),
        Err(error) => return Err(redb::Error::from(error).into()),
    };
    for row in table.iter().map_err(redb::Error::from)? {
        let (key, figures) = row.map_err(redb::Error::from)?;
        let (function, minute) = key.value();
        let figures: Minute = serde_json::from_slice(figures.value())?;
        index.restore(function, minute, figures);
    }
    drop((table, transaction));
    let gone = index.prune(jiff::Timestamp::now().as_millisecond());
    write(store, &gone.into_iter().map(|key| (key, None)).collect::<Vec<Row>>())?;
    Ok(index)
}
