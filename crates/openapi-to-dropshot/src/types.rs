//! The types: typify's, ours for bounded integers, and for each the document's own schema.

use crate::bounded::{self, Bounded};
use crate::{Options, gave_up, names, secret};
use openapi_document::{Diagnostics, Document, draft};
use proc_macro2::TokenStream;
use quote::quote;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use typify::{TypeSpace, TypeSpaceImpl, TypeSpaceSettings};

/// The types and what the other generators must know of them.
pub(crate) struct Types {
    /// The file.
    pub(crate) tokens: TokenStream,
    /// By component: its Rust type.
    pub(crate) components: BTreeMap<String, Component>,
}

/// The Rust type of a component.
pub(crate) struct Component {
    /// Its name in the types crate.
    pub(crate) name: String,
    /// What it implements, in progenitor's terms.
    pub(crate) impls: Vec<TypeSpaceImpl>,
}

const IMPLS: [TypeSpaceImpl; 3] = [
    TypeSpaceImpl::FromStr,
    TypeSpaceImpl::Display,
    TypeSpaceImpl::Default,
];

/// Generates the types of all components.
pub(crate) fn generate(document: &Document, options: &Options) -> Result<Types, Diagnostics> {
    // typify panics on some documents; rules foresee the known ones, and the rest must not look like a crash.
    catch_unwind(AssertUnwindSafe(|| typify(document, options)))
        .unwrap_or_else(|_| Err(gave_up(document, "generating types", "typify panicked")))
}

fn typify(document: &Document, options: &Options) -> Result<Types, Diagnostics> {
    let failed = |error: &dyn std::fmt::Display| gave_up(document, "generating types", error);
    let originals: Vec<(String, Value)> = document
        .schemas()
        .map(|(name, schema)| (name.to_owned(), draft::json(schema)))
        .collect();
    let taken = |name: &str| {
        originals
            .iter()
            .any(|(other, _)| names::camel(other) == name)
    };

    let mut integers: Vec<Bounded> = Vec::new();
    let mut definitions: Vec<(String, Value)> = Vec::new();
    for (name, schema) in &originals {
        let mut schema = schema.clone();
        match Bounded::of(name, &schema) {
            Some(bounded) => integers.push(bounded),
            None => bounded::lift(name, &mut schema, &taken, &mut integers),
        }
        definitions.push((name.clone(), draft::typed(&schema)));
    }
    for integer in &integers {
        if !definitions.iter().any(|(name, _)| *name == integer.name) {
            definitions.push((integer.name.clone(), json!({ "type": "integer" })));
        }
    }

    let mut settings = TypeSpaceSettings::default();
    settings
        .with_map_type("::std::collections::BTreeMap")
        .with_struct_builder(false);
    for integer in &integers {
        let rust = integer.rust_name();
        let impls = IMPLS
            .into_iter()
            .filter(|i| integer.has_default() || !matches!(i, TypeSpaceImpl::Default));
        settings.with_replacement(&rust, format!("crate::{rust}"), impls);
    }
    let mut space = TypeSpace::new(&settings);
    let mut schemas = Vec::new();
    for (name, schema) in definitions {
        schemas.push((
            name,
            serde_json::from_value::<schemars::schema::Schema>(schema).map_err(|e| failed(&e))?,
        ));
    }
    space.add_ref_types(schemas).map_err(|e| failed(&e))?;

    let mut components = BTreeMap::new();
    for (name, _) in &originals {
        let reference = schemars::schema::SchemaObject::new_ref(format!(
            "#/components/schemas/{}",
            openapi_document::escape(name)
        ));
        let id = space.add_type(&reference.into()).map_err(|e| failed(&e))?;
        let ty = space.get_type(&id).map_err(|e| failed(&e))?;
        let rust = ty
            .name()
            .rsplit("::")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned();
        let shown = !secret::names(&originals).contains(&rust);
        let shown = |i: &TypeSpaceImpl| shown || !matches!(i, TypeSpaceImpl::Display);
        let impls = IMPLS
            .into_iter()
            .filter(|i| ty.has_impl(*i) && shown(i))
            .collect();
        components.insert(name.clone(), Component { name: rust, impls });
    }

    let secrets = secret::names(&originals);
    let generated = secret::redact(space.to_stream(), &secrets).map_err(|e| failed(&e))?;
    let feature = options
        .schemars_feature
        .iter()
        .map(|name| quote!(#[cfg(feature = #name)]));
    let feature = quote!(#(#feature)*);
    let integers = integers.iter().map(Bounded::tokens);
    let described = originals.iter().filter_map(|(name, schema)| {
        let component = components.get(name)?;
        Some(describe(name, schema, component, &components))
    });
    let tokens = quote! {
        #generated
        #(#integers)*

        /// The document's own schemas, for servers that describe themselves.
        #feature
        mod described {
            use super::*;
            #(#described)*
        }
    };
    Ok(Types { tokens, components })
}

/// `JsonSchema` that returns the schema of the document, rather than what a derive would make of the type.
fn describe(
    name: &str,
    schema: &Value,
    component: &Component,
    components: &BTreeMap<String, Component>,
) -> TokenStream {
    let ty = names::ident(&component.name);
    let body = schema_expression(schema, &|name| {
        let ty = names::ident(&components.get(name)?.name);
        Some(quote!(#ty))
    });
    quote! {
        impl ::schemars::JsonSchema for #ty {
            fn schema_name() -> ::std::string::String {
                #name.to_owned()
            }
            fn json_schema(generator: &mut ::schemars::r#gen::SchemaGenerator) -> ::schemars::schema::Schema {
                #body
            }
        }
    }
}

/// An expression of the schema, which registers each schema that it refers to with `generator`.
pub(crate) fn schema_expression(
    schema: &Value,
    ty: &dyn Fn(&str) -> Option<TokenStream>,
) -> TokenStream {
    let references = draft::references(schema)
        .into_iter()
        .filter_map(|name| ty(&name))
        .collect::<Vec<_>>();
    let text = draft::described(schema).to_string();
    let generator = if references.is_empty() {
        quote!(let _ = generator;)
    } else {
        quote!(#(generator.subschema_for::<#references>();)*)
    };
    quote! {
        #generator
        ::serde_json::from_str(#text).expect("checked when this was generated")
    }
}
