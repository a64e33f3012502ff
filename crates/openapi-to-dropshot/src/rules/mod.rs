//! What dropshot, Rust and the generators cannot give, said before anything is generated.

mod answers;
mod forms;
mod names;
mod parameters;
mod routes;
mod secrets;

use openapi_document::{Diagnostics, Document};

/// Every code of this crate and what it means, for `explain`.
pub const RULES: &[(&str, &str)] = &[
    (
        "K0201",
        "dropshot's router cannot hold both paths: at one place all paths have a fixed segment, or all a variable. Different names of one variable are bridged: the names never travel. Or no request has the path: a query or fragment begins in it, or clients take its segments away.",
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
        "The body of an error is not one that the server knows: `{\"error\": {\"code\", \"message\", \"details\"}}`, or dropshot's own. It makes one up by the names of the members, which may say less than the document means.",
    ),
    (
        "K0206",
        "A parameter or header is not a scalar (or, in the query or a header, a list of scalars), one that HTTP itself gives a meaning, or one of the path and of the query alike.",
    ),
    (
        "K0207",
        "A body that is not JSON must be text (`type: string`), bytes (`type: string, format: binary`), parts (`multipart/form-data`, of `format: binary` as a whole), a form of one object, or anything (`*/*`).",
    ),
    ("K0208", "There is no Rust type for the schema."),
    (
        "K0209",
        "What `x-secret: true` calls secret has no type of its own, so nothing would keep it out of `Debug`.",
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
    examine(document).into_result(())
}

/// What the rules find, warnings included.
pub fn examine(document: &Document) -> Diagnostics {
    let mut diagnostics = document.diagnostics();
    routes::check(document, &mut diagnostics);
    names::check(document, &mut diagnostics);
    parameters::check(document, &mut diagnostics);
    answers::check(document, &mut diagnostics);
    forms::check(document, &mut diagnostics);
    secrets::check(document, &mut diagnostics);
    // What is written into code is one of its schema: otherwise it would panic where it is used.
    diagnostics.append(openapi_check::values(document));
    diagnostics.retain(|diagnostic| !document.follows(diagnostic));
    diagnostics.sort();
    diagnostics
}
