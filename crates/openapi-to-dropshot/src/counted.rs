//! Lists and maps with bounds: typify gives them `Vec` or a map as they are, so they get newtypes of our own around those.

use crate::newtype::{Rule, refusals, said};
use crate::{names, words};
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::Value;

/// The longest array that serde reads: typify makes `[T; N]` of a list of exactly N items.
const LONGEST_ARRAY: u64 = 32;

/// A list or map with bounds, as one newtype.
pub(crate) struct Counted {
    /// The name of the component: its own, or that of the property which it was taken out of.
    pub(crate) name: String,
    /// What it is without its bounds.
    pub(crate) plain: Value,
    /// The type of `plain`, once typify has made it.
    pub(crate) inner: TokenStream,
    /// `item` or `member`.
    of_what: &'static str,
    least: Option<u64>,
    most: Option<u64>,
    unique: bool,
    default: Option<Value>,
    description: String,
}

impl Counted {
    /// The newtype for `schema`, if that is a list or a map with bounds. Whether it is nullable is not looked at.
    pub(crate) fn of(name: &str, schema: &Value) -> Option<Counted> {
        let members = schema.as_object()?;
        let combined = ["allOf", "anyOf", "oneOf", "not", "enum"];
        if combined.iter().any(|key| members.contains_key(*key)) {
            return None;
        }
        let empty = |key: &str| match members.get(key) {
            Some(Value::Object(of)) => of.is_empty(),
            Some(Value::Array(of)) => of.is_empty(),
            Some(_) => false,
            None => true,
        };
        let keys = match schema.get("type")?.as_str()? {
            "array" => ["minItems", "maxItems", "uniqueItems"],
            // Named members are fields, and have bounds of their own.
            "object" if empty("properties") && empty("required") => {
                let open = members.get("additionalProperties") != Some(&Value::Bool(false));
                open.then_some(["minProperties", "maxProperties", ""])?
            }
            _ => return None,
        };
        let [least, most, unique] = keys;
        let list = most == "maxItems";
        let unique = members.get(unique) == Some(&Value::Bool(true));
        let least = members.get(least).and_then(Value::as_u64);
        let least = least.filter(|least| *least > 0);
        let most = members.get(most).and_then(Value::as_u64);
        let exactly = least == most && most.is_some_and(|most| most <= LONGEST_ARRAY);
        if (least.is_none() && most.is_none() && !unique) || (list && exactly && !unique) {
            return None;
        }
        let mut plain = members.clone();
        let bounds = keys
            .into_iter()
            .chain(["default", "nullable", "description"]);
        bounds.for_each(|key| {
            plain.remove(key);
        });
        let description = members.get("description").and_then(Value::as_str);
        Some(Counted {
            name: name.to_owned(),
            plain: plain.into(),
            inner: TokenStream::new(),
            of_what: if list { "item" } else { "member" },
            least,
            most,
            unique,
            default: members.get("default").filter(|d| !d.is_null()).cloned(),
            description: description.unwrap_or_default().to_owned(),
        })
    }

    /// Whether the type has a default value.
    pub(crate) fn has_default(&self) -> bool {
        self.default.is_some()
    }

    /// Which helpers of [`crate::helpers`] the type calls.
    pub(crate) fn helpers(&self) -> &'static [&'static str] {
        if self.unique { &["unique"] } else { &[] }
    }

    /// The newtype, which no value outside the bounds inhabits.
    pub(crate) fn tokens(&self) -> TokenStream {
        let name = names::ident(&names::type_name(&self.name));
        let inner = &self.inner;
        let (mut rules, mut said_of) = (Vec::new(), Vec::new());
        if let Some(least) = self.least {
            let (literal, words) = (literal(least), words::too_few(least, self.of_what));
            said_of.push(words.clone());
            let broken = match least {
                1 => quote!(value.is_empty()),
                _ => quote!(value.len() < #literal),
            };
            rules.push(Rule { broken, words });
        }
        if let Some(most) = self.most {
            let (literal, words) = (literal(most), words::too_many(most, self.of_what));
            said_of.push(words.clone());
            let broken = match most {
                0 => quote!(!value.is_empty()),
                _ => quote!(value.len() > #literal),
            };
            rules.push(Rule { broken, words });
        }
        let unique = self.unique.then(|| {
            said_of.push("must not have two equal items".to_owned());
            quote!(self::bounds::unique(&value)?;)
        });
        let read = if self.unique {
            // What the items' type leaves out of JSON may tell two of them apart.
            quote! {
                let items = <::std::vec::Vec<::serde_json::Value> as ::serde::Deserialize>::deserialize(deserializer)?;
                self::bounds::unique(&items).map_err(<D::Error as ::serde::de::Error>::custom)?;
                let items = ::serde_json::Value::Array(items);
                let value = <#inner as ::serde::Deserialize>::deserialize(items)
                    .map_err(<D::Error as ::serde::de::Error>::custom)?;
                Self::counted(value)
            }
        } else {
            quote! {
                let value = <#inner as ::serde::Deserialize>::deserialize(deserializer)?;
                Self::counted(value)
            }
        };
        let refusals = refusals(&rules);
        let what = match self.of_what {
            "item" => "a list",
            _ => "a map",
        };
        let rule = format!("{what} that {}", said_of.join(", "));
        let doc = said(&self.name, &self.description, &rule);
        let default = self.default.as_ref().map(|default| {
            let text = default.to_string();
            quote! {
                impl ::std::default::Default for #name {
                    fn default() -> Self {
                        ::serde_json::from_str(#text).expect("checked when this was generated")
                    }
                }
            }
        });
        quote! {
            #doc
            #[derive(Clone, Debug, ::serde::Serialize)]
            #[serde(transparent)]
            pub struct #name(#inner);

            impl #name {
                /// What it holds.
                pub fn into_inner(self) -> #inner {
                    self.0
                }

                fn counted(value: #inner) -> ::std::result::Result<Self, self::error::ConversionError> {
                    #refusals
                    ::std::result::Result::Ok(Self(value))
                }
            }

            impl ::std::convert::TryFrom<#inner> for #name {
                type Error = self::error::ConversionError;
                fn try_from(value: #inner) -> ::std::result::Result<Self, self::error::ConversionError> {
                    #unique
                    Self::counted(value)
                }
            }

            impl ::std::convert::From<#name> for #inner {
                fn from(value: #name) -> Self {
                    value.0
                }
            }

            impl ::std::ops::Deref for #name {
                type Target = #inner;
                fn deref(&self) -> &#inner {
                    &self.0
                }
            }

            impl ::std::iter::IntoIterator for #name {
                type Item = <#inner as ::std::iter::IntoIterator>::Item;
                type IntoIter = <#inner as ::std::iter::IntoIterator>::IntoIter;
                fn into_iter(self) -> Self::IntoIter {
                    self.0.into_iter()
                }
            }

            impl<'a> ::std::iter::IntoIterator for &'a #name {
                type Item = <&'a #inner as ::std::iter::IntoIterator>::Item;
                type IntoIter = <&'a #inner as ::std::iter::IntoIterator>::IntoIter;
                fn into_iter(self) -> Self::IntoIter {
                    self.0.iter()
                }
            }

            impl<'de> ::serde::Deserialize<'de> for #name {
                fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                    #read.map_err(<D::Error as ::serde::de::Error>::custom)
                }
            }

            #default
        }
    }
}

fn literal(count: u64) -> Literal {
    Literal::u64_unsuffixed(count)
}
