//! Reading, the rules, normalising, and documents that mean harm.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod files;
mod hostile;
mod lower;
mod mutations;
mod normal;
mod rules;

/// A document with which nothing is wrong.
const THINGS: &str = include_str!("things.yaml");

/// The document with one text in place of another.
fn edited(from: &str, to: &str) -> String {
    assert!(THINGS.contains(from), "{from:?} is not in the document");
    THINGS.replacen(from, to, 1)
}

/// Reads, and tells the places and codes of what is wrong, warnings included.
fn places(text: &str) -> Vec<String> {
    openapi_document::Document::examine("things.yaml", text)
        .1
        .places()
}
