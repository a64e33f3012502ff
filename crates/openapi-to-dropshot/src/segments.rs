//! Variables of paths that would lead elsewhere: URL libraries take `.` and `..` out of a path, and the segment before with
//! it, however they are encoded (WHATWG URL, "single-dot" and "double-dot" segments); what is empty leads to another
//! path too. A call with one is not sent.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

/// What stands for progenitor's `encode_path(&name.to_string())`, of which `argument` is in the brackets.
pub(crate) fn checked(argument: &TokenStream) -> TokenStream {
    let name = argument.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(name) => Some(name.to_string()),
        _ => None,
    });
    let name = name.unwrap_or_default();
    let name = name.trim_start_matches("r#").trim_end_matches('_');
    quote!(super::segments::segment(#name, #argument).map_err(Error::InvalidRequest)?)
}

/// What the calls use.
pub(crate) fn module() -> TokenStream {
    quote! {
        /// Variables of paths, as they are sent.
        mod segments {
            /// The text as one segment of a path.
            pub(super) fn segment(name: &str, text: &str) -> Result<String, String> {
                if matches!(text, "" | "." | "..") {
                    return Err(format!("{name}: must not be empty, `.` or `..`: it would be another path"));
                }
                Ok(progenitor_client::encode_path(text))
            }
        }
    }
}
