//! What SQLite says, as the port's errors.

use std::error::Error;
use std::sync::Arc;

use kubemint::ports::StoreError;
use rusqlite::ErrorCode;
use rusqlite::types::Type;
use thiserror::Error;

/// The store is not able to take more work.
#[derive(Clone, Copy, Debug, Error)]
pub(super) enum Refusal {
    /// As many jobs wait as may.
    #[error("the queue is full")]
    QueueFull,
    /// The disk, or a lock on the file, holds up what was asked.
    #[error("the database did not answer in time")]
    Slow,
    /// What was asked met a defect of this program; nothing of it was written.
    #[error("the write met a defect of this program, and was undone")]
    Panicked,
    /// The writer has ended: only a restart helps.
    #[error("the writer has ended: start the server again")]
    WriterGone,
    /// A reader ended before it answered.
    #[error("the reader has ended")]
    ReaderGone,
    /// The path leads to another file, or to none.
    #[error(
        "its file was taken away: what is written now is lost at the next start; put it back, or stop the server and restore a copy"
    )]
    TakenAway,
    /// A statement met damage before: only an operator mends that.
    #[error("the database was found damaged")]
    Damaged,
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        StoreError::Unavailable(Box::new(refusal))
    }
}

/// The port's error for one of SQLite. What was read and made no sense is damage; anything else may pass.
pub(super) fn store_error(error: rusqlite::Error) -> StoreError {
    if is_damage(&error) {
        StoreError::Damaged(Box::new(error))
    } else {
        StoreError::Unavailable(Box::new(error))
    }
}

/// [`store_error`] for one that several jobs have in common.
pub(super) fn shared_error(error: &Arc<rusqlite::Error>) -> StoreError {
    let source: Box<dyn Error + Send + Sync> = Box::new(Arc::clone(error));
    if is_damage(error) {
        StoreError::Damaged(source)
    } else {
        StoreError::Unavailable(source)
    }
}

/// Whether an error says that the file holds what it should not. A violated constraint is one: the statements are
/// written so that none can be, on a database that is as they expect.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => matches!(
            failure.code,
            ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                | ErrorCode::Unknown
        ),
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::QueryReturnedNoRows
        | rusqlite::Error::SqlInputError { .. } => true,
        _ => false,
    }
}

/// The error of a column whose text is not what it should be.
pub(super) fn unreadable(
    column: usize,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, source.into())
}
