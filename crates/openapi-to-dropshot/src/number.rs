//! Numbers with bounds: typify gives them `f64` or `f32` as they are, so they get newtypes of our own.

use crate::newtype::{Newtype, Rule, said};
use crate::{names, words};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

/// A bounded number, as one newtype.
pub(crate) struct Number {
    /// The name of the component: its own, or that of the property which it was taken out of.
    pub(crate) name: String,
    /// Each with whether it is refused itself.
    minimum: Option<(f64, bool)>,
    maximum: Option<(f64, bool)>,
    multiple_of: Option<f64>,
    /// `format: float`.
    single: bool,
    default: Option<f64>,
    description: String,
}

impl Number {
    /// The newtype for `schema`, if that is a number with bounds. Whether it is nullable is not looked at.
    pub(crate) fn of(name: &str, schema: &Value) -> Option<Number> {
        if schema.get("type")?.as_str()? != "number" || schema.get("enum").is_some() {
            return None;
        }
        let number = |key: &str| schema.get(key).and_then(Value::as_f64);
        let flag = |key: &str| schema.get(key) == Some(&Value::Bool(true));
        let minimum = number("minimum").map(|bound| (bound, flag("exclusiveMinimum")));
        let maximum = number("maximum").map(|bound| (bound, flag("exclusiveMaximum")));
        let multiple_of = number("multipleOf").filter(|step| *step > 0.0);
        if minimum.is_none() && maximum.is_none() && multiple_of.is_none() {
            return None;
        }
        let text = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default();
        Some(Number {
            name: name.to_owned(),
            minimum,
            maximum,
            multiple_of,
            single: text("format") == "float",
            default: number("default"),
            description: text("description").to_owned(),
        })
    }

    /// Whether the type has a default value.
    pub(crate) fn has_default(&self) -> bool {
        self.default.is_some()
    }

    /// Which helpers of [`crate::helpers`] the type calls.
    pub(crate) fn helpers(&self) -> &'static [&'static str] {
        match (self.single, self.multiple_of.is_some()) {
            (true, true) => &["written", "multiple"],
            (true, false) => &["written"],
            (false, true) => &["multiple"],
            (false, false) => &[],
        }
    }

    /// The newtype, which no value outside the bounds inhabits, nor one that JSON has no word for.
    pub(crate) fn tokens(&self) -> TokenStream {
        // What is judged is what will be read at the other side.
        let judged = if self.single {
            quote!(self::bounds::written(value))
        } else {
            quote!(value)
        };
        let infinite = if self.single {
            words::NOT_SINGLE
        } else {
            words::NOT_DOUBLE
        };
        let mut rules = vec![Rule {
            broken: quote!(!value.is_finite()),
            words: infinite.to_owned(),
        }];
        let mut said_of = Vec::new();
        if let Some((bound, above)) = self.minimum {
            let literal = Literal::f64_unsuffixed(bound);
            let words = words::too_small(bound, above);
            said_of.push(words.clone());
            let broken = if above {
                quote!(#judged <= #literal)
            } else {
                quote!(#judged < #literal)
            };
            rules.push(Rule { broken, words });
        }
        if let Some((bound, below)) = self.maximum {
            let literal = Literal::f64_unsuffixed(bound);
            let words = words::too_large(bound, below);
            said_of.push(words.clone());
            let broken = if below {
                quote!(#judged >= #literal)
            } else {
                quote!(#judged > #literal)
            };
            rules.push(Rule { broken, words });
        }
        if let Some(step) = self.multiple_of {
            let literal = Literal::f64_unsuffixed(step);
            let words = words::no_multiple(Value::from(step));
            said_of.push(words.clone());
            let broken = quote!(!self::bounds::multiple(#judged, #literal));
            rules.push(Rule { broken, words });
        }
        let rule = format!("a number that {}", said_of.join(", "));
        let newtype = Newtype {
            name: names::ident(&names::type_name(&self.name)),
            machine: format_ident!("{}", if self.single { "f32" } else { "f64" }),
            doc: said(&self.name, &self.description, &rule),
            derives: quote!(PartialEq, PartialOrd,),
            constants: TokenStream::new(),
            rules,
            unread: "must be a number".to_owned(),
            default: self.default.map(|value| {
                let value = Literal::f64_unsuffixed(value);
                quote!(#value)
            }),
        };
        newtype.tokens()
    }
}
