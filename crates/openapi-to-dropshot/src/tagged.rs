//! Schemas that a `discriminator` tells apart: an enum that is read by the property's value, and written with it.

use crate::names;
use crate::print::docs;
use openapi_document::discriminator::{Told, told};
use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

/// An enum of components, one for each value of a property.
pub(crate) struct Tagged {
    /// The name of the component.
    pub(crate) name: String,
    told: Told,
    description: String,
}

impl Tagged {
    /// The enum for `schema`, if it has a `discriminator`.
    pub(crate) fn of(name: &str, schema: &Value) -> Option<Tagged> {
        let description = schema.get("description").and_then(Value::as_str);
        told(schema).map(|told| Tagged {
            name: name.to_owned(),
            told,
            description: description.unwrap_or(name).to_owned(),
        })
    }

    /// The enum. Its variants are boxed, since a schema may hold what it is told apart from.
    pub(crate) fn tokens(&self) -> TokenStream {
        let name = names::ident(&names::type_name(&self.name));
        let property = &self.told.property;
        let doc = docs(&self.description);
        let (mut variants, mut reads, mut writes, mut froms) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut known = Vec::new();
        for (component, values) in &self.told.members {
            let variant = names::ident(&names::camel(component));
            let ty = names::ident(&names::type_name(component));
            let told = docs(&format!("`{property}` is `{}`.", values.join("` or `")));
            let first = values.first().cloned().unwrap_or_default();
            known.extend(values);
            variants.push(quote!(#told #variant(::std::boxed::Box<#ty>)));
            reads.push(
                quote!(Some(#(#values)|*) => ::serde_json::from_value(value).map(Self::#variant)),
            );
            writes.push(quote! {
                Self::#variant(value) => (::serde_json::to_value(value), &[#(#values),*][..], #first)
            });
            froms.push(quote! {
                impl ::std::convert::From<#ty> for #name {
                    fn from(value: #ty) -> Self {
                        Self::#variant(::std::boxed::Box::new(value))
                    }
                }
            });
        }
        let refusal = format!(
            "`{property}` must be one of `{}`",
            known
                .iter()
                .map(|value| value.as_str())
                .collect::<Vec<_>>()
                .join("`, `")
        );
        quote! {
            #doc
            #[derive(Clone, Debug)]
            pub enum #name {
                #(#variants),*
            }

            impl<'de> ::serde::Deserialize<'de> for #name {
                fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                    let value = <::serde_json::Value as ::serde::Deserialize>::deserialize(deserializer)?;
                    let read = match value.get(#property).and_then(::serde_json::Value::as_str) {
                        #(#reads,)*
                        _ => return Err(<D::Error as ::serde::de::Error>::custom(#refusal)),
                    };
                    read.map_err(<D::Error as ::serde::de::Error>::custom)
                }
            }

            /// Whatever the property holds, what is written leads back to the variant.
            impl ::serde::Serialize for #name {
                fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                    let (value, values, first) = match self {
                        #(#writes),*
                    };
                    let mut value = value.map_err(<S::Error as ::serde::ser::Error>::custom)?;
                    let told = value.get(#property).and_then(::serde_json::Value::as_str);
                    if !told.is_some_and(|told| values.contains(&told)) {
                        value[#property] = first.into();
                    }
                    value.serialize(serializer)
                }
            }

            #(#froms)*
        }
    }
}
