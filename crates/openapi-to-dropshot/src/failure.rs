//! How an operation fails: one enum of what the document declares, and how a fault of the runtime is told in its terms.

use crate::kind::{self, Statuses};
use crate::parameters::rust_type;
use crate::print::docs;
use crate::types::Types;
use crate::{descriptor, names};
use openapi_document::{Document, OperationRef};
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
        told(operation, name, types, types_crate)
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

/// Bodies of the document's own: a variant for each response, and one for faults, whose body is made by the schema.
fn told(
    operation: OperationRef<'_>,
    name: &Ident,
    types: &Types,
    types_crate: &TokenStream,
) -> TokenStream {
    let declared = kind::errors(operation);
    let (mut variants, mut statuses, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    let mut schemas = Vec::new();
    for (which, response) in &declared {
        let schema = kind::error_schema(response);
        let ty = schema
            .as_ref()
            .map(|schema| rust_type(schema, types, types_crate));
        let (variant, status, pattern) = variant(*which);
        let held = [status.clone(), ty.clone()];
        let held: Vec<&TokenStream> = held.iter().flatten().collect();
        let doc = docs(&format!("{}: {}", title(*which), response.description));
        variants.push(if held.is_empty() {
            quote!(#doc #variant)
        } else {
            quote!(#doc #variant(#(#held),*))
        });
        let names: Vec<Ident> = [
            status.is_some().then(|| format_ident!("status")),
            ty.is_some().then(|| format_ident!("body")),
        ]
        .into_iter()
        .flatten()
        .collect();
        let destructured = if names.is_empty() {
            quote!(Self::#variant)
        } else {
            quote!(Self::#variant(#(#names),*))
        };
        let code = match which {
            Statuses::Exact(code) => quote!(#code),
            _ => quote!(status.as_u16()),
        };
        let ignore_body = ty.is_some().then(|| quote!(let _ = body;));
        statuses.push(quote!(#destructured => { #ignore_body #code }));
        let body = if ty.is_some() {
            quote!(::openapi_runtime::told::body(#code, body))
        } else {
            quote!(::openapi_runtime::told::empty(#code))
        };
        bodies.push(quote!(#destructured => #body));
        let place = schema.as_ref().map_or_else(
            || quote!(None),
            |schema| {
                let place = descriptor::borrowed(schema);
                quote!(Some(#place))
            },
        );
        schemas.push(quote!(#pattern => #place));
    }
    let has_default = declared
        .iter()
        .any(|(which, _)| *which == Statuses::Default);
    let undeclared = (!has_default).then(|| quote!(_ => None,));
    let described = described(&declared, types, types_crate);
    let declares = declares(&declared);
    let doc = docs(&format!(
        "How `{}` fails: what the document declares, and what the server finds wrong itself.",
        operation.id()
    ));
    quote! {
        #doc
        #[derive(Debug)]
        pub enum #name {
            #(#variants,)*
            /// A fault under this status, told in the body that the document gives to it.
            Fault(u16, ::openapi_runtime::Fault),
        }

        impl #name {
            /// The schema of the body under this status.
            #[allow(clippy::match_single_binding, clippy::match_same_arms)]
            fn schema(status: u16) -> ::std::option::Option<&'static ::openapi_runtime::schema::Schema> {
                match status {
                    #(#schemas,)*
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
                    #(#statuses)*
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
            fn response(&self, request_id: &str) -> ::http::Response<::dropshot::Body> {
                match self {
                    #(#bodies,)*
                    Self::Fault(status, fault) => {
                        ::openapi_runtime::told::fault(*status, fault, Self::schema(*status), request_id)
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

fn title(which: Statuses) -> String {
    match which {
        Statuses::Exact(code) => code.to_string(),
        Statuses::Client => "4XX".to_owned(),
        Statuses::Server => "5XX".to_owned(),
        Statuses::Default => "Any other".to_owned(),
    }
}

/// The statuses that may be answered, for the runtime to choose the nearest: empty when any may.
fn declares(declared: &[(Statuses, &openapi_document::openapiv3::Response)]) -> TokenStream {
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
    declared: &[(Statuses, &openapi_document::openapiv3::Response)],
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
