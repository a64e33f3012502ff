//! Reading, the rules, normalising, and documents that mean harm.

mod hostile;
mod normal;
mod rules;

/// A document with which nothing is wrong.
const THINGS: &str = include_str!("things.yaml");

/// The document with one text in place of another.
fn edited(from: &str, to: &str) -> String {
    assert!(THINGS.contains(from), "{from:?} is not in the document");
    THINGS.replacen(from, to, 1)
}

/// Reads, and tells the places and codes of what is wrong.
fn places(text: &str) -> Vec<String> {
    match openapi_document::Document::read("things.yaml", text) {
        Ok(_) => Vec::new(),
        Err(diagnostics) => diagnostics.places(),
    }
}
