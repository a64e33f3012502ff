//! The audit trail as a chain of hashes: what is hashed, how a trail is judged, and how it is read whole.
//!
//! Every row belongs to a *chain*, one for each writer, and holds its number in it (from 1), the hash of the row before
//! it, and its own: SHA-256 of the fields of [`FIELDS`], after the text [`FORMAT`]. Each is a netstring, its length in
//! bytes, a colon, the bytes and a comma; a field that is absent is `-,`. Numbers are decimal, hashes are lower-case
//! hexadecimal, times are RFC 3339 in UTC with milliseconds, a decision and details are their compact JSON. The first
//! row follows 32 zero bytes. So whoever has an export can check it with any language's SHA-256 and nothing of ours.
//!
//! What retention cuts from the beginning of a chain is remembered by its last number and hash, the *anchor*: the rest
//! still has something to follow. The last number and hash that were written, the *head*, are kept beside the rows, so
//! that an end that was cut off shows.

mod findings;
mod keys;
mod pseudonym;
mod row;
mod scan;
mod verify;

pub use findings::{Broken, Chain, Verification};
pub use keys::{KeyNotes, NotedKey, PseudonymKeys, another, pseudonym_keys};
pub use pseudonym::{Pseudonymous, Pseudonyms};
pub use row::{FIELDS, FORMAT, Link, TrailRow};
pub use scan::{Anchor, Filter, Flow, Scanned, Sink, scan};
pub use verify::Verifier;

pub(crate) use row::{Encoded, Hash, START, time_text};
