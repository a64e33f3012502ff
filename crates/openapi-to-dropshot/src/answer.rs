//! What an operation answers when it succeeds: a type of its body and headers, or the whole response.

use crate::kind::{self, Success};
use crate::names;
use crate::parameters::{Field, describe, rust_type};
use crate::print::docs;
use crate::types::Types;
use openapi_document::openapiv3::{Header, Response};
use openapi_document::{Document, OperationRef, draft};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

/// The headers of a response, and which of them a handler does not supply: those of `x-runtime: true`, and `X-Request-Id`,
/// which dropshot writes over any other.
pub(crate) fn header_fields(response: &Response) -> Vec<(Field, bool)> {
    let resolved = response
        .headers
        .iter()
        .filter_map(|(name, header)| Some((name, header.as_item()?)));
    let runtime = |name: &str, header: &Header| {
        name.eq_ignore_ascii_case("x-request-id")
            || header.extensions.get("x-runtime") == Some(&serde_json::Value::Bool(true))
    };
    resolved
        .map(|(name, header)| (Field::header(name, header), runtime(name, header)))
        .collect()
}

/// The type of what `operation` answers when it succeeds.
pub(crate) fn success(
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
            docs(&field.header_doc()),
        );
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
            let text = field.written(document, &quote!(self.#ident));
            quote!(headers.push((#wire, #text));)
        } else {
            let text = field.written(document, &quote!(value));
            quote!(headers.extend(self.#ident.as_ref().map(|value| (#wire, #text)));)
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
    let status = Literal::u16_unsuffixed(status);
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
        Some(status) => {
            let status = Literal::u16_unsuffixed(status);
            quote!(Some(#status))
        }
        None => quote!(None),
    };
    quote! {
        #doc
        pub struct #name(pub ::http::Response<::dropshot::Body>);

        ::openapi_runtime::raw_answer!(#name: #status, #description, #body);
    }
}
