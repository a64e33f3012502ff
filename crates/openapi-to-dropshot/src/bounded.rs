//! Integers with bounds: typify gives them machine types that are wider, so they get newtypes of our own.

use crate::names;
use crate::print::docs;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

/// A bounded integer, as one newtype.
pub(crate) struct Bounded {
    /// The name of the component: its own, or that of the property which it was taken out of.
    pub(crate) name: String,
    minimum: i128,
    maximum: i128,
    multiple_of: Option<i128>,
    signed: bool,
    bits: u8,
    default: Option<i128>,
    description: String,
}

impl Bounded {
    /// The newtype for `schema`, if that is an integer whose bounds are tighter than its machine type.
    pub(crate) fn of(name: &str, schema: &Value) -> Option<Bounded> {
        if schema.get("type")?.as_str()? != "integer"
            || schema.get("enum").is_some()
            || schema.get("nullable") == Some(&Value::Bool(true))
        {
            return None;
        }
        let integer = |key: &str| {
            let number = schema.get(key)?;
            number
                .as_i64()
                .map(i128::from)
                .or_else(|| number.as_u64().map(i128::from))
        };
        let flag = |key: &str| i128::from(schema.get(key) == Some(&Value::Bool(true)));
        let (bits, signed) = match schema.get("format").and_then(Value::as_str) {
            Some("int8") => (8, true),
            Some("int16") => (16, true),
            Some("int32") => (32, true),
            Some("uint8") => (8, false),
            Some("uint16") => (16, false),
            Some("uint32") => (32, false),
            // No JSON number beyond 64 bits is read alike everywhere.
            Some("uint64" | "uint" | "uint128") => (64, false),
            _ => (64, true),
        };
        let (low, high) = if signed {
            (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1)
        } else {
            (0, (1_i128 << bits) - 1)
        };
        let minimum =
            integer("minimum").map_or(low, |bound| (bound + flag("exclusiveMinimum")).max(low));
        let maximum =
            integer("maximum").map_or(high, |bound| (bound - flag("exclusiveMaximum")).min(high));
        let multiple_of = integer("multipleOf").filter(|step| *step > 1);
        if minimum == low && maximum == high && multiple_of.is_none() {
            return None;
        }
        Some(Bounded {
            name: name.to_owned(),
            minimum,
            maximum,
            multiple_of,
            signed,
            bits,
            default: integer("default"),
            description: schema
                .get("description")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
        })
    }

    /// Whether the type has a default value.
    pub(crate) fn has_default(&self) -> bool {
        self.default.is_some()
    }

    /// The Rust name.
    pub(crate) fn rust_name(&self) -> String {
        names::type_name(&self.name)
    }

    /// The newtype, which no value outside the bounds inhabits.
    pub(crate) fn tokens(&self) -> TokenStream {
        let name = names::ident(&self.rust_name());
        let machine = format_ident!("{}{}", if self.signed { "i" } else { "u" }, self.bits);
        let (minimum, maximum) = (
            Literal::i128_unsuffixed(self.minimum),
            Literal::i128_unsuffixed(self.maximum),
        );
        let mut rule = format!("an integer from {} to {}", self.minimum, self.maximum);
        let mut test = quote!((Self::MIN..=Self::MAX).contains(&value));
        if let Some(step) = self.multiple_of {
            rule.push_str(&format!(", a multiple of {step}"));
            let step = Literal::i128_unsuffixed(step);
            test = quote!(#test && value % #step == 0);
        }
        let doc = if self.description.is_empty() {
            format!("{}: {rule}.", self.name)
        } else {
            format!("{}\n\nHolds {rule}.", self.description)
        };
        let doc = docs(&doc);
        let refusal = format!("must be {rule}");
        let default = self.default.map(|value| {
            let value = Literal::i128_unsuffixed(value);
            quote! {
                impl ::std::default::Default for #name {
                    fn default() -> Self {
                        Self(#value)
                    }
                }
            }
        });
        quote! {
            #doc
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize)]
            #[serde(transparent)]
            pub struct #name(#machine);

            impl #name {
                /// The least value.
                pub const MIN: #machine = #minimum;
                /// The greatest value.
                pub const MAX: #machine = #maximum;

                /// The value.
                pub const fn get(self) -> #machine {
                    self.0
                }
            }

            impl ::std::convert::TryFrom<#machine> for #name {
                type Error = self::error::ConversionError;
                fn try_from(value: #machine) -> ::std::result::Result<Self, self::error::ConversionError> {
                    if #test { Ok(Self(value)) } else { Err(#refusal.into()) }
                }
            }

            impl ::std::convert::From<#name> for #machine {
                fn from(value: #name) -> Self {
                    value.0
                }
            }

            impl ::std::str::FromStr for #name {
                type Err = self::error::ConversionError;
                fn from_str(value: &str) -> ::std::result::Result<Self, self::error::ConversionError> {
                    value.parse::<#machine>().map_err(|_| #refusal.into()).and_then(Self::try_from)
                }
            }

            impl ::std::fmt::Display for #name {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    self.0.fmt(f)
                }
            }

            impl<'de> ::serde::Deserialize<'de> for #name {
                fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                    let value = <#machine as ::serde::Deserialize>::deserialize(deserializer)?;
                    Self::try_from(value).map_err(<D::Error as ::serde::de::Error>::custom)
                }
            }

            #default
        }
    }
}
