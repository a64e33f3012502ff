//! Newtypes of one machine number, which no value that breaks their rules inhabits.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// What must not be of a value, and what is said when it is.
pub(crate) struct Rule {
    /// An expression of `value`, true where the rule is broken.
    pub(crate) broken: TokenStream,
    /// What is said then.
    pub(crate) words: String,
}

/// Statements that return where `value` breaks one of the rules.
pub(crate) fn refusals(rules: &[Rule]) -> TokenStream {
    let each = rules.iter().map(|Rule { broken, words }| {
        quote! {
            if #broken {
                return ::std::result::Result::Err(#words.into());
            }
        }
    });
    quote!(#(#each)*)
}

/// A newtype of a machine number.
pub(crate) struct Newtype {
    /// Its Rust name.
    pub(crate) name: Ident,
    /// `u16`, `f64`.
    pub(crate) machine: Ident,
    /// Its documentation.
    pub(crate) doc: TokenStream,
    /// What it derives, besides `Clone`, `Copy`, `Debug` and `Serialize`.
    pub(crate) derives: TokenStream,
    /// Associated constants.
    pub(crate) constants: TokenStream,
    /// What holds of its values.
    pub(crate) rules: Vec<Rule>,
    /// What is said of a text that is no such number.
    pub(crate) unread: String,
    /// The value that `Default` gives.
    pub(crate) default: Option<TokenStream>,
}

impl Newtype {
    /// The type.
    pub(crate) fn tokens(&self) -> TokenStream {
        let Newtype {
            name,
            machine,
            doc,
            derives,
            constants,
            unread,
            ..
        } = self;
        let refusals = refusals(&self.rules);
        let default = self.default.as_ref().map(|value| {
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
            #[derive(Clone, Copy, Debug, #derives ::serde::Serialize)]
            #[serde(transparent)]
            pub struct #name(#machine);

            impl #name {
                #constants

                /// The value.
                pub const fn get(self) -> #machine {
                    self.0
                }
            }

            impl ::std::convert::TryFrom<#machine> for #name {
                type Error = self::error::ConversionError;
                fn try_from(value: #machine) -> ::std::result::Result<Self, self::error::ConversionError> {
                    #refusals
                    ::std::result::Result::Ok(Self(value))
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
                    value.parse::<#machine>().map_err(|_| #unread.into()).and_then(Self::try_from)
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

/// The documentation of a type that has a rule: what the document says of it, and the rule.
pub(crate) fn said(name: &str, description: &str, rule: &str) -> TokenStream {
    crate::print::docs(&if description.is_empty() {
        format!("{name}: {rule}.")
    } else {
        format!("{description}\n\nHolds {rule}.")
    })
}
