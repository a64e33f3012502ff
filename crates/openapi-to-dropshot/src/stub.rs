//! The first server: an implementation of the trait whose every operation answers 500, to be filled in.

use crate::{Options, names};
use openapi_document::Document;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// The implementation; `api` is the path of the module or crate that holds the trait.
pub(crate) fn generate(document: &Document, options: &Options, api: &TokenStream) -> TokenStream {
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
        quote! {
            async fn #method(
                _rqctx: ::dropshot::RequestContext<Context>,
                _request: #request,
            ) -> Result<#api::#answer, #api::#error> {
                Err(::dropshot::HttpError::for_internal_error(#text.to_owned()).into())
            }
        }
    });
    let authenticator = secured.then(|| {
        quote! {
            impl ::openapi_runtime::Authenticator for Context {
                type Caller = ();
                async fn authenticate(
                    &self,
                    _request: &::openapi_runtime::RequestHead<'_>,
                ) -> Result<(), ::openapi_runtime::Refusal> {
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
