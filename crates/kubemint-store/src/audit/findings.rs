//! How a trail is, once it was judged.

use std::fmt;

/// What is wrong with a chain: the first thing that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The row does not have the hash of what it holds.
    Altered {
        /// Its number in the chain.
        number: i64,
        /// Its number in the store.
        seq: u64,
    },
    /// The row is whole, and follows another one than the row that is before it: one of the two was put in place of
    /// another.
    Unlinked {
        /// Its number in the chain.
        number: i64,
        /// Its number in the store.
        seq: u64,
    },
    /// Rows are missing between others.
    Missing {
        /// The first of them.
        first: i64,
        /// The last of them.
        last: i64,
    },
    /// The row is not where it was, or is there twice.
    Reordered {
        /// Its number in the chain.
        number: i64,
        /// Its number in the store.
        seq: u64,
    },
    /// Rows are missing at the beginning, which retention did not cut.
    TruncatedHead {
        /// The number of the row that must come first: the one after the anchor.
        expected: i64,
        /// The first that is there.
        found: i64,
    },
    /// Rows are missing at the end.
    TruncatedEnd {
        /// The first of them.
        first: i64,
        /// The last that was written.
        last: i64,
    },
    /// What was noted as the chain's last row is not its last row.
    Head {
        /// The number that was noted.
        noted: i64,
        /// The number of the last row.
        last: i64,
    },
    /// Nothing was noted of this chain.
    Unknown,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { number, seq } => {
                write!(
                    f,
                    "row {number} (seq {seq}) was altered: its hash is not that of what it holds"
                )
            }
            Self::Unlinked { number, seq } => write!(
                f,
                "row {number} (seq {seq}) does not follow the row before it: one of the two was replaced"
            ),
            Self::Missing { first, last } if first == last => write!(f, "row {first} is missing"),
            Self::Missing { first, last } => write!(f, "rows {first} to {last} are missing"),
            Self::Reordered { number, seq } => {
                write!(
                    f,
                    "row {number} (seq {seq}) is out of order, or there twice"
                )
            }
            Self::TruncatedHead { expected, found } => write!(
                f,
                "the head is truncated: row {expected} must come first, after the anchor, and row {found} does"
            ),
            Self::TruncatedEnd { first, last } if first == last => {
                write!(
                    f,
                    "the end is truncated: row {first} was written, and is missing"
                )
            }
            Self::TruncatedEnd { first, last } => write!(
                f,
                "the end is truncated: rows {first} to {last} were written, and are missing"
            ),
            Self::Head { noted, last } => write!(
                f,
                "row {noted} was noted as the last, and row {last} is, or it has another hash: \
                 rows were added or replaced by someone else"
            ),
            Self::Unknown => write!(f, "nothing was noted of this chain: someone else added it"),
        }
    }
}

/// How one chain is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The chain.
    pub chain: String,
    /// How many rows of it are there.
    pub rows: u64,
    /// The last row that retention cut, and its hash; number 0: none.
    pub anchor: (i64, String),
    /// The last row that is there, and its hash; the anchor when none is.
    pub head: (i64, String),
    /// The first thing that is wrong.
    pub broken: Option<Broken>,
}

/// How a trail is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Its chains, by their names.
    pub chains: Vec<Chain>,
    /// Rows from before there were chains. Nothing protects them.
    pub unchained: u64,
    /// Rows that are in no chain although there were chains already: the first of them (its seq), and how many.
    pub strays: Option<(u64, u64)>,
    /// Hashes that were asked for and are in no chain.
    pub unseen: Vec<String>,
    /// There are kubeconfigs, and no row and no note tells of any: the trail was taken away with its notes.
    pub emptied: bool,
    /// So many chains were begun, and neither rows nor notes of them are left: each was taken away whole.
    pub vanished: u64,
}

impl Verification {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let chains = self.chains.iter().all(|chain| chain.broken.is_none());
        let whole = !self.emptied && self.vanished == 0;
        chains && whole && self.strays.is_none() && self.unseen.is_empty()
    }
}
