//! Types whose content must not be shown: `x-secret: true` on a schema takes `Debug` and `Display` from its type.

use crate::names;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use serde_json::Value;
use std::collections::BTreeSet;
use syn::{Item, Type};

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
    let mut file = syn::parse2::<syn::File>(tokens)?;
    file.items.retain(|item| !shows(item, secrets));
    let mut out = TokenStream::new();
    for mut item in file.items {
        let name = match &item {
            Item::Struct(item) => Some(item.ident.clone()),
            Item::Enum(item) => Some(item.ident.clone()),
            _ => None,
        };
        let secret = name.filter(|name| secrets.contains(&name.to_string()));
        if secret.is_some() {
            match &mut item {
                Item::Struct(item) => without_debug(&mut item.attrs)?,
                Item::Enum(item) => without_debug(&mut item.attrs)?,
                _ => {}
            }
        }
        item.to_tokens(&mut out);
        if let Some(name) = secret {
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
    Ok(out)
}

/// Whether the item is `impl Display` for a secret type.
fn shows(item: &Item, secrets: &BTreeSet<String>) -> bool {
    let Item::Impl(item) = item else { return false };
    let display = item
        .trait_
        .as_ref()
        .and_then(|(path, ..)| path.segments.last())
        .is_some_and(|last| last.ident == "Display");
    let Type::Path(ty) = &*item.self_ty else {
        return false;
    };
    display
        && ty
            .path
            .segments
            .last()
            .is_some_and(|last| secrets.contains(&last.ident.to_string()))
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
