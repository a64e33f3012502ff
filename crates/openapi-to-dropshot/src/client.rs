//! The client: progenitor's, on the types of the types crate.

use crate::types::Types;
use crate::{Options, gave_up};
use openapi_document::{Diagnostics, Document};
use proc_macro2::TokenStream;
use progenitor::{GenerationSettings, Generator, InterfaceStyle, TagStyle};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Generates the client crate's file.
pub(crate) fn generate(
    document: &Document,
    options: &Options,
    types: &Types,
) -> Result<TokenStream, Diagnostics> {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_tag(TagStyle::Merged)
        .with_map_type("::std::collections::BTreeMap");
    for component in types.components.values() {
        let path = format!("::{}::{}", options.types_crate, component.name);
        settings.with_replacement(&component.name, path, component.impls.iter().cloned());
    }
    let generated = catch_unwind(AssertUnwindSafe(|| {
        Generator::new(&settings).generate_tokens(&document.openapi)
    }));
    match generated {
        Ok(Ok(tokens)) => Ok(tokens),
        Ok(Err(error)) => Err(gave_up(document, "generating the client", error)),
        Err(_) => Err(gave_up(
            document,
            "generating the client",
            "progenitor panicked",
        )),
    }
}
