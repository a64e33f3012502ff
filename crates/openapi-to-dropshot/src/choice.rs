//! Types that typify cannot make, and that are made here instead: integers with bounds ([`Bounded`]), texts that are
//! called as their type ([`Namesake`]), what a property tells apart ([`Tagged`]), and enums whose values differ only in what Rust's names do not keep.

use crate::bounded::Bounded;
use crate::names;
use crate::namesake::Namesake;
use crate::print::docs;
use crate::tagged::Tagged;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use typify::TypeSpaceImpl;

/// A type that is made here.
pub(crate) enum Own {
    /// An integer with bounds.
    Bounded(Bounded),
    /// A text that is called as its type.
    Namesake(Namesake),
    /// Components that a property tells apart.
    Tagged(Tagged),
    /// An enum.
    Choice(Choice),
}

/// An enum of strings.
pub(crate) struct Choice {
    name: String,
    values: Vec<String>,
    default: Option<String>,
    description: String,
}

impl Own {
    /// The type for `schema`, if typify has none.
    pub(crate) fn of(name: &str, schema: &Value) -> Option<Own> {
        let nullable = schema.get("nullable") == Some(&Value::Bool(true));
        let bounded = Bounded::of(name, schema).map(Own::Bounded);
        let namesake = || Namesake::of(name, schema).map(Own::Namesake);
        let or_null = || Own::beside_null(name, schema).filter(|_| !nullable);
        bounded.or_else(namesake).or_else(or_null)
    }

    /// The type for `schema` but for its null.
    fn beside_null(name: &str, schema: &Value) -> Option<Own> {
        let choice = || Choice::of(name, schema).map(Own::Choice);
        Tagged::of(name, schema).map(Own::Tagged).or_else(choice)
    }

    /// The name of the component: its own, or that of the property which it was taken out of.
    pub(crate) fn name(&self) -> &str {
        match self {
            Own::Bounded(bounded) => &bounded.name,
            Own::Namesake(namesake) => &namesake.name,
            Own::Tagged(tagged) => &tagged.name,
            Own::Choice(choice) => &choice.name,
        }
    }

    fn called(mut self, name: String) -> Own {
        match &mut self {
            Own::Bounded(bounded) => bounded.name = name,
            Own::Namesake(namesake) => namesake.name = name,
            Own::Tagged(tagged) => tagged.name = name,
            Own::Choice(choice) => choice.name = name,
        }
        self
    }

    /// The Rust name.
    pub(crate) fn rust_name(&self) -> String {
        names::type_name(self.name())
    }

    /// What the type implements, of what the client asks for.
    pub(crate) fn impls(&self) -> Vec<TypeSpaceImpl> {
        let mut impls = Vec::new();
        if !matches!(self, Own::Tagged(_)) {
            impls.extend([TypeSpaceImpl::FromStr, TypeSpaceImpl::Display]);
        }
        if self.has_default() {
            impls.push(TypeSpaceImpl::Default);
        }
        impls
    }

    /// Whether the type has a default value.
    pub(crate) fn has_default(&self) -> bool {
        match self {
            Own::Bounded(bounded) => bounded.has_default(),
            Own::Namesake(_) | Own::Tagged(_) => false,
            Own::Choice(choice) => choice.default.is_some(),
        }
    }

    /// The type.
    pub(crate) fn tokens(&self) -> TokenStream {
        match self {
            Own::Bounded(bounded) => bounded.tokens(),
            Own::Namesake(namesake) => namesake.tokens(),
            Own::Tagged(tagged) => tagged.tokens(),
            Own::Choice(choice) => choice.tokens(),
        }
    }
}

impl Choice {
    /// The enum for `schema`, if its values collide.
    fn of(name: &str, schema: &Value) -> Option<Choice> {
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
        let variant = |value: &String| {
            let plain = value.chars().any(char::is_alphanumeric);
            let base = if plain {
                names::camel(value)
            } else {
                "Value".to_owned()
            };
            let mut name = base.clone();
            let mut number = 2;
            while !taken.insert(name.clone()) {
                name = format!("{base}{number}");
                number += 1;
            }
            names::ident(&name)
        };
        self.values.iter().map(variant).collect()
    }

    fn tokens(&self) -> TokenStream {
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

/// Takes such types out of the properties and items of `schema`, leaving references, and notes each.
pub(crate) fn lift(
    name: &str,
    schema: &mut Value,
    taken: &dyn Fn(&str) -> bool,
    lifted: &mut Vec<Own>,
) {
    let Value::Object(object) = schema else {
        return;
    };
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for (property, schema) in properties.iter_mut() {
            place(
                &names::camel(&format!("{name}-{property}")),
                schema,
                taken,
                lifted,
            );
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(schema) = object.get_mut(key) {
            place(
                &names::camel(&format!(
                    "{name}-{}",
                    if key == "items" { "item" } else { "value" }
                )),
                schema,
                taken,
                lifted,
            );
        }
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        if let Some(Value::Array(schemas)) = object.get_mut(key) {
            schemas
                .iter_mut()
                .for_each(|schema| lift(name, schema, taken, lifted));
        }
    }
}

fn place(name: &str, schema: &mut Value, taken: &dyn Fn(&str) -> bool, lifted: &mut Vec<Own>) {
    // A `null` beside the values stays where the reference is.
    let beside_null = || Own::beside_null(name, schema);
    let Some(own) = Own::of(name, schema).or_else(beside_null) else {
        lift(name, schema, taken, lifted);
        return;
    };
    let used = |name: &str| taken(name) || lifted.iter().any(|other| other.name() == name);
    let mut numbered = (2..).map(|n| format!("{name}{n}"));
    let free = if used(name) {
        numbered.find(|name| !used(name))
    } else {
        None
    };
    let own = match free {
        Some(free) => own.called(free),
        None => own,
    };
    let mut replaced = Map::new();
    for key in ["description", "default", "nullable"] {
        if let Some(value) = schema.get(key) {
            replaced.insert(key.to_owned(), value.clone());
        }
    }
    replaced.insert(
        "allOf".to_owned(),
        json!([{ "$ref": format!("#/components/schemas/{}", own.name()) }]),
    );
    *schema = Value::Object(replaced);
    lifted.push(own);
}
