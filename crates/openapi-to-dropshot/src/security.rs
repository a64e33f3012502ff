//! How the callers of an operation are known, as the runtime asks for it.

use openapi_document::openapiv3::{APIKeyLocation, ReferenceOr, SecurityScheme};
use openapi_document::{Document, OperationRef};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// The constant of the operation; none where nothing is said, or what the runtime demands of itself: one bearer token and no
/// scope, of a scheme called `bearer`. An operation that may also be asked without has it, too: so its keys are none of its
/// parameters, and are no mistake.
pub(crate) fn constant(document: &Document, operation: OperationRef<'_>) -> Option<TokenStream> {
    let alternatives = operation.operation.security.iter().flatten();
    let alternatives = alternatives.filter_map(|schemes| {
        let names = shown(document, schemes.keys())?;
        let schemes = names.into_iter().map(|(name, carrier)| {
            let scopes = &schemes[name];
            quote!(Scheme { name: #name, carrier: #carrier, scopes: &[#(#scopes),*] })
        });
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

/// The schemes of each alternative that makes a caller known.
pub(crate) fn alternatives<'a>(
    document: &'a Document,
    operation: OperationRef<'a>,
) -> Vec<Vec<&'a str>> {
    let alternatives = operation.operation.security.iter().flatten();
    let alternatives = alternatives.filter_map(|schemes| {
        let names = shown(document, schemes.keys())?;
        Some(names.into_iter().map(|(name, _)| name).collect())
    });
    alternatives.collect()
}

/// The schemes of an alternative, if it makes a caller known: it demands something, and nothing that nobody can show.
fn shown<'a>(
    document: &'a Document,
    names: impl Iterator<Item = &'a String>,
) -> Option<Vec<(&'a str, Carrier<'a>)>> {
    let names = names.map(|name| Some((name.as_str(), Carrier::of(scheme(document, name)?)?)));
    let names: Vec<_> = names.collect::<Option<_>>()?;
    (!names.is_empty()).then_some(names)
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

/// The scheme that the document calls so.
pub(crate) fn scheme<'a>(document: &'a Document, name: &str) -> Option<&'a SecurityScheme> {
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

/// What the document says of a scheme.
pub(crate) fn description(scheme: &SecurityScheme) -> &str {
    let (SecurityScheme::APIKey { description, .. }
    | SecurityScheme::HTTP { description, .. }
    | SecurityScheme::OAuth2 { description, .. }
    | SecurityScheme::OpenIDConnect { description, .. }) = scheme;
    description.as_deref().unwrap_or_default()
}

/// Where the credential of a scheme is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier<'a> {
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic,
    /// The header of this name.
    Header(&'a str),
    /// The parameter of the query of this name.
    Query(&'a str),
}

impl<'a> Carrier<'a> {
    /// K0112 refuses the schemes that have none here.
    pub(crate) fn of(scheme: &'a SecurityScheme) -> Option<Self> {
        Some(match scheme {
            SecurityScheme::HTTP { scheme, .. } if scheme.eq_ignore_ascii_case("basic") => {
                Carrier::Basic
            }
            SecurityScheme::HTTP { scheme, .. } if !scheme.eq_ignore_ascii_case("bearer") => {
                return None;
            }
            SecurityScheme::HTTP { .. }
            | SecurityScheme::OAuth2 { .. }
            | SecurityScheme::OpenIDConnect { .. } => Carrier::Bearer,
            SecurityScheme::APIKey { location, name, .. } => match location {
                APIKeyLocation::Header => Carrier::Header(name),
                APIKeyLocation::Query => Carrier::Query(name),
                APIKeyLocation::Cookie => return None,
            },
        })
    }
}

/// As the runtime has it.
impl ToTokens for Carrier<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Carrier::Bearer => quote!(Carrier::Bearer),
            Carrier::Basic => quote!(Carrier::Basic),
            Carrier::Header(name) => quote!(Carrier::Header(#name)),
            Carrier::Query(name) => quote!(Carrier::Query(#name)),
        });
    }
}
