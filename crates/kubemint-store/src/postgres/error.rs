//! What PostgreSQL says, as the port's errors.

use std::error::Error;

use deadpool_postgres::PoolError;
use kubemint::ports::StoreError;
use thiserror::Error;
use tokio_postgres::error::SqlState;

/// Why a piece of work was not done.
#[derive(Debug, Error)]
pub(super) enum Trouble {
    /// The database refused, or the connection broke.
    #[error("{}", failed(.0))]
    Database(#[from] tokio_postgres::Error),
    /// No connection could be had.
    #[error("no connection to the database")]
    Connection(#[from] PoolError),
    /// The database did not answer in time.
    #[error("the database did not answer in time")]
    Slow,
    /// An idempotency key changed hands again and again while it was looked at.
    #[error("the idempotency key changes too often")]
    Busy,
    /// A row holds what it should not.
    #[error("column {column} cannot be read")]
    Unreadable {
        /// Which, from 0.
        column: usize,
        source: Box<dyn Error + Send + Sync>,
    },
}

impl Trouble {
    /// An unreadable column.
    pub(super) fn unreadable(
        column: usize,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Unreadable {
            column,
            source: source.into(),
        }
    }
}

/// The port's error. What was read and made no sense is damage; anything else may pass.
impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        let damaged = match &trouble {
            Trouble::Database(error) => {
                !is_late(error) && error.code().is_some_and(|code| is_damage(code.code()))
            }
            Trouble::Unreadable { .. } => true,
            Trouble::Connection(_) | Trouble::Slow | Trouble::Busy => false,
        };
        if damaged {
            StoreError::Damaged(Box::new(trouble))
        } else {
            StoreError::Unavailable(Box::new(trouble))
        }
    }
}

/// What failed, and where it is written what helps.
pub(super) fn failed(error: &tokio_postgres::Error) -> &'static str {
    what_failed(error.code().map(SqlState::code))
}

fn what_failed(code: Option<&str>) -> &'static str {
    match code {
        Some(LACKS_RIGHT) => {
            "the database's user lacks a right (`migrate` takes one who may make tables in the first schema of its search_path; \
             README.md, at PostgreSQL, has what each user needs)"
        }
        _ => "the database failed",
    }
}

/// The code (SQLSTATE) of what the user has no right to.
const LACKS_RIGHT: &str = "42501";

/// Whether a write lost its place in its chain to one that had been given up, and was done nevertheless.
fn is_late(error: &tokio_postgres::Error) -> bool {
    let constraint = error.as_db_error().and_then(|error| error.constraint());
    constraint == Some("audit_chain_number")
}

/// Whether a code (SQLSTATE) says that the database holds what it should not: data exceptions, violated constraints
/// (the statements are written so that none can be), missing tables and columns, damaged files. Missing rights are not:
/// they are granted without a repair.
fn is_damage(code: &str) -> bool {
    let class = code.get(..2).unwrap_or_default();
    code != LACKS_RIGHT && matches!(class, "22" | "23" | "42" | "XX")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_lacks_a_right_is_told_where_it_is_written_which() {
        let told = what_failed(Some("42501"));
        assert!(
            told.contains("lacks a right") && told.contains("README.md"),
            "{told}"
        );
        for other in [None, Some("42P01"), Some("57P01")] {
            assert_eq!(what_failed(other), "the database failed", "{other:?}");
        }
    }

    #[test]
    fn a_database_that_stops_or_refuses_is_not_damaged() {
        for code in [
            "57P01", "57P03", "57014", "53300", "08006", "55P03", "40P01", "25006", "42501",
            "28P01", "",
        ] {
            assert!(!is_damage(code), "{code}");
        }
        for code in ["23505", "42P01", "XX001", "XX002", "22P02"] {
            assert!(is_damage(code), "{code}");
        }
    }
}
