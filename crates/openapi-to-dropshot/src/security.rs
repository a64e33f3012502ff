//! How the callers of an operation are known, as the runtime asks for it.

use openapi_document::openapiv3::{APIKeyLocation, ReferenceOr, SecurityScheme};
use openapi_document::{Document, OperationRef};
use proc_macro2::TokenStream;
use quote::quote;

/// The constant of the operation; none where it has nobody to know, or knows them by one bearer token and no scope, as the
/// runtime does of itself.
pub(crate) fn constant(document: &Document, operation: OperationRef<'_>) -> Option<TokenStream> {
    if !operation.is_secured() || is_bearer(document, operation) {
        return None;
    }
    let alternatives = operation.operation.security.iter().flatten();
    let alternatives = alternatives.map(|schemes| {
        let schemes = schemes.iter().filter_map(|(name, scopes)| {
            let carrier = carrier(scheme(document, name)?)?;
            Some(quote!(Scheme { name: #name, carrier: #carrier, scopes: &[#(#scopes),*] }))
        });
        quote!(&[#(#schemes),*])
    });
    Some(quote! {
        const SECURITY: &'static [&'static [::openapi_runtime::Scheme]] = {
            use ::openapi_runtime::{Carrier, Scheme};
            &[#(#alternatives),*]
        };
    })
}

/// Whether callers are known by one bearer token, and no scope is asked for.
pub(crate) fn is_bearer(document: &Document, operation: OperationRef<'_>) -> bool {
    let alternatives = operation.operation.security.as_deref().unwrap_or_default();
    let [only] = alternatives else { return false };
    let mut schemes = only.iter();
    let (Some((name, scopes)), None) = (schemes.next(), schemes.next()) else {
        return false;
    };
    let is_http = matches!(scheme(document, name), Some(SecurityScheme::HTTP { scheme, .. })
        if scheme.eq_ignore_ascii_case("bearer"));
    is_http && scopes.is_empty()
}

fn scheme<'a>(document: &'a Document, name: &str) -> Option<&'a SecurityScheme> {
    let schemes = &document.openapi.components.as_ref()?.security_schemes;
    let mut found = schemes.get(name)?;
    for _ in 0..16 {
        match found {
            ReferenceOr::Item(scheme) => return Some(scheme),
            ReferenceOr::Reference { reference } => {
                found = schemes.get(reference.rsplit('/').next()?)?;
            }
        }
    }
    None
}

/// Where the credential of a scheme is; K0112 refuses the schemes that have none here.
fn carrier(scheme: &SecurityScheme) -> Option<TokenStream> {
    Some(match scheme {
        SecurityScheme::HTTP { scheme, .. } if scheme.eq_ignore_ascii_case("basic") => {
            quote!(Carrier::Basic)
        }
        SecurityScheme::HTTP { scheme, .. } if !scheme.eq_ignore_ascii_case("bearer") => {
            return None;
        }
        SecurityScheme::HTTP { .. }
        | SecurityScheme::OAuth2 { .. }
        | SecurityScheme::OpenIDConnect { .. } => quote!(Carrier::Bearer),
        SecurityScheme::APIKey { location, name, .. } => match location {
            APIKeyLocation::Header => quote!(Carrier::Header(#name)),
            APIKeyLocation::Query => quote!(Carrier::Query(#name)),
            APIKeyLocation::Cookie => return None,
        },
    })
}
