//! How the callers of an operation are known, as the runtime asks for it.

use openapi_document::openapiv3::{APIKeyLocation, ReferenceOr, SecurityScheme};
use openapi_document::{Document, OperationRef};
use proc_macro2::TokenStream;
use quote::quote;

/// The constant of the operation; none where nothing is said, or what the runtime demands of itself: one bearer token and no
/// scope, of a scheme called `bearer`. An operation that may also be asked without has it, too: so its keys are none of its
/// parameters, and are no mistake.
pub(crate) fn constant(document: &Document, operation: OperationRef<'_>) -> Option<TokenStream> {
    let alternatives = operation.operation.security.iter().flatten();
    // One that demands nothing, or what nobody can show, is none that makes a caller known.
    let alternatives = alternatives.filter(|schemes| !schemes.is_empty());
    let alternatives = alternatives.filter_map(|schemes| {
        let schemes = schemes.iter().map(|(name, scopes)| {
            let carrier = carrier(scheme(document, name)?)?;
            Some(quote!(Scheme { name: #name, carrier: #carrier, scopes: &[#(#scopes),*] }))
        });
        let schemes: Vec<_> = schemes.collect::<Option<_>>()?;
        Some(quote!(&[#(#schemes),*]))
    });
    let alternatives: Vec<_> = alternatives.collect();
    let named = |name: &str| {
        let mut all = operation.operation.security.iter().flatten();
        all.all(|schemes| schemes.contains_key(name))
    };
    if alternatives.is_empty() || (is_bearer(document, operation) && named("bearer")) {
        return None;
    }
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
