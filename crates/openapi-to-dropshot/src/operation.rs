//! One operation: what it takes, what it answers, how it fails, and how it is registered.

use crate::kind::{self, Body, Success};
use crate::parameters::{Group, Place, rust_type};
use crate::print::docs;
use crate::types::Types;
use crate::{answer, descriptor, failure, names, security};
use openapi_document::openapiv3::{ReferenceOr, Response, StatusCode};
use openapi_document::routes::Routes;
use openapi_document::{Document, OperationRef, draft};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeMap;

/// Everything of one operation.
pub(crate) struct Parts {
    /// Types and their implementations.
    pub(crate) items: TokenStream,
    /// The method of the trait.
    pub(crate) method: TokenStream,
    /// The function that dropshot calls.
    pub(crate) served: TokenStream,
    /// `ApiEndpoint`s, with the handler and without.
    pub(crate) endpoint: TokenStream,
    pub(crate) stub: TokenStream,
}

/// What the operations of a document share.
pub(crate) struct Shared {
    /// Parameter structs that were written already, by what is in them.
    pub(crate) seen: BTreeMap<String, Ident>,
    /// How the paths are registered.
    pub(crate) routes: Routes,
}

/// Writes one operation.
pub(crate) fn generate(
    document: &Document,
    operation: OperationRef<'_>,
    types: &Types,
    types_crate: &TokenStream,
    trait_name: &Ident,
    shared: &mut Shared,
) -> Parts {
    let id = operation.id();
    let marker = names::ident(&names::camel(id));
    let method = names::snake(id);
    let error = format_ident!("{marker}Error");
    let answered = format_ident!("{marker}Response");
    let route = format!("`{} {}`", operation.method.to_uppercase(), operation.path);

    let mut items = TokenStream::new();
    let mut place = |place: Place| {
        let mut group = Group::of(document, operation.operation, place);
        if place == Place::Path {
            group = group.routed(&shared.routes, operation.path);
        }
        if group.is_empty() {
            return quote!(());
        }
        let name = format_ident!("{marker}{}", place.suffix());
        let text = format!(
            "The {} parameters of [`{marker}`].",
            place.suffix().to_lowercase().trim_end_matches('s')
        );
        items.extend(
            match shared
                .seen
                .get(&format!("{}{}", place.suffix(), group.key()))
            {
                Some(other) => {
                    let doc = docs(&text);
                    quote!(#doc pub type #name = #other;)
                }
                None => {
                    shared
                        .seen
                        .insert(format!("{}{}", place.suffix(), group.key()), name.clone());
                    group.tokens(document, &name, &text, types, types_crate)
                }
            },
        );
        quote!(#name)
    };
    let (path, query, headers) = (
        place(Place::Path),
        place(Place::Query),
        place(Place::Headers),
    );
    let Taken {
        schema,
        media_type,
        body,
    } = request_body(document, operation, types, types_crate);
    let extension = extension(operation);
    let security = security::constant(document, operation);
    let template = operation.path;
    let marker_doc = docs(&format!("What {route} takes."));
    items.extend(quote! {
        #marker_doc
        #[derive(Debug)]
        pub enum #marker {}

        impl ::openapi_runtime::Operation for #marker {
            const ID: &'static str = #id;
            const PATH: &'static str = #template;
            const SCHEMA: ::std::option::Option<&'static ::openapi_runtime::schema::Schema> = #schema;
            #media_type
            #extension
            #security
            type Path = #path;
            type Query = #query;
            type Headers = #headers;
            type Body = #body;
        }
    });
    items.extend(answer::success(
        document,
        operation,
        &answered,
        types,
        types_crate,
    ));
    items.extend(failure::errors(
        document,
        operation,
        &error,
        types,
        types_crate,
    ));

    let (taken, serve) = if operation.is_secured() {
        (
            quote!(::openapi_runtime::Guarded<Self::Context, #marker>),
            quote!(serve),
        )
    } else {
        (quote!(::openapi_runtime::Open<#marker>), quote!(serve_open))
    };
    let doc = docs(&method_doc(document, operation, &route));
    let method_tokens = quote! {
        #doc
        fn #method(
            rqctx: ::dropshot::RequestContext<Self::Context>,
            request: #taken,
        ) -> impl ::std::future::Future<Output = ::std::result::Result<#answered, #error>> + ::std::marker::Send;
    };
    // An operation may be called `s`, so its type is not called without its path where `S` is the server.
    let served = quote! {
        async fn #method<S: #trait_name>(
            rqctx: ::dropshot::RequestContext<S::Context>,
            request: ::openapi_runtime::Unread<super::#marker>,
        ) -> ::std::result::Result<::openapi_runtime::Reply<#answered, #error>, #error> {
            ::openapi_runtime::#serve(rqctx, request, S::#method).await
        }
    };
    let http_method = names::ident(&operation.method.to_uppercase());
    let summary = operation.operation.summary.iter();
    let description = operation.operation.description.iter();
    let tags = &operation.operation.tags;
    let deprecated = operation
        .operation
        .deprecated
        .then(|| quote!(.deprecated(true)));
    let details = quote! { #(.summary(#summary))* #(.description(#description))* #(.tag(#tags))* #deprecated };
    let arguments = |path: String| quote!(::dropshot::Method::#http_method, "application/json", #path, ::dropshot::ApiEndpointVersions::All);
    let registered = arguments(shared.routes.path(operation.path));
    let described = arguments(shared.routes.whole(operation.path));
    let endpoint = quote! {
        ::dropshot::ApiEndpoint::new(#id.to_owned(), served::#method::<S>, #registered) #details
    };
    let stub = quote! {
        ::dropshot::ApiEndpoint::new_for_types::<
            (::openapi_runtime::Unread<#marker>,),
            ::std::result::Result<::openapi_runtime::Reply<#answered, #error>, #error>,
        >(#id.to_owned(), #described) #details
    };
    Parts {
        items,
        method: method_tokens,
        served,
        endpoint,
        stub,
    }
}

/// What the document says of the operation, and what it answers with.
fn method_doc(document: &Document, operation: OperationRef<'_>, route: &str) -> String {
    let written = operation.operation;
    let told = |status: String, response: &Response| {
        let first = response.description.lines().next().unwrap_or_default();
        format!("{status}: {first}")
    };
    let success = kind::success(document, operation).map(|success| match success {
        Success::Typed { status, response } => told(status.to_string(), response),
        Success::Raw {
            status, response, ..
        } => {
            let status = status.map_or_else(|| "any status".to_owned(), |s| s.to_string());
            told(status, response)
        }
    });
    let errors = kind::errors(operation).into_iter();
    let errors =
        errors.map(|(statuses, response)| format!("- {}", told(statuses.title(), response)));
    let errors: Vec<String> = errors.collect();
    let errors = (!errors.is_empty()).then(|| format!("# Errors\n{}", errors.join("\n")));
    let parts = [
        written.summary.clone(),
        written.description.clone(),
        Some(route.to_owned()),
        success,
        errors,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

/// How the body is taken: constants and type of `openapi_runtime::Operation`.
struct Taken {
    schema: TokenStream,
    media_type: Option<TokenStream>,
    body: TokenStream,
}

fn request_body(
    document: &Document,
    operation: OperationRef<'_>,
    types: &Types,
    types_crate: &TokenStream,
) -> Taken {
    let (kind, media) = kind::body(document, operation);
    let media_type = media
        .map(|(name, _)| name)
        .filter(|name| *name != "application/json")
        .map(|name| quote!(const MEDIA_TYPE: &'static str = #name;));
    let schema = media
        .and_then(|(_, media)| media.schema.as_ref())
        .map(draft::json)
        .unwrap_or_default();
    let ty = || rust_type(&schema, types, types_crate);
    let (structured, body) = match kind {
        Body::None => (false, quote!(())),
        Body::Websocket => (false, quote!(::openapi_runtime::Websocket)),
        Body::Bytes => (false, quote!(::openapi_runtime::Bytes)),
        Body::Multipart => (false, quote!(::openapi_runtime::Multipart)),
        Body::Json => {
            let ty = ty();
            (true, quote!(::openapi_runtime::Json<#ty>))
        }
        Body::Form => {
            let ty = ty();
            (true, quote!(::openapi_runtime::Form<#ty>))
        }
    };
    let body = if kind::is_optional(operation) {
        quote!(::openapi_runtime::Optional<#body>)
    } else {
        body
    };
    let schema = if structured {
        let place = descriptor::borrowed(&schema);
        quote!(Some(#place))
    } else {
        quote!(None)
    };
    Taken {
        schema,
        media_type,
        body,
    }
}

fn extension(operation: OperationRef<'_>) -> Option<TokenStream> {
    let extensions = &operation.operation.extensions;
    let value = if let Some(value) = extensions.get("x-dropshot-pagination") {
        let value = value.to_string();
        quote!(Paginated(#value))
    } else if extensions.contains_key("x-dropshot-websocket") {
        quote!(Websocket)
    } else {
        return None;
    };
    Some(quote! {
        const EXTENSION: ::openapi_runtime::Extension = ::openapi_runtime::Extension::#value;
    })
}

/// The declared responses: status and response.
pub(crate) fn responses<'a>(
    operation: OperationRef<'a>,
) -> impl Iterator<Item = (u16, &'a Response)> {
    operation
        .operation
        .responses
        .responses
        .iter()
        .filter_map(|(status, response)| match (status, response) {
            (StatusCode::Code(code), ReferenceOr::Item(response)) => Some((*code, response)),
            _ => None,
        })
}

/// The responses whose headers are written: those of one status, and errors of several; by their key in the document.
pub(crate) fn with_headers<'a>(
    operation: OperationRef<'a>,
) -> impl Iterator<Item = (String, &'a Response)> {
    let successes = responses(operation)
        .filter(|(status, _)| *status < 400)
        .map(|(status, response)| (status.to_string(), response));
    let errors = kind::errors(operation).into_iter();
    successes.chain(errors.map(|(statuses, response)| (statuses.key(), response)))
}
