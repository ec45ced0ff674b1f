//! What is on disk besides blobs: one redb file, which commits atomically, survives `kill -9`, and lets one process in.

mod file;
mod queue;

use std::path::Path;
use std::sync::Arc;

use redb::{Database, ReadableDatabase, TableDefinition};

use crate::world::State;

/// The format of what is stored. Raised when an older program could not read it any more.
pub(crate) const FORMAT: u64 = 1;

const DOCUMENTS: TableDefinition<&str, &[u8]> = TableDefinition::new("documents");

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the store open.
    #[error("another local cloud is using {0}")]
    InUse(String),
    /// Written by a newer program.
    #[error(
        "{path} has format {found}, this program reads format {FORMAT}: use the newer program, or start over with --fresh"
    )]
    Format {
        /// The file.
        path: String,
        /// The format number in the store.
        found: u64,
    },
    /// The file is not what this program wrote, or no longer. It was left as it is.
    #[error(
        "{path} is damaged ({reason}), and nothing in it was changed: put a copy of it from before in its place, or start over with --fresh"
    )]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The disk or the database failed.
    #[error("the local cloud's state on disk: {0}")]
    Database(#[from] redb::Error),
    /// A document is not what this program wrote.
    #[error("the local cloud's state cannot be read: {0}")]
    Document(#[from] serde_json::Error),
    /// Log events could not be saved.
    #[error("the local cloud's log events on disk: {0}")]
    Log(String),
    /// Metrics could not be saved.
    #[error("the local cloud's metrics on disk: {0}")]
    Metrics(String),
}

/// The open database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) database: Arc<Database>,
    path: Arc<Path>,
}

impl Store {
    /// Opens or creates the database file at `path`. With `fresh` all that it held is gone, whatever its format, and were it
    /// damaged.
    pub fn open(path: &Path, fresh: bool) -> Result<Store, StoreError> {
        let database = match file::open(path) {
            Err(StoreError::Damaged { .. }) if fresh => {
                // Nobody else has it open: it would not open for them either.
                std::fs::remove_file(path).map_err(redb::Error::from)?;
                file::open(path)?
            }
            opened => opened?,
        };
        let store = Store { database: Arc::new(database), path: path.into() };
        if fresh {
            store.clear()?;
        }
        match store.read_document::<u64>("format")? {
            Some(FORMAT) => {}
            Some(found) => return Err(StoreError::Format { path: path.display().to_string(), found }),
            None => store.write_document("format", &FORMAT)?,
        }
        Ok(store)
    }

    /// Makes the file as small as what is in it. Does nothing while somebody else has the store.
    pub(crate) fn compact(self) -> Result<(), StoreError> {
        if let Some(mut database) = Arc::into_inner(self.database) {
            database.compact().map_err(redb::Error::from)?;
        }
        Ok(())
    }

    /// The account's state as last saved.
    pub fn load_state(&self) -> Result<Option<State>, StoreError> {
        self.read_document("state")
    }

    /// Saves the account's state; durable when this returns.
    pub fn save_state(&self, state: &State) -> Result<(), StoreError> {
        self.write_document("state", state)
    }

    /// The port that the control plane listened on last.
    pub fn load_port(&self) -> Result<Option<u16>, StoreError> {
        self.read_document("port")
    }

    /// Keeps the port that the control plane listens on.
    pub fn save_port(&self, port: u16) -> Result<(), StoreError> {
        self.write_document("port", &port)
    }

    // Inside the open database, so that nobody else gets in between.
    fn clear(&self) -> Result<(), StoreError> {
        let transaction = self.database.begin_write().map_err(redb::Error::from)?;
        let tables: Vec<_> = transaction.list_tables().map_err(redb::Error::from)?.collect();
        for table in tables {
            transaction.delete_table(table).map_err(redb::Error::from)?;
        }
        transaction.commit().map_err(redb::Error::from)?;
        Ok(())
    }

    fn read_document<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let bytes = self.read_bytes(key).map_err(|error| file::problem(&self.path, error))?;
        Ok(bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    fn read_bytes(&self, key: &str) -> Result<Option<Vec<u8>>, redb::Error> {
        let transaction = self.database.begin_read()?;
        let table = match transaction.open_table(DOCUMENTS) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(table.get(key)?.map(|bytes| bytes.value().to_vec()))
    }

    fn write_document<T: serde::Serialize>(&self, key: &str, document: &T) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(document)?;
        let transaction = self.database.begin_write().map_err(redb::Error::from)?;
        {
            let mut table = transaction.open_table(DOCUMENTS).map_err(redb::Error::from)?;
            table.insert(key, bytes.as_slice()).map_err(redb::Error::from)?;
        }
        transaction.commit().map_err(redb::Error::from)?;
        Ok(())
    }
}
