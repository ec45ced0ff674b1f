//! Events that were taken and are not done yet, each under its request id: who takes one says so only once it is here.

use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};

use super::{Store, StoreError};

const EVENTS: TableDefinition<&str, &[u8]> = TableDefinition::new("events_taken");

/// How many events may wait; Lambda knows no such bound, a disk does.
const MOST: u64 = 10_000;

impl Store {
    /// Keeps an event, or keeps it anew; durable when this returns. `false` when too many wait already.
    pub(crate) fn keep_event(&self, request_id: &str, event: &[u8]) -> Result<bool, StoreError> {
        let transaction = self.database.begin_write().map_err(redb::Error::from)?;
        let kept = {
            let mut table = transaction.open_table(EVENTS).map_err(redb::Error::from)?;
            let is_known = table.get(request_id).map_err(redb::Error::from)?.is_some();
            let has_room = is_known || table.len().map_err(redb::Error::from)? < MOST;
            if has_room {
                table.insert(request_id, event).map_err(redb::Error::from)?;
            }
            has_room
        };
        transaction.commit().map_err(redb::Error::from)?;
        Ok(kept)
    }

    /// Forgets an event that is done or given up. Durable when this returns.
    pub(crate) fn forget_event(&self, request_id: &str) -> Result<(), StoreError> {
        let transaction = self.database.begin_write().map_err(redb::Error::from)?;
        {
            let mut table = transaction.open_table(EVENTS).map_err(redb::Error::from)?;
            table.remove(request_id).map_err(redb::Error::from)?;
        }
        transaction.commit().map_err(redb::Error::from)?;
        Ok(())
    }

    /// What was taken and is not done, with the request ids.
    pub(crate) fn kept_events(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let transaction = self.database.begin_read().map_err(redb::Error::from)?;
        let table = match transaction.open_table(EVENTS) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            Err(error) => return Err(redb::Error::from(error).into()),
        };
        let rows = table.iter().map_err(redb::Error::from)?.map(|row| {
            let (id, event) = row.map_err(redb::Error::from)?;
            Ok((id.value().to_owned(), event.value().to_vec()))
        });
        rows.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_there_until_it_is_forgotten_also_for_the_next_run() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.redb");
        let store = Store::open(&path, false).unwrap();
        assert_eq!(store.kept_events().unwrap(), []);
        for (id, event) in [("a", "one"), ("b", "two"), ("a", "one, tried")] {
            assert!(store.keep_event(id, event.as_bytes()).unwrap());
        }
        store.forget_event("b").unwrap();
        drop(store);
        let kept = Store::open(&path, false).unwrap().kept_events().unwrap();
        assert_eq!(kept, [("a".to_owned(), b"one, tried".to_vec())]);
    }
}
