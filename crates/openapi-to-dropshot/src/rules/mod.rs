//! What dropshot, Rust and the generators cannot give, said before anything is generated.

mod answers;
mod codes;
mod fields;
mod forms;
mod members;
mod names;
mod parameters;
mod routes;
mod secrets;

pub use codes::RULES;
use openapi_document::{Diagnostics, Document};

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
    members::check(document, &mut diagnostics);
    parameters::check(document, &mut diagnostics);
    answers::check(document, &mut diagnostics);
    forms::check(document, &mut diagnostics);
    fields::check(document, &mut diagnostics);
    secrets::check(document, &mut diagnostics);
    // What is written into code is one of its schema: otherwise it would panic where it is used.
    diagnostics.append(openapi_check::values(document));
    diagnostics.retain(|diagnostic| !document.follows(diagnostic));
    diagnostics.sort();
    diagnostics
}
