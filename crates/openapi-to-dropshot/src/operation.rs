//! One operation: what it takes, what it answers, how it fails, and how it is registered.

use crate::kind::{self, Body, Success};
use crate::parameters::{Field, Group, Place, describe, rust_type};
use crate::print::docs;
use crate::types::Types;
use crate::{descriptor, failure, names};
use openapi_document::openapiv3::{Header, ReferenceOr, Response, StatusCode};
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
    let answer = format_ident!("{marker}Response");
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
            type Path = #path;
            type Query = #query;
            type Headers = #headers;
            type Body = #body;
        }
    });
    items.extend(success(document, operation, &answer, types, types_crate));
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
    let doc = docs(&method_doc(operation, &route));
    let method_tokens = quote! {
        #doc
        fn #method(
            rqctx: ::dropshot::RequestContext<Self::Context>,
            request: #taken,
        ) -> impl ::std::future::Future<Output = ::std::result::Result<#answer, #error>> + ::std::marker::Send;
    };
    // An operation may be called `s`, so its type is not called without its path where `S` is the server.
    let served = quote! {
        async fn #method<S: #trait_name>(
            rqctx: ::dropshot::RequestContext<S::Context>,
            request: ::openapi_runtime::Unread<super::#marker>,
        ) -> ::std::result::Result<::openapi_runtime::Reply<#answer, #error>, #error> {
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
    let registered = shared.routes.path(operation.path);
    let arguments = quote!(::dropshot::Method::#http_method, "application/json", #registered, ::dropshot::ApiEndpointVersions::All);
    let endpoint = quote! {
        ::dropshot::ApiEndpoint::new(#id.to_owned(), served::#method::<S>, #arguments) #details
    };
    let stub = quote! {
        ::dropshot::ApiEndpoint::new_for_types::<
            (::openapi_runtime::Unread<#marker>,),
            ::std::result::Result<::openapi_runtime::Reply<#answer, #error>, #error>,
        >(#id.to_owned(), #arguments) #details
    };
    Parts {
        items,
        method: method_tokens,
        served,
        endpoint,
        stub,
    }
}

fn method_doc(operation: OperationRef<'_>, route: &str) -> String {
    let written = operation.operation;
    let parts = [
        written.summary.as_deref(),
        written.description.as_deref(),
        Some(route),
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

/// The headers of a response that a handler supplies; `x-runtime: true` marks those that it does not.
pub(crate) fn header_fields(response: &Response) -> Vec<(Field, bool)> {
    let resolved = response
        .headers
        .iter()
        .filter_map(|(name, header)| match header {
            ReferenceOr::Item(header) => Some((name, header)),
            ReferenceOr::Reference { .. } => None,
        });
    let runtime = |header: &Header| {
        header.extensions.get("x-runtime") == Some(&serde_json::Value::Bool(true))
    };
    resolved
        .map(|(name, header)| (Field::header(name, header), runtime(header)))
        .collect()
}

fn success(
    document: &Document,
    operation: OperationRef<'_>,
    name: &Ident,
    types: &Types,
    types_crate: &TokenStream,
) -> TokenStream {
    // The rules make sure that there is one.
    let Some(success) = kind::success(document, operation) else {
        return TokenStream::new();
    };
    let (status, response) = match success {
        Success::Typed { status, response } => (status, response),
        Success::Raw {
            status,
            response,
            body,
        } => return raw(name, status, response, body),
    };
    let description = &response.description;
    let media = response.content.iter().next();
    let content_type = media.map_or("", |(name, _)| name.as_str());
    let schema = media
        .and_then(|(_, media)| media.schema.as_ref())
        .map(draft::json);
    let body_type = schema
        .as_ref()
        .map(|schema| rust_type(schema, types, types_crate));
    let body_field = body_type
        .as_ref()
        .map(|ty| quote!(#[doc = " The body."] pub body: #ty,));
    let body_value = if body_type.is_some() {
        quote!(&self.body)
    } else {
        quote!(&())
    };
    let body_type = body_type.unwrap_or_else(|| quote!(()));

    let fields = header_fields(response);
    let own: Vec<&Field> = fields
        .iter()
        .filter(|(_, runtime)| !runtime)
        .map(|(field, _)| field)
        .collect();
    let declarations = own.iter().map(|field| {
        let (ident, ty, doc) = (
            names::header(&field.name),
            field.rust_type(types, types_crate),
            field.doc(),
        );
        let doc = docs(&format!("The `{}` header. {doc}", field.name));
        let ty = if field.required {
            ty
        } else {
            quote!(::std::option::Option<#ty>)
        };
        quote!(#doc pub #ident: #ty,)
    });
    let pushes = own.iter().map(|field| {
        let (ident, wire) = (names::header(&field.name), &field.name);
        if field.required {
            quote!(headers.push((#wire, self.#ident.to_string()));)
        } else {
            quote!(headers.extend(self.#ident.as_ref().map(|value| (#wire, value.to_string())));)
        }
    });
    let headers_fn = if own.is_empty() {
        quote!(::std::vec::Vec::new())
    } else {
        quote! { let mut headers = ::std::vec::Vec::new(); #(#pushes)* headers }
    };
    let headers_name = format_ident!("{name}Headers");
    let (headers_type, described) = if fields.is_empty() {
        (
            quote!(::openapi_runtime::respond::WithoutHeaders),
            TokenStream::new(),
        )
    } else {
        let all = fields.iter().map(|(field, _)| field);
        let described = describe(document, &headers_name, all, types, types_crate);
        let doc = docs(&format!("Describes the headers of [`{name}`]."));
        (
            quote!(#headers_name),
            quote! { #doc #[derive(Debug)] pub enum #headers_name {} #described },
        )
    };
    let doc = docs(&format!("{status}: {description}"));
    quote! {
        #doc
        pub struct #name { #body_field #(#declarations)* }

        impl ::openapi_runtime::Answer for #name {
            const STATUS: u16 = #status;
            const DESCRIPTION: &'static str = #description;
            const CONTENT_TYPE: &'static str = #content_type;
            type Body = #body_type;
            type Headers = #headers_type;
            fn body(&self) -> &Self::Body {
                #body_value
            }
            fn headers(&self) -> ::std::vec::Vec<(&'static str, ::std::string::String)> {
                #headers_fn
            }
        }

        ::openapi_runtime::answer!(#name);
        #described
    }
}

/// A success whose whole response the handler makes.
fn raw(name: &Ident, status: Option<u16>, response: &Response, body: bool) -> TokenStream {
    let description = &response.description;
    let code = status.map_or_else(|| "any status".to_owned(), |status| status.to_string());
    let doc = docs(&format!("{code}: {description}"));
    let status = match status {
        Some(status) => quote!(Some(#status)),
        None => quote!(None),
    };
    quote! {
        #doc
        pub struct #name(pub ::http::Response<::dropshot::Body>);

        ::openapi_runtime::raw_answer!(#name: #status, #description, #body);
    }
}
