//! Booleans of which one is no value (`enum: [true]`, and 3.1's `const`): typify gives them `bool`, which holds both.

use crate::newtype::{Newtype, Rule, said};
use crate::{names, words};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

/// The one boolean that there is, as a newtype.
pub(crate) struct Flag {
    /// The name of the component: its own, or that of the property which it was taken out of.
    pub(crate) name: String,
    value: bool,
    default: bool,
    description: String,
}

impl Flag {
    /// The newtype for `schema`, if that lists one boolean and nothing else but null. Whether it is nullable is not
    /// looked at.
    pub(crate) fn of(name: &str, schema: &Value) -> Option<Flag> {
        let kind = schema.get("type").and_then(Value::as_str);
        if kind.is_some_and(|kind| kind != "boolean") {
            return None;
        }
        let listed = schema.get("enum")?.as_array()?.iter();
        let listed: Option<Vec<bool>> = listed
            .filter(|value| !value.is_null())
            .map(Value::as_bool)
            .collect();
        let listed = listed?;
        let value = *listed.first()?;
        if listed.contains(&!value) {
            return None;
        }
        let description = schema.get("description").and_then(Value::as_str);
        Some(Flag {
            name: name.to_owned(),
            value,
            default: schema.get("default").is_some_and(Value::is_boolean),
            description: description.unwrap_or_default().to_owned(),
        })
    }

    /// Whether the type has a default value.
    pub(crate) fn has_default(&self) -> bool {
        self.default
    }

    /// The newtype, which the other value does not inhabit.
    pub(crate) fn tokens(&self) -> TokenStream {
        let value = self.value;
        let broken = if value { quote!(!value) } else { quote!(value) };
        let words = words::not_listed(value);
        let newtype = Newtype {
            name: names::ident(&names::type_name(&self.name)),
            machine: format_ident!("bool"),
            doc: said(&self.name, &self.description, &format!("`{value}` alone")),
            derives: quote!(PartialEq, Eq, PartialOrd, Ord, Hash,),
            constants: quote! {
                /// The one value that there is.
                pub const ONLY: Self = Self(#value);
            },
            rules: vec![Rule { broken, words }],
            unread: words::not_listed(value),
            default: self.default.then(|| quote!(#value)),
        };
        newtype.tokens()
    }
}
