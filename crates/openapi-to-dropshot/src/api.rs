//! The API crate: the trait, the types of its operations, and the one way to register them.

use crate::bridge::{self, Bridge};
use crate::operation::{self, Parts, Shared};
use crate::print::{Items, docs};
use crate::types::Types;
use crate::{Options, descriptor, names};
use openapi_document::routes::Routes;
use openapi_document::{Diagnostic, Diagnostics, Document};
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::{BTreeMap, BTreeSet};

/// Generates the API crate's file.
pub(crate) fn generate(
    document: &Document,
    options: &Options,
    types: &Types,
) -> Result<Items, Diagnostics> {
    let types_crate = options.types_path();
    let trait_name = names::ident(&options.trait_name);
    unique(document, &trait_name.to_string())?;
    let mut shared = Shared {
        seen: BTreeMap::new(),
        routes: Routes::of(document),
    };
    let mut types_of_operations = Items::default();
    let mut parts: Vec<Parts> = Vec::new();
    for operation in document.operations() {
        let mut part = operation::generate(
            document,
            operation,
            types,
            &types_crate,
            &trait_name,
            &mut shared,
        );
        // By far the most of an operation; the rest comes before it in the file.
        types_of_operations.add(std::mem::take(&mut part.items));
        parts.push(part);
    }
    let secured = document
        .operations()
        .any(|operation| operation.is_secured());
    let context = if secured {
        quote!(::openapi_runtime::Authenticator)
    } else {
        quote!(::dropshot::ServerContext)
    };
    let info = &document.openapi.info;
    let trait_doc = docs(&format!(
        "{}\n\n{}",
        info.title,
        info.description.as_deref().unwrap_or_default()
    ));
    let methods = parts.iter().map(|part| &part.method);
    let served = parts.iter().map(|part| &part.served);
    let bridges = bridge::bridges(document, &shared.routes);
    let registered = registered(document, &bridges, &parts);
    let described = described(document, &bridges, &shared.routes, &parts);
    let tags = tags(document);
    let (title, version) = (&info.title, &info.version);
    let mut items = Items::default();
    items.add(quote! {
        /// The document that this crate was generated from, as JSON: what `GET /openapi.json` answers.
        pub const DOCUMENT: &str = include_str!("openapi.json");
        /// `info.title` of the document.
        pub const TITLE: &str = #title;
        /// `info.version` of the document.
        pub const VERSION: &str = #version;

        #trait_doc
        pub trait #trait_name: 'static {
            /// What handlers share; it knows the callers.
            type Context: #context;
            #(#methods)*
        }

        /// The API that `S` implements: every operation, and no way to register one otherwise.
        ///
        /// # Panics
        /// Never for a document that passed the generator's checks.
        pub fn api<S: #trait_name>() -> ::dropshot::ApiDescription<S::Context> {
            let mut api = ::dropshot::ApiDescription::new().tag_config(tags());
            #registered
            api
        }

        #described

        #tags

        /// What dropshot calls: each function leads through `openapi_runtime` to the trait.
        mod served {
            use super::*;
            #(pub(super) #served)*
        }
    });
    items.append(types_of_operations);
    items.add(descriptor::module(document));
    Ok(items)
}

/// Registers every operation: those of paths that the router does not hold side by side behind the routes that it does.
fn registered(document: &Document, bridges: &[Bridge], parts: &[Parts]) -> TokenStream {
    let bridged: BTreeSet<&str> = bridges.iter().flat_map(Bridge::paths).collect();
    let operations = || document.operations().zip(parts);
    let plain = operations().filter(|(operation, _)| !bridged.contains(operation.path));
    let plain = plain.map(|(_, part)| &part.endpoint);
    let behind = bridges.iter().map(|bridge| {
        let endpoints = bridge.paths().flat_map(|path| {
            let here = operations().filter(move |(operation, _)| operation.path == path);
            here.map(|(_, part)| &part.endpoint)
        });
        let route = &bridge.route;
        quote! {
            for endpoint in ::openapi_runtime::bridge(#route, ::std::vec![#(#endpoints),*]) {
                api.register(endpoint).expect("checked when this was generated");
            }
        }
    });
    quote! {
        #(api.register(#plain).expect("checked when this was generated");)*
        #(#behind)*
    }
}

/// The function from which dropshot's own document is made; or, where there are bridges, its documents.
fn described(
    document: &Document,
    bridges: &[Bridge],
    routes: &Routes,
    parts: &[Parts],
) -> TokenStream {
    let new = quote!(let mut api = ::dropshot::ApiDescription::new().tag_config(tags()););
    if bridges.is_empty() {
        let stubs = parts.iter().map(|part| &part.stub);
        return quote! {
            /// The API without an implementation, from which dropshot's own document is made.
            ///
            /// # Panics
            /// Never for a document that passed the generator's checks.
            pub fn description() -> ::dropshot::ApiDescription<::dropshot::StubContext> {
                #new
                #(api.register(#stubs).expect("checked when this was generated");)*
                api
            }
        };
    }
    let paths = document.openapi.paths.paths.keys();
    let groups = bridge::groups(paths.map(String::as_str), routes);
    let descriptions = groups.iter().map(|group| {
        let here = document.operations().zip(parts);
        let is_here = |path: &str| group.iter().any(|(other, _)| *other == path);
        let here = here.filter(|(operation, _)| is_here(operation.path));
        let stubs = here.map(|(_, part)| &part.stub);
        let meant = group.iter().filter_map(|(path, route)| {
            let written = routes.path(path);
            (written != *route).then(|| quote!((#route, #written)))
        });
        quote! {{
            #new
            #(api.register(#stubs).expect("checked when this was generated");)*
            ::openapi_runtime::bridge::Description { api, paths: &[#(#meant),*] }
        }}
    });
    quote! {
        /// The API without an implementation, in several descriptions, since one cannot hold all paths: from them
        /// `openapi_runtime::bridge::whole` makes dropshot's own document.
        ///
        /// # Panics
        /// Never for a document that passed the generator's checks.
        pub fn descriptions() -> ::std::vec::Vec<::openapi_runtime::bridge::Description> {
            ::std::vec![#(#descriptions),*]
        }
    }
}

/// K0202: no operation is called as the trait is.
fn unique(document: &Document, trait_name: &str) -> Result<(), Diagnostics> {
    let mut diagnostics = document.diagnostics();
    for operation in document.operations() {
        if names::camel(operation.id()) == trait_name {
            let span = document.span(&format!("{}/operationId", operation.pointer()));
            let message =
                format!("the operation and the trait are both called `{trait_name}` in Rust");
            diagnostics.push(
                Diagnostic::new("K0202", span, message)
                    .help("rename the operation, or choose another name for the trait"),
            );
        }
    }
    diagnostics.into_result(())
}

fn tags(document: &Document) -> TokenStream {
    let text = |text: &Option<String>| match text {
        Some(text) => quote!(Some(#text.to_owned())),
        None => quote!(None),
    };
    let tags = document.openapi.tags.iter().map(|tag| {
        let name = &tag.name;
        let description = text(&tag.description);
        let more = match &tag.external_docs {
            Some(more) => {
                let (url, description) = (&more.url, text(&more.description));
                quote!(Some(::dropshot::TagExternalDocs { description: #description, url: #url.to_owned() }))
            }
            None => quote!(None),
        };
        quote! {
            (#name.to_owned(), ::dropshot::TagDetails { description: #description, external_docs: #more })
        }
    });
    quote! {
        fn tags() -> ::dropshot::TagConfig {
            ::dropshot::TagConfig {
                allow_other_tags: true,
                policy: ::dropshot::EndpointTagPolicy::Any,
                tags: [#(#tags),*].into_iter().collect(),
            }
        }
    }
}
