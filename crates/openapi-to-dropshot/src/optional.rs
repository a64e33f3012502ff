//! Bodies that may be left out, as the client has them: progenitor asks for every body, so it is shown one whose type is
//! `Option`, of which nothing is sent when it is `None`.

use crate::{calls, client, kind, names};
use openapi_document::draft;
use openapi_document::openapiv3::{OpenAPI, ReferenceOr, RequestBody};
use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use std::collections::BTreeMap;

/// Gives such bodies of JSON, and forms, a component of their own each. Returns these, each with the component that it may
/// hold.
pub(crate) fn bodies(openapi: &mut OpenAPI) -> BTreeMap<String, String> {
    let mut given: BTreeMap<String, String> = BTreeMap::new();
    let mut components = openapi.components.take().unwrap_or_default();
    for item in openapi.paths.paths.values_mut() {
        let ReferenceOr::Item(item) = item else {
            continue;
        };
        for (_, operation) in client::methods(item) {
            let Some(ReferenceOr::Item(body)) = &mut operation.request_body else {
                continue;
            };
            let Some(inner) = inner(body) else { continue };
            let called = names::camel(&format!("Optional-{inner}"));
            let numbered = (2..).map(|number| format!("{called}{number}"));
            let mut free = std::iter::once(called.clone()).chain(numbered);
            let free = free.find(|name| match given.get(name) {
                Some(other) => *other == inner,
                None => !components
                    .schemas
                    .keys()
                    .any(|taken| names::camel(taken) == *name),
            });
            let name = free.unwrap_or(called);
            let reference = format!("#/components/schemas/{name}");
            for media in body.content.values_mut() {
                media.schema = Some(ReferenceOr::ref_(&reference));
            }
            given.insert(name, inner);
        }
    }
    for name in given.keys() {
        if let Ok(anything) = serde_json::from_value(serde_json::json!({})) {
            components.schemas.insert(name.clone(), anything);
        }
    }
    openapi.components = Some(components);
    given
}

/// The component of a body that may be left out.
fn inner(body: &RequestBody) -> Option<String> {
    let (name, media) = body.content.first()?;
    let read = kind::is_json(name) || kind::essence(name) == "application/x-www-form-urlencoded";
    let schema = media.schema.as_ref().filter(|_| read && !body.required)?;
    draft::reference(&draft::json(schema))
}

/// A builder's function, in which the body that was not set is none.
pub(crate) fn unset(code: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = code.into_iter().collect();
    let is = |at: usize, word: &str| {
        tokens
            .get(at)
            .is_some_and(|token| token.to_string() == word)
    };
    let mut out = TokenStream::new();
    let mut skipped = 0;
    for (at, token) in tokens.iter().enumerate() {
        if skipped > 0 {
            skipped -= 1;
        } else if is(at, "body") && is(at + 1, ":") && is(at + 2, "Err") {
            out.extend(quote!(body: Ok(None)));
            skipped = 3;
        } else if let TokenTree::Group(group) = token {
            out.extend([calls::regroup(group, unset(group.stream()))]);
        } else {
            out.extend([token.clone()]);
        }
    }
    out
}

/// What the calls need to send such a body of JSON.
pub(crate) fn sender() -> TokenStream {
    quote! {
        /// Sends a body that need not be there.
        pub(super) trait MaybeJson: Sized {
            /// Adds the body, if there is one.
            fn maybe_json<T: ::serde::Serialize>(self, media_type: &'static str, body: &Option<T>) -> Self;
        }

        impl MaybeJson for ::reqwest::RequestBuilder {
            fn maybe_json<T: ::serde::Serialize>(self, media_type: &'static str, body: &Option<T>) -> Self {
                match body {
                    // reqwest's `json` leaves a media type that is there.
                    Some(body) => self.header(::reqwest::header::CONTENT_TYPE, media_type).json(body),
                    None => self,
                }
            }
        }
    }
}
