//! Schemas that are called as the Rust type of their format, such as `Uuid` of `format: uuid`: typify takes such a schema
//! for that very type, which has no schema of the document's own, so each gets a newtype as under any other name.

use crate::names;
use crate::print::docs;
use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

/// A text of a format, called as the format's type.
pub(crate) struct Namesake {
    /// The name of the component.
    pub(crate) name: String,
    inner: TokenStream,
    description: String,
}

impl Namesake {
    /// The newtype for `schema`, if its name is that of its type. Whether it is nullable is not looked at.
    pub(crate) fn of(name: &str, schema: &Value) -> Option<Namesake> {
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        let plain = ["enum", "pattern", "minLength", "maxLength", "default"];
        if text("type") != Some("string") || plain.iter().any(|key| schema.get(key).is_some()) {
            return None;
        }
        let (called, inner) = match text("format")? {
            "uuid" => ("Uuid", quote!(::uuid::Uuid)),
            "date" => ("NaiveDate", quote!(::chrono::naive::NaiveDate)),
            "ip" => ("IpAddr", quote!(::std::net::IpAddr)),
            "ipv4" => ("Ipv4Addr", quote!(::std::net::Ipv4Addr)),
            "ipv6" => ("Ipv6Addr", quote!(::std::net::Ipv6Addr)),
            _ => return None,
        };
        (name == called).then(|| Namesake {
            name: name.to_owned(),
            inner,
            description: text("description").unwrap_or(name).to_owned(),
        })
    }

    /// The newtype, with what typify's newtypes of such texts have.
    pub(crate) fn tokens(&self) -> TokenStream {
        let (name, inner) = (names::ident(&self.name), &self.inner);
        let doc = docs(&self.description);
        let error = quote!(<#inner as ::std::str::FromStr>::Err);
        quote! {
            #doc
            #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
            #[serde(transparent)]
            pub struct #name(pub #inner);

            impl ::std::ops::Deref for #name {
                type Target = #inner;
                fn deref(&self) -> &#inner {
                    &self.0
                }
            }

            impl ::std::convert::From<#name> for #inner {
                fn from(value: #name) -> Self {
                    value.0
                }
            }

            impl ::std::convert::From<#inner> for #name {
                fn from(value: #inner) -> Self {
                    Self(value)
                }
            }

            impl ::std::str::FromStr for #name {
                type Err = #error;
                fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
                    value.parse().map(Self)
                }
            }

            impl ::std::convert::TryFrom<&str> for #name {
                type Error = #error;
                fn try_from(value: &str) -> ::std::result::Result<Self, Self::Error> {
                    value.parse()
                }
            }

            impl ::std::convert::TryFrom<::std::string::String> for #name {
                type Error = #error;
                fn try_from(value: ::std::string::String) -> ::std::result::Result<Self, Self::Error> {
                    value.parse()
                }
            }

            impl ::std::fmt::Display for #name {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    self.0.fmt(f)
                }
            }
        }
    }
}
