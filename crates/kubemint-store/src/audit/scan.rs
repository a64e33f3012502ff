//! Reading a trail whole, as it is stored, while it is written.

use std::ops::ControlFlow;

use crate::config::Backend;
use crate::inspection::InspectError;
use crate::{postgres, sqlite};

/// What is noted of a chain beside its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The chain.
    pub chain: String,
    /// The number of the last row that was written.
    pub head: i64,
    /// Its hash.
    pub head_hash: Vec<u8>,
    /// The number of the last row that retention cut; 0: none.
    pub pruned: i64,
    /// Its hash.
    pub pruned_hash: Vec<u8>,
}

/// Which rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Those of a time, in milliseconds since 1970: from the first on, and before the second.
    Between(i64, i64),
    /// Those whose details hold this text.
    Mentions(String),
    /// Those about the kubeconfig of this UUID.
    Uid(String),
}

impl Filter {
    /// Every row.
    pub const ALL: Self = Self::Between(i64::MIN, i64::MAX);
}

/// Whether to go on reading.
pub type Flow = ControlFlow<()>;

/// What was noted when the reading began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Of each chain.
    pub anchors: Vec<Anchor>,
    /// The last row (its `seq`) from before there were chains.
    pub unchained_until: u64,
    /// Whether there are kubeconfigs: none came to be without a row.
    pub records: bool,
    /// How many chains were ever begun, where that is counted. None is ever taken away.
    pub begun: Option<u64>,
}

/// Who is told what is read.
pub trait Sink: Send + 'static {
    /// First, what is noted beside the rows.
    fn begin(&mut self, _scanned: Scanned) {}

    /// Then each row, in the order of the store.
    fn row(&mut self, row: super::TrailRow) -> Flow;
}

/// Reads the rows of a trail in their order, as it was at one moment, also while servers write it, until `sink` breaks
/// it off. Memory does not grow with the trail.
///
/// # Errors
/// The store cannot be opened or read, or is another program's, or has another schema.
pub async fn scan<S: Sink>(backend: &Backend, filter: Filter, sink: S) -> Result<S, InspectError> {
    match backend {
        Backend::Sqlite(options) => {
            let path = options.path.clone();
            let read = move || sqlite::scan(&path, &filter, sink);
            Ok(tokio::task::spawn_blocking(read).await??)
        }
        Backend::Postgres(options) => Ok(postgres::scan(options, &filter, sink).await?),
    }
}
