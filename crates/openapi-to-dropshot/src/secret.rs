//! Types whose content must not be shown: `x-secret: true` on a schema takes `Debug` and `Display` from its type.

use crate::items::items;
use crate::names;
use openapi_document::{Diagnostic, Diagnostics, Document, Span};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use syn::Item;

/// The Rust names of the types that are secret, each with the pointer to its schema in the document. A property's type is
/// called after its object and itself.
pub(crate) fn names(document: &Document, components: &[(String, Value)]) -> Secrets {
    let mut found = Secrets::new();
    for (name, schema) in components {
        let original = openapi_document::escape(document.original_name(name));
        let pointer = format!("/components/schemas/{original}");
        collect(name, &pointer, schema, &mut found);
    }
    found
}

/// The Rust names of secret types, each with the pointer to its schema.
pub(crate) type Secrets = BTreeMap<String, String>;

fn collect(name: &str, pointer: &str, schema: &Value, found: &mut Secrets) {
    if schema.get("x-secret") == Some(&Value::Bool(true)) {
        found.insert(names::type_name(name), pointer.to_owned());
    }
    for (property, schema) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let pointer = format!(
            "{pointer}/properties/{}",
            openapi_document::escape(property)
        );
        collect(&format!("{name}-{property}"), &pointer, schema, found);
    }
}

/// K0209: the secrets that no type of their own was made for, so that they would be shown.
pub(crate) fn shown(
    document: &Document,
    secrets: &Secrets,
    hidden: &BTreeSet<String>,
) -> Diagnostics {
    let mut diagnostics = document.diagnostics();
    for (_, pointer) in secrets.iter().filter(|(name, _)| !hidden.contains(*name)) {
        diagnostics.push(refusal(document.span(&format!("{pointer}/x-secret"))));
    }
    diagnostics
}

/// That what is called secret would be shown.
pub(crate) fn refusal(span: Span) -> Diagnostic {
    Diagnostic::new("K0209", span, "what is secret here has no type of its own, and would be shown")
        .help("make it a schema of its own in `components/schemas`, of one type and not nullable, and refer to it by `$ref`")
}

/// Replaces what would show the content of the types named in `secrets`.
/// Returns the names of those that are hidden now, too.
pub(crate) fn redact(
    tokens: TokenStream,
    secrets: &Secrets,
) -> syn::Result<(TokenStream, BTreeSet<String>)> {
    let mut hidden = BTreeSet::new();
    if secrets.is_empty() {
        return Ok((tokens, hidden));
    }
    let mut out = TokenStream::new();
    for item in items(tokens) {
        match Shows::of(&item, secrets) {
            Shows::Nothing => out.extend(item),
            Shows::Content => {}
            Shows::Derived(name) => {
                let mut item = syn::parse2::<Item>(item.into_iter().collect())?;
                match &mut item {
                    Item::Struct(item) => without_debug(&mut item.attrs)?,
                    Item::Enum(item) => without_debug(&mut item.attrs)?,
                    _ => {}
                }
                item.to_tokens(&mut out);
                hidden.insert(name.to_string());
                let shown = format!("{name}(..)");
                out.extend(quote! {
                    /// Shows that there is a value, and not which.
                    impl ::std::fmt::Debug for #name {
                        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                            f.write_str(#shown)
                        }
                    }
                });
            }
        }
    }
    Ok((out, hidden))
}

/// What an item shows of secrets.
enum Shows {
    Nothing,
    /// It is `impl Display` for a secret type.
    Content,
    /// It is a secret type, which derives `Debug`.
    Derived(Ident),
}

impl Shows {
    fn of(item: &[TokenTree], secrets: &Secrets) -> Shows {
        let words: Vec<&Ident> = item
            .iter()
            .filter_map(|token| match token {
                TokenTree::Ident(word) => Some(word),
                _ => None,
            })
            .collect();
        let is_secret = |name: &Ident| secrets.contains_key(&name.to_string());
        let at = |word: &str| words.iter().position(|other| *other == word);
        if let Some(declared) = at("struct").or_else(|| at("enum")) {
            return match words.get(declared + 1) {
                Some(name) if is_secret(name) => Shows::Derived((*name).clone()),
                _ => Shows::Nothing,
            };
        }
        let displays = at("impl") == Some(0) && at("Display").is_some();
        match words.last() {
            Some(name) if displays && is_secret(name) => Shows::Content,
            _ => Shows::Nothing,
        }
    }
}

fn without_debug(attributes: &mut [syn::Attribute]) -> syn::Result<()> {
    for attribute in attributes
        .iter_mut()
        .filter(|attribute| attribute.path().is_ident("derive"))
    {
        let paths = attribute.parse_args_with(
            syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated,
        )?;
        let kept = paths.iter().filter(|path| {
            path.segments
                .last()
                .is_none_or(|last| last.ident != "Debug")
        });
        let replaced: syn::Attribute = syn::parse_quote!(#[derive(#(#kept),*)]);
        *attribute = replaced;
    }
    Ok(())
}
