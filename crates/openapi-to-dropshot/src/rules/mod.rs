//! What dropshot, Rust and the generators cannot give, said before anything is generated.

mod answers;
mod names;
mod parameters;
mod routes;

use openapi_document::{Diagnostics, Document};

/// Every code of this crate and what it means, for `explain`.
pub const RULES: &[(&str, &str)] = &[
    (
        "K0201",
        "dropshot's router cannot hold both paths: a segment is either a literal or one variable, everywhere with one name.",
    ),
    (
        "K0202",
        "Two names of the document become one name in Rust.",
    ),
    (
        "K0203",
        "Two values of an `enum` differ only in characters that Rust's names do not keep.",
    ),
    (
        "K0204",
        "An operation can be answered with a status that it does not declare.",
    ),
    (
        "K0205",
        "The body of an error is not the one shape that the server writes: `{\"error\": {\"code\", \"message\", \"details\"}}`, named, and the same everywhere.",
    ),
    (
        "K0206",
        "A parameter or header is not a scalar, or one that HTTP itself gives a meaning.",
    ),
    (
        "K0207",
        "A body that is not JSON must be text: a schema of `type: string`, not `format: binary`.",
    ),
    (
        "K0299",
        "A generator gave up for a reason that no rule foresaw.",
    ),
];

/// What a code of this crate means.
pub fn explain(code: &str) -> Option<&'static str> {
    RULES
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, meaning)| *meaning)
}

/// Runs the rules alone; [`generate`](crate::generate) does so too.
///
/// # Errors
/// Everything that dropshot, Rust or the generators cannot give.
pub fn check(document: &Document) -> Result<(), Diagnostics> {
    let mut diagnostics = document.diagnostics();
    routes::check(document, &mut diagnostics);
    names::check(document, &mut diagnostics);
    parameters::check(document, &mut diagnostics);
    answers::check(document, &mut diagnostics);
    diagnostics.into_result(())
}
