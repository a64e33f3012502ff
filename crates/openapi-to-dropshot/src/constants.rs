//! Formats and values of schemas, as the constants of `openapi_runtime::schema` have them.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::Value;

/// The variant of `IntegerFormat` for a format of integers, if there is one.
pub(crate) fn integer_format(name: &str) -> Option<TokenStream> {
    Some(match name {
        "int8" => quote!(Int8),
        "int16" => quote!(Int16),
        "int32" => quote!(Int32),
        "int64" => quote!(Int64),
        "uint8" => quote!(Uint8),
        "uint16" => quote!(Uint16),
        "uint32" => quote!(Uint32),
        "uint64" | "uint" => quote!(Uint64),
        _ => return None,
    })
}

/// The variant of `Format` for a format of strings, if it is one that is checked.
pub(crate) fn string_format(name: &str) -> Option<TokenStream> {
    Some(match name {
        "uuid" => quote!(Uuid),
        "date-time" => quote!(DateTime),
        "date" => quote!(Date),
        "time" => quote!(Time),
        "duration" => quote!(Duration),
        "uri" => quote!(Uri),
        "uri-reference" => quote!(UriReference),
        "email" => quote!(Email),
        "hostname" => quote!(Hostname),
        "ipv4" => quote!(Ipv4),
        "ipv6" => quote!(Ipv6),
        "ip" => quote!(Ip),
        "byte" => quote!(Byte),
        _ => return None,
    })
}

/// The value as an `openapi_runtime::schema::Literal`.
pub(crate) fn literal(value: &Value) -> TokenStream {
    match value {
        Value::Null => quote!(Literal::Null),
        Value::Bool(flag) => quote!(Literal::Bool(#flag)),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => {
                let integer = Literal::i64_unsuffixed(integer);
                quote!(Literal::Integer(#integer))
            }
            None => {
                let float = number.as_f64().unwrap_or_default();
                quote!(Literal::Number(#float))
            }
        },
        Value::String(text) => quote!(Literal::String(#text)),
        Value::Array(items) => {
            let items = items.iter().map(literal);
            quote!(Literal::Array(&[#(#items),*]))
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let value = literal(value);
                quote!((#name, #value))
            });
            quote!(Literal::Object(&[#(#members),*]))
        }
    }
}
