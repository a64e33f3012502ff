//! Strict decoding: what a client sends is exactly what a schema says, or it is refused with every reason.
//!
//! [`decode`] reads RFC 8259 JSON and validates it against the *whole* schema, so that the types deserialised from its result
//! hold only what the schema allows. Three rules make it fit for a service that hands out credentials:
//!
//! - **One meaning.** A document that two readers could understand differently (duplicate members, trailing data,
//!   lone surrogates, a byte order mark) is refused, as is a number that its type cannot hold. Nothing is coerced:
//!   `"60"`, `60.0` and `1e2` are no integers here.
//! - **No echo.** A violation says where and why, never what was sent. Only names of members are quoted, and those
//!   are escaped and cut.
//! - **Linear work.** Reading is one pass; validation may take a number of steps proportional to the size of the
//!   input, whatever the schema, and is refused beyond it.
//!
//! ```
//! use openapi_runtime::schema::{Property, Schema};
//! use openapi_runtime::strict::{Limits, decode};
//!
//! static ISSUE: Schema = Schema::object(&[Property::optional("ttl", &Schema::integer().minimum(1))]).closed();
//!
//! assert!(decode(br#"{"ttl": 60}"#, &ISSUE, Limits::DEFAULT).is_ok());
//! for refused in [r#"{"ttl": 0}"#, r#"{"ttl": "60"}"#, r#"{"ttl": 60, "ttl": 61}"#, r#"{"tll": 60}"#] {
//!     assert!(decode(refused.as_bytes(), &ISSUE, Limits::DEFAULT).is_err(), "{refused}");
//! }
//! ```

mod check;
mod format;
mod parse;
mod path;
pub mod reason;
mod text;
mod violation;

use serde_json::Value;

use crate::schema::Schema;
use check::Checker;
use path::Path;

pub use path::{is_printable, printable_name};
pub use text::{check_list, check_str};
pub use violation::{Violation, Violations};

/// How much is read, and how much is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep arrays and objects may nest; the outermost counts 1. More than 128 counts as 128.
    pub depth: usize,
    /// How many violations are listed at most; at least one always is.
    pub violations: usize,
}

impl Limits {
    /// Depth 32, 16 violations.
    pub const DEFAULT: Self = Self {
        depth: 32,
        violations: 16,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Reads a JSON document and validates it against the schema.
///
/// The caller bounds the number of bytes; time and memory are linear in it.
///
/// # Errors
/// One violation if the bytes are no acceptable JSON: such a document is not judged further. Otherwise all violations
/// of the schema, up to the limit. See [`reason`] for the list.
pub fn decode(bytes: &[u8], schema: &Schema, limits: Limits) -> Result<Value, Violations> {
    let value = parse::document(bytes, limits.depth).map_err(Violations::from)?;
    validate(&value, schema, &Path::Body, limits)?;
    Ok(value)
}

/// Validates a value that is there already, such as an answer of our own.
///
/// # Errors
/// All violations, up to 16.
pub fn check(value: &Value, schema: &Schema) -> Result<(), Violations> {
    validate(value, schema, &Path::Body, Limits::DEFAULT)
}

fn validate(
    value: &Value,
    schema: &Schema,
    path: &Path<'_>,
    limits: Limits,
) -> Result<(), Violations> {
    let mut checker = Checker::new(value, limits.violations);
    checker.check(value, schema, path);
    checker.finish(path)
}
