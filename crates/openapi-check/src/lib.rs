//! Lints OpenAPI documents and compares them by meaning.

mod changes;
mod compare;
mod examples;
mod formats;
mod judge;
mod mend;
pub mod projection;
mod slips;
mod values;

pub use changes::{CHANGES, Change, Changes, Edition, Level, Step, changes};
pub use compare::differences;
pub use values::{allows, values};

use openapi_document::{Diagnostics, Document};

/// Every code of this crate and what it means, for `explain`.
pub const RULES: &[(&str, &str)] = &[
    (
        "K0104",
        "An example, a default or a listed value does not match its schema, so it teaches callers what the server refuses.

    {type: integer, maximum: 100, example: 200}   # wrong
    {type: integer, maximum: 100, example: 50}    # right",
    ),
    (
        "K0114",
        "A pattern is not a regular expression (ECMA 262 with the `u` flag).

    pattern: '^[a-z+$'     # wrong: the class is not closed
    pattern: '^[a-z]+$'    # right",
    ),
];

/// What a code of this crate means.
pub fn explain(code: &str) -> Option<&'static str> {
    RULES
        .iter()
        .chain(CHANGES)
        .find(|(known, _)| *known == code)
        .map(|(_, meaning)| *meaning)
}

/// Runs the rules that need a validator.
///
/// # Errors
/// Everything that they find, warnings too.
pub fn lint(document: &Document) -> Result<(), Diagnostics> {
    let mut diagnostics = document.diagnostics();
    examples::patterns(document, &mut diagnostics);
    examples::examples(document, &mut diagnostics);
    if diagnostics.is_empty() {
        return Ok(());
    }
    diagnostics.sort();
    Err(diagnostics)
}
