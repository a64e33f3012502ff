//! Enums whose values differ only in what Rust's names do not keep: typify cannot name their variants.

use crate::names;
use crate::print::docs;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An enum of strings.
pub(crate) struct Choice {
    /// The name of the component: its own, or that of the property which it was taken out of.
    pub(crate) name: String,
    values: Vec<String>,
    default: Option<String>,
    description: String,
}

impl Choice {
    /// The enum for `schema`, if its values collide. Whether it is nullable is not looked at.
    pub(crate) fn of(name: &str, schema: &Value) -> Option<Choice> {
        if schema.get("type")?.as_str()? != "string" {
            return None;
        }
        let values = schema.get("enum")?.as_array()?.iter();
        let values: Vec<String> = values
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect();
        let mut seen = BTreeSet::new();
        let clear = |value: &String| {
            let plain = value.chars().any(char::is_alphanumeric);
            seen.insert(names::camel(value)) && plain
        };
        if values.iter().all(clear) {
            return None;
        }
        let text = |key: &str| Some(schema.get(key)?.as_str()?.to_owned());
        Some(Choice {
            name: name.to_owned(),
            values,
            default: text("default"),
            description: text("description").unwrap_or_default(),
        })
    }

    /// A variant for each value: its name, with a number where that is taken.
    fn variants(&self) -> Vec<Ident> {
        let mut taken = BTreeSet::new();
        // By the name: the number that is tried next.
        let mut next: BTreeMap<String, usize> = BTreeMap::new();
        let mut variant = |value: &String| {
            let plain = value.chars().any(char::is_alphanumeric);
            let base = if plain {
                names::camel(value)
            } else {
                "Value".to_owned()
            };
            let mut name = base.clone();
            let number = next.entry(base.clone()).or_insert(2);
            while !taken.insert(name.clone()) {
                name = format!("{base}{number}");
                *number += 1;
            }
            names::ident(&name)
        };
        self.values.iter().map(&mut variant).collect()
    }

    /// Whether the type has a default value.
    pub(crate) fn has_default(&self) -> bool {
        self.default.is_some()
    }

    /// The enum.
    pub(crate) fn tokens(&self) -> TokenStream {
        let name = names::ident(&names::type_name(&self.name));
        let (variants, values) = (self.variants(), &self.values);
        let doc = docs(if self.description.is_empty() {
            &self.name
        } else {
            &self.description
        });
        let refusal = format!("must be one of `{}`", values.join("`, `"));
        let value_docs = values.iter().map(|value| docs(&format!("`{value}`")));
        let default = self.default.as_ref().and_then(|default| {
            let at = values.iter().position(|value| value == default)?;
            let variant = format_ident!("{}", variants[at]);
            Some(quote! {
                impl ::std::default::Default for #name {
                    fn default() -> Self {
                        Self::#variant
                    }
                }
            })
        });
        quote! {
            #doc
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
            pub enum #name {
                #(#value_docs #[serde(rename = #values)] #variants),*
            }

            impl #name {
                /// The value on the wire.
                pub const fn as_str(self) -> &'static str {
                    match self {
                        #(Self::#variants => #values),*
                    }
                }
            }

            impl ::std::str::FromStr for #name {
                type Err = self::error::ConversionError;
                fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
                    match value {
                        #(#values => Ok(Self::#variants),)*
                        _ => Err(#refusal.into()),
                    }
                }
            }

            impl ::std::convert::TryFrom<&str> for #name {
                type Error = self::error::ConversionError;
                fn try_from(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
                    value.parse()
                }
            }

            impl ::std::convert::TryFrom<::std::string::String> for #name {
                type Error = self::error::ConversionError;
                fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, self::error::ConversionError> {
                    value.parse()
                }
            }

            impl ::std::fmt::Display for #name {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.write_str(self.as_str())
                }
            }

            #default
        }
    }
}
