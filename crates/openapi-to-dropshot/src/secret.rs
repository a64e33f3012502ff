//! Types whose content must not be shown: `x-secret: true` on a schema takes `Debug` and `Display` from its type.

use crate::items::items;
use crate::names;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use serde_json::Value;
use std::collections::BTreeSet;
use syn::Item;

/// The Rust names of the types that are secret. A property's type is called after its object and itself.
pub(crate) fn names(components: &[(String, Value)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (name, schema) in components {
        collect(name, schema, &mut found);
    }
    found
}

fn collect(name: &str, schema: &Value, found: &mut BTreeSet<String>) {
    if schema.get("x-secret") == Some(&Value::Bool(true)) {
        found.insert(names::type_name(name));
    }
    for (property, schema) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        collect(&format!("{name}-{property}"), schema, found);
    }
}

/// Replaces what would show the content of the types named in `secrets`.
pub(crate) fn redact(tokens: TokenStream, secrets: &BTreeSet<String>) -> syn::Result<TokenStream> {
    if secrets.is_empty() {
        return Ok(tokens);
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
    Ok(out)
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
    fn of(item: &[TokenTree], secrets: &BTreeSet<String>) -> Shows {
        let words: Vec<&Ident> = item
            .iter()
            .filter_map(|token| match token {
                TokenTree::Ident(word) => Some(word),
                _ => None,
            })
            .collect();
        let is_secret = |name: &Ident| secrets.contains(&name.to_string());
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
