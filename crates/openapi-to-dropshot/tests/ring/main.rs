//! The generator: its output for a small document, that it repeats itself, and what it refuses.

mod formats;
mod mistakes;
mod naming;
mod output;
mod reject;
mod rules;
mod secrets;
mod skip;

use openapi_document::{Diagnostics, Document};
use openapi_to_dropshot::{Generated, Options, generate};

const THINGS: &str = include_str!("things.yaml");

fn generated(text: &str) -> Result<Generated, Diagnostics> {
    let options = Options {
        source: "things.yaml".to_owned(),
        command: "cargo test".to_owned(),
        types_crate: "things_types".to_owned(),
        trait_name: "ThingsApi".to_owned(),
        schemars_feature: None,
    };
    generate(&Document::read("things.yaml", text)?, &options)
}

/// As [`generated`], of any document.
fn generate_from(document: &Document) -> Result<Generated, Diagnostics> {
    let options = Options {
        source: "document.yaml".to_owned(),
        command: "cargo test".to_owned(),
        types_crate: "document_types".to_owned(),
        trait_name: "Api".to_owned(),
        schemars_feature: None,
    };
    generate(document, &options)
}

fn edited(from: &str, to: &str) -> String {
    assert!(THINGS.contains(from), "{from:?} is not in the document");
    THINGS.replacen(from, to, 1)
}
