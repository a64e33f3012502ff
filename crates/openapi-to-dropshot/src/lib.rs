//! Writes a dropshot API trait, types and a client from an OpenAPI document.
//!
//! ```text
//! Document ─┬─ types   typify: validated newtypes; our own for bounded numbers, lists and maps; the document's own schemas
//!           ├─ api     per operation: what it takes, answers and declares; the trait; the one registration function
//!           └─ client  progenitor, on those same types
//! ```
//!
//! It does not use `#[dropshot::api_description]`: that macro's registration function is public and demands nothing of the context,
//! and its extractors cannot name the context's types. The generated code registers each operation through
//! `openapi_runtime::serve`, so an operation with `security` cannot be served without an authenticator, and its handler gets a caller
//! of the service's own type.
//!
//! Supported extensions: `x-secret: true` on a schema (its type shows its content in neither `Debug` nor
//! `Display`), `x-printable: true` on a string (control, bidirectional and invisible characters are refused),
//! `x-runtime: true` on a response header (the server's runtime adds it, and no handler sets it).
//!
//! [`read`] a document, [`generate`] from it, and write the [`output`]:
//!
//! ```
//! # fn main() -> Result<(), openapi_document::Diagnostics> {
//! let text = "
//! openapi: 3.0.3
//! info: {title: Shelf, version: 1.0.0}
//! paths:
//!   /books/{id}:
//!     get:
//!       operationId: getBook
//!       parameters:
//!       - {name: id, in: path, required: true, schema: {type: string, maxLength: 20}}
//!       responses:
//!         '200':
//!           description: The book
//!           content: {application/json: {schema: {$ref: '#/components/schemas/Book'}}}
//!         default:
//!           description: It failed
//!           content: {application/json: {schema: {$ref: '#/components/schemas/Failure'}}}
//! components:
//!   schemas:
//!     Book: {type: object, required: [title], properties: {title: {type: string, minLength: 1}}}
//!     Failure: {type: object, required: [message], properties: {message: {type: string}}}
//! ";
//! let (document, skipped) = openapi_to_dropshot::read("shelf.yaml", text, false)?;
//! assert!(skipped.is_empty());
//! let generated = openapi_to_dropshot::generate(&document, &openapi_to_dropshot::Options {
//!     source: "shelf.yaml".to_owned(),
//!     command: "cargo xtask gen".to_owned(),
//!     types_crate: "shelf_types".to_owned(),
//!     trait_name: "ShelfApi".to_owned(),
//!     schemars_feature: None,
//! })?;
//! assert!(generated.types.contains("pub struct Book"));
//! assert!(generated.api.contains("pub trait ShelfApi"));
//! assert!(generated.client.contains("pub fn get_book"));
//! # Ok(())
//! # }
//! ```
//!
//! All mistakes are reported at once, each at its place, and nothing is generated:
//!
//! ```
//! # let text = "openapi: 3.0.3\ninfo: {title: T, version: 1.0.0}\npaths:\n  /a:\n    get:\n      responses: {'204': {description: None}}\n";
//! let found = openapi_to_dropshot::read("shelf.yaml", text, false).unwrap_err();
//! assert!(found.places().iter().any(|place| place == "shelf.yaml:5:5 K0105"), "{found}");
//! ```
//!
//! The output depends on the document, the options and the versions of this crate's dependencies; on nothing else.

mod aloud;
mod answer;
mod any;
mod api;
mod blame;
mod bounded;
mod bridge;
mod calls;
mod case;
mod choice;
mod client;
mod combined;
mod constants;
mod counted;
mod credentials;
mod descriptor;
mod distinct;
mod expected;
mod failure;
mod flag;
mod helpers;
mod items;
mod joined;
mod kind;
mod lift;
mod merged;
mod names;
mod namesake;
mod narrowed;
mod newtype;
mod nullable;
mod number;
mod operation;
mod optional;
pub mod output;
mod own;
mod parameters;
mod print;
mod quiet;
mod reasons;
pub mod report;
mod rules;
mod sample;
mod secret;
mod security;
mod segments;
mod skip;
mod standin;
mod stub;
mod tagged;
mod types;
mod undeclared;
mod unicode;
mod wire_names;
mod within;
mod words;

use openapi_document::{Diagnostic, Diagnostics, Document};
use proc_macro2::TokenStream;

pub use bridge::is_bridged;
pub use rules::{RULES, check, examine, explain};
pub use skip::{Read, Skipped, read, read_and_warn, read_with};

/// How the output is named.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the header of each file calls the document, such as `spec/openapi.yaml`.
    pub source: String,
    /// The command that the header names, such as `cargo xtask gen`.
    pub command: String,
    /// Where Rust code finds the types: the crate that will have them (`thing_types`), or a module of the same crate
    /// (`crate::thing::types`).
    pub types_crate: String,
    /// The name of the API trait.
    pub trait_name: String,
    /// The feature of the types crate that enables `JsonSchema` for the types; `None`: they always have it.
    pub schemars_feature: Option<String>,
}

impl Options {
    /// The types, as any crate calls them.
    fn types_name(&self) -> String {
        if self.types_crate.starts_with("crate::") {
            self.types_crate.clone()
        } else {
            format!("::{}", self.types_crate)
        }
    }

    fn types_path(&self) -> TokenStream {
        let words = self.types_crate.split("::").map(names::ident);
        if self.types_crate.starts_with("crate::") {
            let words = words.skip(1);
            quote::quote!(crate #(::#words)*)
        } else {
            quote::quote!(#(::#words)*)
        }
    }

    /// The types, as they call one another.
    fn types_self(&self) -> &str {
        if self.types_crate.starts_with("crate::") {
            &self.types_crate
        } else {
            "crate"
        }
    }
}

/// The generated sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// `src/generated.rs` of the types crate.
    pub types: String,
    /// `src/generated.rs` of the API crate.
    pub api: String,
    /// `src/openapi.json` beside it: the document as it was read.
    pub document: String,
    /// `src/generated.rs` of the client crate.
    pub client: String,
    /// The operations that the client lacks, each with the reason.
    pub client_lacks: Vec<(String, String)>,
}

/// Which of the sources are generated. The document is checked as a whole in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// The types.
    pub types: bool,
    /// The trait, and the document beside it.
    pub api: bool,
    /// The client: more than half of the work.
    pub client: bool,
}

impl Parts {
    /// Everything.
    pub const ALL: Parts = Parts {
        types: true,
        api: true,
        client: true,
    };
}

/// Generates everything, or says why not.
///
/// # Errors
/// Everything in the document that Rust, dropshot, typify or progenitor cannot express.
pub fn generate(document: &Document, options: &Options) -> Result<Generated, Diagnostics> {
    generate_parts(document, options, Parts::ALL)
}

/// As [`generate`], for some parts only; the others are empty.
///
/// # Errors
/// As [`generate`].
pub fn generate_parts(
    document: &Document,
    options: &Options,
    parts: Parts,
) -> Result<Generated, Diagnostics> {
    rules::check(document)?;
    generate_read(document, options, parts)
}

/// As [`generate_parts`], for a document from [`read`], whose rules are not run again.
///
/// # Errors
/// As [`generate`].
pub fn generate_read(
    document: &Document,
    options: &Options,
    parts: Parts,
) -> Result<Generated, Diagnostics> {
    let types = types::generate(document, options)?;
    let mut generated = Generated {
        types: String::new(),
        api: String::new(),
        document: String::new(),
        client: String::new(),
        client_lacks: Vec::new(),
    };
    if parts.api {
        let api = api::generate(document, options, &types)?;
        generated.api = print::file(options, api);
        generated.document = document.source_json();
    }
    if parts.client {
        let (client, lacks) = client::generate(document, options, &types)?;
        generated.client = print::file(options, client.into());
        generated.client_lacks = lacks;
    }
    if parts.types {
        generated.types = print::file(options, types.items);
    }
    Ok(generated)
}

/// The first server: an implementation of the trait in the module or crate `api` (as Rust code calls it: `thing_api`,
/// or `super::api`), whose every operation answers 500.
///
/// # Errors
/// When `api` is no path.
pub fn stub(document: &Document, options: &Options, api: &str) -> Result<String, Diagnostics> {
    let path: TokenStream = api
        .parse()
        .map_err(|_| gave_up(document, "writing the stub", format!("`{api}` is no path")))?;
    let stub = stub::generate(document, options, &path, false);
    Ok(print::begun(options, stub.into()))
}

/// A mock: as [`stub()`], but every operation succeeds with the document's example, or with the plainest value that its
/// schema allows, and the bearer token `mock` is known. Where the document has no example and no plain value fits (a text with
/// a pattern), the operation answers 500.
///
/// # Errors
/// When `api` is no path.
pub fn mock(document: &Document, options: &Options, api: &str) -> Result<String, Diagnostics> {
    let path: TokenStream = api
        .parse()
        .map_err(|_| gave_up(document, "writing the mock", format!("`{api}` is no path")))?;
    let mock = stub::generate(document, options, &path, true);
    Ok(print::file(options, mock.into()))
}

/// One diagnosis about the document as a whole: a generator gave up for a reason that no rule foresaw.
fn gave_up(document: &Document, what: &str, why: impl std::fmt::Display) -> Diagnostics {
    let mut diagnostics = document.diagnostics();
    diagnostics.push(
        Diagnostic::new("K0299", document.span("/openapi"), format!("{what} failed: {why}"))
            .help("this is a defect of the generator: every document that it cannot serve should be refused by a rule"),
    );
    diagnostics
}
