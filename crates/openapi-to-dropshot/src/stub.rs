//! The first server: an implementation of the trait whose every operation answers 500, to be filled in; or, as a mock,
//! with the document's example.

use crate::answer::header_fields;
use crate::kind::{self, Success};
use crate::sample::sample;
use crate::{Options, names, security};
use openapi_document::{Document, OperationRef, draft};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

/// The implementation; `api` is the path of the module or crate that holds the trait.
/// With `mock`, every operation succeeds and the token, key, or user and password `mock` is known.
pub(crate) fn generate(
    document: &Document,
    options: &Options,
    api: &TokenStream,
    mock: bool,
) -> TokenStream {
    let trait_name = names::ident(&options.trait_name);
    let secured = document
        .operations()
        .any(|operation| operation.is_secured());
    let methods = document.operations().map(|operation| {
        let marker = names::ident(&names::camel(operation.id()));
        let method = names::snake(operation.id());
        let (answer, error) = (
            format_ident!("{marker}Response"),
            format_ident!("{marker}Error"),
        );
        let request = if operation.is_secured() {
            quote!(::openapi_runtime::Guarded<Context, #api::#marker>)
        } else {
            quote!(::openapi_runtime::Open<#api::#marker>)
        };
        let text = format!("{} is not implemented yet", operation.id());
        let body = if mock {
            answered(document, operation, api, &answer)
        } else {
            quote!(Err(::dropshot::HttpError::for_internal_error(#text.to_owned()).into()))
        };
        quote! {
            async fn #method(
                _rqctx: ::dropshot::RequestContext<Context>,
                _request: #request,
            ) -> Result<#api::#answer, #api::#error> {
                #body
            }
        }
    });
    let authenticator = secured.then(|| {
        let known = mock.then(|| {
            // `mock` as user and password too.
            let others = document.operations().any(|operation| {
                operation.is_secured() && !security::is_bearer(document, operation)
            });
            let knows = if others {
                quote!(
                    _request
                        .credentials
                        .iter()
                        .all(|given| ["mock", "bW9jazptb2Nr"].contains(&given.value.as_ref()))
                )
            } else {
                quote!(_request.bearer == "mock")
            };
            quote! {
                if #knows {
                    return Ok(());
                }
            }
        });
        quote! {
            impl ::openapi_runtime::Authenticator for Context {
                type Caller = ();
                async fn authenticate(
                    &self,
                    _request: &::openapi_runtime::RequestHead<'_>,
                ) -> Result<(), ::openapi_runtime::Refusal> {
                    #known
                    let internal = "no caller is known yet".to_owned();
                    Err(::openapi_runtime::Refusal::Unauthorized { internal })
                }
            }
        }
    });
    quote! {
        /// What handlers share.
        pub struct Context;

        #authenticator

        /// The server.
        pub enum Server {}

        impl #api::#trait_name for Server {
            type Context = Context;
            #(#methods)*
        }
    }
}

/// The success of an operation, with the document's example, or a value that its schema allows.
fn answered(
    document: &Document,
    operation: OperationRef<'_>,
    api: &TokenStream,
    answer: &Ident,
) -> TokenStream {
    let parsed = |value: Value| {
        let text = value.to_string();
        quote! {
            ::serde_json::from_str(#text)
                .map_err(|error| ::dropshot::HttpError::for_internal_error(error.to_string()))?
        }
    };
    match kind::success(document, operation) {
        Some(Success::Typed { response, .. }) => {
            let body = response.content.values().next().map(|media| {
                let schema = media.schema.as_ref().map(draft::json).unwrap_or_default();
                let given = media.example.clone();
                let value = parsed(given.unwrap_or_else(|| sample(document, &schema)));
                quote!(body: #value,)
            });
            let headers = header_fields(response).into_iter();
            let headers = headers.filter(|(_, runtime)| !runtime).map(|(field, _)| {
                let name = names::header(&field.name);
                let value = parsed(sample(document, &field.schema));
                quote!(#name: #value,)
            });
            quote!(Ok(#api::#answer { #body #(#headers)* }))
        }
        Some(Success::Raw {
            status, response, ..
        }) => {
            let status = status.unwrap_or(200);
            let media = response.content.keys().next();
            let media = media.filter(|media| media.as_str() != "*/*");
            let media = media.map_or("application/octet-stream", String::as_str);
            quote! {
                ::http::Response::builder()
                    .status(#status)
                    .header("content-type", #media)
                    .body(::dropshot::Body::from("a".to_owned()))
                    .map(#api::#answer)
                    .map_err(|error| ::dropshot::HttpError::for_internal_error(error.to_string()).into())
            }
        }
        None => quote!(Err(
            ::dropshot::HttpError::for_internal_error(String::new()).into()
        )),
    }
}
