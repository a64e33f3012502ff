//! Opening the store that the configuration names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use kubemint::ports::Store;
use kubemint_store::audit::{KeyNotes, NotedKey, Pseudonymous, Pseudonyms, another};
use kubemint_store::{Backend, OpenError, Options, PostgresError, PostgresStore, SqliteStore};
use secrecy::{ExposeSecret as _, SecretBox};
use slog::Logger;
use thiserror::Error;

use crate::config::{Audit, Config};
use crate::edge::chain;

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

/// The pseudonyms that are configured, where any are; `own` are those by the key in the store itself.
pub(crate) fn pseudonyms(
    audit: &Audit,
    own: impl FnOnce() -> Pseudonyms,
) -> Result<Option<Pseudonyms>, KeyError> {
    if !audit.pseudonyms {
        return Ok(None);
    }
    Ok(Some(match &audit.key_file {
        Some(file) => Pseudonyms::new(pseudonym_key(file)?.expose_secret()),
        None => own(),
    }))
}

/// What is wrong when the key of a fingerprint is another than the one that was used last.
pub(crate) fn another_key(noted: &[NotedKey], fingerprint: &str) -> Option<String> {
    let last = another(noted, fingerprint)?;
    Some(format!(
        "the key of the audit trail's pseudonyms is another than the one that a server began with last, at {}: what was written by that \
         one is found by no name any more. Put it back (its fingerprint is {}, this one's {fingerprint}), or keep it for as long as the \
         trail has rows of then",
        moment(last.last),
        last.fingerprint
    ))
}

/// A time as it is told.
pub(crate) fn moment(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
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
/// needed; the shared one is not. One that was made is told, unless that is as it should be; and so is a key of pseudonyms that is
/// another than before.
pub(crate) async fn open(config: &Config, log: &Logger) -> Result<Arc<dyn Store>, StoreOpenError> {
    match &config.store {
        Backend::Sqlite(options) => {
            hiding(embedded(options, config, log)?, &config.audit, log).await
        }
        Backend::Postgres(options) => {
            hiding(PostgresStore::open(options).await?, &config.audit, log).await
        }
    }
}

/// Opens the store for who writes nothing to its trail, beside servers or between them: that they serve is noted by them alone.
pub(crate) async fn open_unserved(
    config: &Config,
    log: &Logger,
) -> Result<Arc<dyn Store>, StoreOpenError> {
    Ok(match &config.store {
        Backend::Sqlite(options) => Arc::new(embedded(options, config, log)?),
        Backend::Postgres(options) => Arc::new(PostgresStore::open(options).await?),
    })
}

/// Opens the embedded store.
fn embedded(
    options: &Options,
    config: &Config,
    log: &Logger,
) -> Result<SqliteStore, StoreOpenError> {
    let store = SqliteStore::open(options.clone())?;
    if store.is_new() && !config.new_store {
        slog::warn!(log, "there was no store, and a new one was made; what another one issued is not in it";
            "path" => options.path.display().to_string(), "instance" => store.instance().id.to_string());
    }
    if let Some(before) = store.before() {
        slog::warn!(log, "this is another installation's store than was here before: what that one issued is in no list, and \
            nothing of it is revoked or ended";
            "before" => before, "instance" => store.instance().id.to_string());
    }
    Ok(store)
}

/// The store, hiding the names in its trail if so configured.
async fn hiding<S: Store + KeyNotes + 'static>(
    store: S,
    audit: &Audit,
    log: &Logger,
) -> Result<Arc<dyn Store>, StoreOpenError> {
    let own = || Pseudonyms::of_store(&store.instance());
    let Some(pseudonyms) = pseudonyms(audit, own)? else {
        return Ok(Arc::new(store));
    };
    let fingerprint = pseudonyms.fingerprint();
    let noted = store.note_pseudonym_key(&fingerprint, Utc::now()).await;
    // Serving does not wait for it.
    match noted.map(|noted| another_key(&noted, &fingerprint)) {
        Ok(None) => {}
        Ok(Some(problem)) => slog::warn!(log, "{}", problem),
        Err(error) => {
            slog::warn!(log, "the key of the audit trail's pseudonyms cannot be noted"; "error" => chain(&error));
        }
    }
    Ok(Arc::new(Pseudonymous::new(Arc::new(store), pseudonyms)))
}
