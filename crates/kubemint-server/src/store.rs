//! Opening the store that the configuration names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::hmac;
use kubemint::ports::Store;
use kubemint_store::audit::{Pseudonymous, Pseudonyms};
use kubemint_store::{Backend, OpenError, PostgresError, PostgresStore, SqliteStore};
use secrecy::{ExposeSecret as _, SecretBox};
use slog::Logger;
use thiserror::Error;

use crate::config::Config;

/// Why the store is not open.
#[derive(Debug, Error)]
pub(crate) enum StoreOpenError {
    /// The embedded one.
    #[error(transparent)]
    Sqlite(#[from] OpenError),
    /// The shared one has an older schema: replicas of an older program may be using it, so it is changed on demand.
    #[error("the schema of the database is too old; run `kubemint-server migrate --config FILE`")]
    Migrate(#[source] PostgresError),
    /// The shared one.
    #[error(transparent)]
    Postgres(PostgresError),
    /// The key of the trail's pseudonyms.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Why there is no key for pseudonyms.
#[derive(Debug, Error)]
pub(crate) enum KeyError {
    /// The file cannot be read.
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// It is too short to be a secret.
    #[error("{} holds less than {LEAST_KEY} bytes", .0.display())]
    Short(PathBuf),
}

/// The least bytes of a key.
const LEAST_KEY: usize = 16;

/// The key in a file, as its bytes are; a line's end after them is none of them.
pub(crate) fn pseudonym_key(file: &Path) -> Result<SecretBox<Vec<u8>>, KeyError> {
    let mut bytes = std::fs::read(file).map_err(|error| KeyError::Read(file.to_owned(), error))?;
    while bytes.last().is_some_and(|last| b"\r\n".contains(last)) {
        bytes.pop();
    }
    if bytes.len() < LEAST_KEY {
        return Err(KeyError::Short(file.to_owned()));
    }
    Ok(SecretBox::new(Box::new(bytes)))
}

impl From<PostgresError> for StoreOpenError {
    fn from(error: PostgresError) -> Self {
        match error {
            PostgresError::Older { .. } => Self::Migrate(error),
            other => Self::Postgres(other),
        }
    }
}

/// Opens the store for serving, with pseudonyms in its trail if so configured. The embedded one is made or migrated where
/// needed; the shared one is not. One that was made is told, unless that is as it should be.
pub(crate) async fn open(config: &Config, log: &Logger) -> Result<Arc<dyn Store>, StoreOpenError> {
    let audit = &config.audit;
    let store: Arc<dyn Store> = match &config.store {
        Backend::Sqlite(options) => {
            let store = SqliteStore::open(options.clone())?;
            if store.is_new() && !config.new_store {
                slog::warn!(log, "there was no store, and a new one was made; what another one issued is not in it";
                    "path" => options.path.display().to_string(), "instance" => store.instance().id.to_string());
            }
            Arc::new(store)
        }
        Backend::Postgres(options) => Arc::new(PostgresStore::open(options).await?),
    };
    if !audit.pseudonyms {
        return Ok(store);
    }
    let pseudonyms = match &audit.key_file {
        Some(file) => Pseudonyms::new(pseudonym_key(file)?.expose_secret()),
        None => {
            // Not the store's own secret itself, which has another use.
            let own = hmac::Key::new(hmac::HMAC_SHA256, &store.instance().page_key);
            Pseudonyms::new(hmac::sign(&own, b"audit pseudonyms").as_ref())
        }
    };
    Ok(Arc::new(Pseudonymous::new(store, pseudonyms)))
}
