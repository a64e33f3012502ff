//! How an operation fails: one enum of what the document declares, and how a fault of the runtime is told in its terms.

use crate::answer::header_fields;
use crate::kind::{self, Statuses};
use crate::parameters::{Field, rust_type};
use crate::print::docs;
use crate::sample::sample;
use crate::types::Types;
use crate::{descriptor, names};
use openapi_document::openapiv3::Response;
use openapi_document::{Document, OperationRef, draft};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

/// The error type of an operation.
pub(crate) fn errors(
    document: &Document,
    operation: OperationRef<'_>,
    name: &Ident,
    types: &Types,
    types_crate: &TokenStream,
) -> TokenStream {
    if kind::is_enveloped(document, operation) {
        enveloped(operation, name, types, types_crate)
    } else {
        told(document, operation, name, types, types_crate)
    }
}

/// Every error has the runtime's envelope: a variant holds a fault.
fn enveloped(
    operation: OperationRef<'_>,
    name: &Ident,
    types: &Types,
    types_crate: &TokenStream,
) -> TokenStream {
    let declared: Vec<_> = kind::errors(operation)
        .into_iter()
        .filter_map(|(statuses, response)| match statuses {
            Statuses::Exact(status) => Some((status, response)),
            _ => None,
        })
        .collect();
    let schema = declared
        .iter()
        .find_map(|(_, response)| kind::error_schema(response));
    let body = schema.map_or_else(
        || quote!(::serde_json::Value),
        |schema| rust_type(&schema, types, types_crate),
    );
    let variants = declared.iter().map(|(status, response)| {
        let (variant, doc) = (
            names::status(*status),
            docs(&format!("{status}: {}", response.description)),
        );
        quote!(#doc #variant(::openapi_runtime::Fault))
    });
    let table = declared.iter().map(|(status, _)| {
        let variant = names::status(*status);
        let status = Literal::u16_unsuffixed(*status);
        quote!(#status => #variant)
    });
    let doc = docs(&format!(
        "How `{}` fails: exactly the statuses that the document declares.",
        operation.id()
    ));
    quote! {
        #doc
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum #name {
            #(#variants),*
        }

        ::openapi_runtime::failure!(#name: #body { #(#table),* });
    }
}

/// An error response of the document's own, as its variant holds it.
struct Case<'a> {
    which: Statuses,
    response: &'a Response,
    /// The media type and schema of the body.
    body: Option<(&'a str, Value)>,
    /// The headers that a handler supplies.
    headers: Vec<Field>,
}

impl<'a> Case<'a> {
    fn of(which: Statuses, response: &'a Response) -> Self {
        let headers = header_fields(response).into_iter();
        // OpenAPI has the media type of the body in `content` alone.
        let headers = headers.filter(|(field, runtime)| {
            !runtime && !field.name.eq_ignore_ascii_case("content-type")
        });
        Case {
            which,
            response,
            body: kind::error_body(response),
            headers: headers.map(|(field, _)| field).collect(),
        }
    }

    /// The variant; it is a tuple where there are no headers to be named.
    fn declared(&self, types: &Types, types_crate: &TokenStream) -> TokenStream {
        let (variant, status, _) = variant(self.which);
        let doc = docs(&format!(
            "{}: {}",
            self.which.title(),
            self.response.description
        ));
        let body = self.body.as_ref();
        let body = body.map(|(_, schema)| rust_type(schema, types, types_crate));
        if self.headers.is_empty() {
            let held: Vec<&TokenStream> = status.iter().chain(&body).collect();
            return if held.is_empty() {
                quote!(#doc #variant)
            } else {
                quote!(#doc #variant(#(#held),*))
            };
        }
        let headers = self.headers.iter().map(|field| {
            let (ident, ty) = (header(field), field.rust_type(types, types_crate));
            let doc = docs(&field.header_doc());
            if field.required {
                quote!(#doc #ident: #ty)
            } else {
                quote!(#doc #ident: ::std::option::Option<#ty>)
            }
        });
        let status = status.map(|status| quote!(#[doc = " The status."] status: #status,));
        let body = body.map(|body| quote!(#[doc = " The body."] body: #body,));
        quote!(#doc #variant { #status #body #(#headers),* })
    }

    /// The pattern that binds the status, where it is not the only one, and all else if it is `wanted`.
    fn pattern(&self, wanted: bool) -> TokenStream {
        let (variant, status, _) = variant(self.which);
        let status = status.map(|_| quote!(status));
        let body = self.body.as_ref().map(|_| quote!(body));
        if self.headers.is_empty() {
            let body = body.map(|body| if wanted { body } else { quote!(_) });
            let held: Vec<TokenStream> = status.into_iter().chain(body).collect();
            return if held.is_empty() {
                quote!(Self::#variant)
            } else {
                quote!(Self::#variant(#(#held),*))
            };
        }
        let rest = body.into_iter().chain(self.headers.iter().map(|field| {
            let ident = header(field);
            quote!(#ident)
        }));
        let rest = if wanted {
            rest.collect()
        } else {
            vec![quote!(..)]
        };
        let held = status.into_iter().chain(rest);
        quote!(Self::#variant { #(#held),* })
    }

    /// The status, where it was bound.
    fn status(&self) -> TokenStream {
        match self.which {
            Statuses::Exact(code) => {
                let code = Literal::u16_unsuffixed(code);
                quote!(#code)
            }
            _ => quote!(status.as_u16()),
        }
    }

    /// The answer, where all was bound.
    fn answer(&self, document: &Document) -> TokenStream {
        let status = self.status();
        let answer = match &self.body {
            Some((media_type, _)) => {
                quote!(::openapi_runtime::told::body(#status, #media_type, body))
            }
            None => quote!(::openapi_runtime::told::empty(#status)),
        };
        if self.headers.is_empty() {
            return answer;
        }
        let headers = self.headers.iter().map(|field| {
            let (name, ident) = (&field.name, header(field));
            if field.required {
                let text = field.written(document, &quote!(#ident));
                quote!((#name, Some(#text)))
            } else {
                let text = field.written(document, &quote!(value));
                quote!((#name, #ident.as_ref().map(|value| #text)))
            }
        });
        quote! {
            ::openapi_runtime::told::with(#answer, [#(#headers),*])
                .unwrap_or_else(|fault| <Self as ::openapi_runtime::Failure>::of(500, fault).response(__request_id))
        }
    }

    /// What an answer under these statuses is like that the runtime gives by itself.
    fn form(&self, document: &Document) -> TokenStream {
        let form = match &self.body {
            Some((media_type, schema)) => {
                let schema = descriptor::borrowed(schema);
                if *media_type == "application/json" {
                    quote!(Form::json(#schema))
                } else {
                    quote!(Form::of(#media_type, #schema))
                }
            }
            None => quote!(Form::PLAIN),
        };
        let headers = self.headers.iter().filter_map(|field| {
            let name = field.name.to_ascii_lowercase();
            let value = supplied(document, self.which, field)?;
            Some(quote!((#name, #value)))
        });
        let headers: Vec<_> = headers.collect();
        if headers.is_empty() {
            form
        } else {
            quote!(#form.with(&[#(#headers),*]))
        }
    }
}

/// The field of a variant that holds a header.
fn header(field: &Field) -> Ident {
    let ident = names::header(&field.name);
    if ident == "status" {
        format_ident!("status_header")
    } else {
        ident
    }
}

/// The value of a header that must be there, where the runtime answers by itself and does not add it in any case: one second
/// to wait, a challenge, or else the plainest value of its schema.
pub(crate) fn supplied(document: &Document, which: Statuses, field: &Field) -> Option<String> {
    if !field.required {
        return None;
    }
    let schema = draft::resolved(document, &field.schema);
    let number = |key: &str| schema.get(key).and_then(Value::as_i64);
    let bounds = ["pattern", "format", "enum", "minLength"];
    let free = bounds.iter().all(|key| schema.get(*key).is_none());
    let known = match field.name.to_ascii_lowercase().as_str() {
        "retry-after" if number("minimum").is_none_or(|low| low <= 1) && free => "1",
        "www-authenticate" if free => "Bearer",
        _ => {
            return Some(match sample(document, &schema) {
                Value::String(text) => text,
                Value::Null => String::new(),
                other => other.to_string(),
            });
        }
    };
    let added = match known {
        "1" => matches!(which, Statuses::Exact(429 | 503)),
        _ => which == Statuses::Exact(401),
    };
    (!added).then(|| known.to_owned())
}

/// Bodies of the document's own: a variant for each response, and one for faults, whose body is made by the schema.
fn told(
    document: &Document,
    operation: OperationRef<'_>,
    name: &Ident,
    types: &Types,
    types_crate: &TokenStream,
) -> TokenStream {
    let declared = kind::errors(operation);
    let cases = declared
        .iter()
        .map(|(which, response)| Case::of(*which, response));
    let cases: Vec<Case<'_>> = cases.collect();
    let variants = cases.iter().map(|case| case.declared(types, types_crate));
    let statuses = cases.iter().map(|case| {
        let (pattern, status) = (case.pattern(false), case.status());
        quote!(#pattern => #status)
    });
    let answers = cases.iter().map(|case| {
        let (pattern, answer) = (case.pattern(true), case.answer(document));
        quote!(#pattern => #answer)
    });
    let forms = cases.iter().map(|case| {
        let ((_, _, pattern), form) = (variant(case.which), case.form(document));
        quote!(#pattern => #form)
    });
    let has_default = declared
        .iter()
        .any(|(which, _)| *which == Statuses::Default);
    let undeclared = (!has_default).then(|| quote!(_ => Form::PLAIN,));
    let described = described(&declared, types, types_crate);
    let declares = declares(&declared);
    let doc = docs(&format!(
        "How `{}` fails: what the document declares, and what the server finds wrong itself.",
        operation.id()
    ));
    // A header may be called `request_id`, so the method calls it otherwise.
    quote! {
        #doc
        #[derive(Debug)]
        pub enum #name {
            #(#variants,)*
            /// A fault under this status, told in the body that the document gives to it.
            Fault(u16, ::openapi_runtime::Fault),
        }

        impl #name {
            /// What a fault under this status is told in.
            #[allow(clippy::match_single_binding, clippy::match_same_arms)]
            fn form(status: u16) -> ::openapi_runtime::told::Form {
                use ::openapi_runtime::told::Form;
                match status {
                    #(#forms,)*
                    #undeclared
                }
            }
        }

        impl ::openapi_runtime::Failure for #name {
            fn of(status: u16, fault: ::openapi_runtime::Fault) -> Self {
                Self::Fault(::openapi_runtime::told::declared(status, #declares), fault)
            }
            fn status(&self) -> u16 {
                match self {
                    #(#statuses,)*
                    Self::Fault(status, _) => *status,
                }
            }
            fn fault(&self) -> &::openapi_runtime::Fault {
                match self {
                    Self::Fault(_, fault) => fault,
                    #[allow(unreachable_patterns)]
                    _ => ::openapi_runtime::told::nothing(),
                }
            }
            fn response(&self, __request_id: &str) -> ::http::Response<::dropshot::Body> {
                match self {
                    #(#answers,)*
                    Self::Fault(status, fault) => {
                        ::openapi_runtime::told::fault(*status, fault, Self::form(*status), __request_id)
                    }
                }
            }
        }

        ::openapi_runtime::told_failure!(#name: #described);
    }
}

/// The variant of an error response, the status that it holds, and the pattern of its statuses.
fn variant(which: Statuses) -> (Ident, Option<TokenStream>, TokenStream) {
    match which {
        Statuses::Exact(code) => {
            let literal = Literal::u16_unsuffixed(code);
            (names::status(code), None, quote!(#literal))
        }
        Statuses::Client => (
            names::ident("ClientError"),
            Some(quote!(::dropshot::ClientErrorStatusCode)),
            quote!(400..=499),
        ),
        Statuses::Server => (
            names::ident("ServerError"),
            Some(quote!(::dropshot::ErrorStatusCode)),
            quote!(500..=599),
        ),
        Statuses::Default => (
            names::ident("Other"),
            Some(quote!(::dropshot::ErrorStatusCode)),
            quote!(_),
        ),
    }
}

/// The statuses that may be answered, for the runtime to choose the nearest: empty when any may.
fn declares(declared: &[(Statuses, &Response)]) -> TokenStream {
    let ranges = declared.iter().map(|(which, _)| match which {
        Statuses::Exact(code) => {
            let code = Literal::u16_unsuffixed(*code);
            quote!((#code, #code))
        }
        Statuses::Client => quote!((400, 499)),
        Statuses::Server => quote!((500, 599)),
        Statuses::Default => quote!((400, 599)),
    });
    quote!(&[#(#ranges),*])
}

/// The type whose schema dropshot gives to all errors: that of `4XX`, else of `default`, else the first.
fn described(
    declared: &[(Statuses, &Response)],
    types: &Types,
    types_crate: &TokenStream,
) -> TokenStream {
    let of = |wanted: &dyn Fn(Statuses) -> bool| -> Option<Value> {
        let mut found = declared.iter().filter(|(which, _)| wanted(*which));
        found.find_map(|(_, response)| kind::error_schema(response))
    };
    let schema = of(&|which| which == Statuses::Client)
        .or_else(|| of(&|which| which == Statuses::Default))
        .or_else(|| of(&|_| true));
    schema.map_or_else(
        || quote!(::serde_json::Value),
        |schema| rust_type(&schema, types, types_crate),
    )
}
