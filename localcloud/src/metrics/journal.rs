//! The figures on disk: two tables of the store's database, a row for each function and minute, and for each point that was
//! put.

use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use redb::{Durability, ReadableDatabase, ReadableTable, TableDefinition};

use super::custom::{self, Custom, Series};
use super::distribution::Distribution;
use super::index::{Index, Key, Minute};
use super::{Shared, State};
use crate::store::{Store, StoreError};

/// Function, minute since the epoch → the figures as JSON.
const MINUTES: TableDefinition<(&str, i64), &[u8]> = TableDefinition::new("metrics");

/// Series as JSON, unit, second since the epoch → the values as JSON.
const POINTS: TableDefinition<(&str, &str, i64), &[u8]> = TableDefinition::new("custom_metrics");

/// How long figures may wait for the disk: what a `kill -9` may lose. The minute in hand is written anew each time.
const LAG: Duration = Duration::from_secs(1);

/// What a row holds; `None` removes it.
type Row = Option<Vec<u8>>;
/// What a point is stored under.
type PointKey = (String, String, i64);

/// Rows to write.
#[derive(Default)]
struct Rows {
    minutes: Vec<(Key, Row)>,
    points: Vec<(PointKey, Row)>,
}

impl Rows {
    /// All that is dirty or was pruned now.
    fn take(state: &mut State) -> Result<Rows, serde_json::Error> {
        let now = jiff::Timestamp::now();
        let gone = state.index.prune(now.as_millisecond());
        let gone_custom = state.custom.prune(now.as_second());
        let minutes = std::mem::take(&mut state.dirty).into_iter().chain(gone);
        let points = std::mem::take(&mut state.dirty_custom).into_iter().chain(gone_custom);
        let mut rows = Rows::default();
        for key in minutes {
            let figures = state.index.get(&key.0, key.1).map(serde_json::to_vec).transpose()?;
            rows.minutes.push((key, figures));
        }
        for key in points {
            let values = state.custom.get(&key).map(serde_json::to_vec).transpose()?;
            let (series, unit, at): custom::Key = key;
            rows.points.push(((serde_json::to_string(&series)?, unit, at), values));
        }
        Ok(rows)
    }
}

/// Starts the thread that writes what is dirty.
pub(super) fn start(shared: Arc<Shared>, store: Store) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name("metrics-writer".to_owned())
        .spawn(move || run(&shared, &store))
        .map_err(|error| StoreError::Metrics(error.to_string()))
}

fn run(shared: &Shared, store: &Store) {
    let idle = |state: &mut State| state.dirty.is_empty() && state.dirty_custom.is_empty();
    loop {
        let state = shared.lock();
        let waiting =
            shared.changed.wait_while(state, |state| idle(state) && !state.closing && !state.urgent);
        let state = waiting.unwrap_or_else(PoisonError::into_inner);
        let gather = |state: &mut State| !state.closing && !state.urgent;
        let gathering = shared.changed.wait_timeout_while(state, LAG, gather);
        let (mut state, _) = gathering.unwrap_or_else(PoisonError::into_inner);
        let closing = state.closing;
        state.urgent = false;
        state.writes.begun += 1;
        let rows = Rows::take(&mut state);
        drop(state);
        let written = rows.map_err(StoreError::from).and_then(|rows| Ok(write(store, &rows)?));
        let mut state = shared.lock();
        state.writes.ended = state.writes.begun;
        state.writes.over = closing;
        if let Err(error) = written {
            tracing::error!(%error, "metrics could not be saved");
            state.writes.failed = Some((state.writes.begun, error.to_string()));
        }
        shared.changed.notify_all();
        if closing {
            return;
        }
    }
}

fn write(store: &Store, rows: &Rows) -> Result<(), redb::Error> {
    if rows.minutes.is_empty() && rows.points.is_empty() {
        return Ok(());
    }
    let mut transaction = store.database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    {
        let mut table = transaction.open_table(MINUTES)?;
        for ((function, minute), figures) in &rows.minutes {
            match figures {
                Some(figures) => table.insert((function.as_str(), *minute), figures.as_slice())?,
                None => table.remove((function.as_str(), *minute))?,
            };
        }
        let mut table = transaction.open_table(POINTS)?;
        for ((series, unit, at), values) in &rows.points {
            let key = (series.as_str(), unit.as_str(), *at);
            match values {
                Some(values) => table.insert(key, values.as_slice())?,
                None => table.remove(key)?,
            };
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Reads all rows, and removes those that are too old.
pub(super) fn load(store: &Store) -> Result<(Index, Custom), StoreError> {
    let mut state = State { index: load_minutes(store)?, custom: load_points(store)?, ..State::default() };
    let rows = Rows::take(&mut state)?;
    write(store, &rows)?;
    Ok((state.index, state.custom))
}

fn load_minutes(store: &Store) -> Result<Index, StoreError> {
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
    Ok(index)
}

fn load_points(store: &Store) -> Result<Custom, StoreError> {
    let mut custom = Custom::default();
    let transaction = store.database.begin_read().map_err(redb::Error::from)?;
    let table = match transaction.open_table(POINTS) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(custom),
        Err(error) => return Err(redb::Error::from(error).into()),
    };
    for row in table.iter().map_err(redb::Error::from)? {
        let (key, values) = row.map_err(redb::Error::from)?;
        let (series, unit, at) = key.value();
        let series: Series = serde_json::from_str(series)?;
        let values: Distribution = serde_json::from_slice(values.value())?;
        custom.restore((series, unit.to_owned(), at), values);
    }
    Ok(custom)
}

/// How many minutes of functions are on disk, and their bytes.
pub(super) fn stored(store: &Store) -> Result<(u64, u64), StoreError> {
    let count = || -> Result<(u64, u64), redb::Error> {
        let transaction = store.database.begin_read()?;
        let table = match transaction.open_table(MINUTES) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok((0, 0)),
            Err(error) => return Err(error.into()),
        };
        let (mut count, mut bytes) = (0, 0);
        for row in table.iter()? {
            count += 1;
            bytes += row?.1.value().len() as u64;
        }
        Ok((count, bytes))
    };
    count().map_err(StoreError::Database)
}
