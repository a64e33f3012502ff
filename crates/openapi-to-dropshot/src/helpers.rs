//! What types with bounds call to keep them, as `openapi_runtime::strict` does; written once into the types, and only what
//! is called.

use crate::words;
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::BTreeSet;

/// The module `bounds` with the helpers that are `called`: `multiple`, `written`, `unique`. Nothing if none is.
pub(crate) fn module(called: &BTreeSet<&str>) -> TokenStream {
    if called.is_empty() {
        return TokenStream::new();
    }
    let multiple = called.contains("multiple").then(multiple);
    let written = called.contains("written").then(written);
    let unique = called.contains("unique").then(unique);
    quote! {
        /// Bounds, kept as the server keeps them.
        mod bounds {
            #multiple
            #written
            #unique
        }
    }
}

fn multiple() -> TokenStream {
    quote! {
        /// Whether the value is a multiple of the step, as far as doubles can tell: 0.3 is one of 0.1.
        pub(super) fn multiple(value: f64, step: f64) -> bool {
            let quotient = value / step;
            let off = (quotient - quotient.round()).abs();
            let whole = value.fract() == 0.0 && step.fract() == 0.0;
            value % step == 0.0 || !whole && off <= 4.0 * f64::EPSILON * quotient.abs()
        }
    }
}

fn written() -> TokenStream {
    quote! {
        /// What is read where the value is written: it has fewer digits than the double that equals it.
        pub(super) fn written(value: f32) -> f64 {
            value.to_string().parse().unwrap_or(f64::from(value))
        }
    }
}

fn unique() -> TokenStream {
    let repeated = format!("[{{at}}]: {}", words::REPEATED);
    quote! {
        /// Refuses a list of which two items are equal as JSON.
        pub(super) fn unique<T: ::serde::Serialize>(
            items: &[T],
        ) -> ::std::result::Result<(), super::error::ConversionError> {
            let mut seen = ::std::collections::HashSet::new();
            for (at, item) in items.iter().enumerate() {
                let item = ::serde_json::to_value(item).map_err(|error| error.to_string())?;
                let mut text = ::std::string::String::new();
                canonical(&item, &mut text);
                if !seen.insert(text) {
                    return ::std::result::Result::Err(format!(#repeated).into());
                }
            }
            ::std::result::Result::Ok(())
        }

        /// Writes the value so that equal values have equal texts: members sorted, numbers by value.
        fn canonical(value: &::serde_json::Value, out: &mut ::std::string::String) {
            match value {
                ::serde_json::Value::Number(number) => {
                    let float = || number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 1e18);
                    let whole = number.as_i64().map(i128::from);
                    let whole = whole.or_else(|| number.as_u64().map(i128::from));
                    match whole.or_else(|| float().map(|n| n as i128)) {
                        ::std::option::Option::Some(whole) => out.push_str(&whole.to_string()),
                        ::std::option::Option::None => out.push_str(&number.to_string()),
                    }
                }
                ::serde_json::Value::Array(items) => {
                    out.push('[');
                    for item in items {
                        canonical(item, out);
                        out.push(',');
                    }
                    out.push(']');
                }
                ::serde_json::Value::Object(members) => {
                    let sorted: ::std::collections::BTreeMap<_, _> = members.iter().collect();
                    out.push('{');
                    for (name, value) in sorted {
                        out.push_str(&format!("{name:?}:"));
                        canonical(value, out);
                        out.push(',');
                    }
                    out.push('}');
                }
                ::serde_json::Value::String(text) => out.push_str(&format!("{text:?}")),
                other => out.push_str(&other.to_string()),
            }
        }
    }
}
