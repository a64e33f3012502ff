//! Integers with bounds: typify gives them machine types that are wider, so they get newtypes of our own.

use crate::newtype::{Newtype, Rule, said};
use crate::{names, words};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

/// A bounded integer, as one newtype.
pub(crate) struct Bounded {
    /// The name of the component: its own, or that of the property which it was taken out of.
    pub(crate) name: String,
    /// The least value and the greatest.
    range: (i128, i128),
    /// What its machine type holds.
    machine: (i128, i128),
    /// Whether the numbers beside the range are those that the document has, and excludes.
    exclusive: (bool, bool),
    multiple_of: Option<i128>,
    signed: bool,
    bits: u8,
    default: Option<i128>,
    description: String,
}

impl Bounded {
    /// The newtype for `schema`, if that is an integer whose bounds are tighter than its machine type. Whether it is
    /// nullable is not looked at.
    pub(crate) fn of(name: &str, schema: &Value) -> Option<Bounded> {
        if schema.get("type")?.as_str()? != "integer" || schema.get("enum").is_some() {
            return None;
        }
        let integer = |key: &str| {
            let number = schema.get(key)?;
            number
                .as_i64()
                .map(i128::from)
                .or_else(|| number.as_u64().map(i128::from))
        };
        let flag = |key: &str| schema.get(key) == Some(&Value::Bool(true));
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
        let (above, below) = (flag("exclusiveMinimum"), flag("exclusiveMaximum"));
        let minimum = integer("minimum").map(|bound| bound + i128::from(above));
        let maximum = integer("maximum").map(|bound| bound - i128::from(below));
        let range = (
            minimum.unwrap_or(low).max(low),
            maximum.unwrap_or(high).min(high),
        );
        let multiple_of = integer("multipleOf").filter(|step| *step > 1);
        if range == (low, high) && multiple_of.is_none() {
            return None;
        }
        let description = schema.get("description").and_then(Value::as_str);
        Some(Bounded {
            name: name.to_owned(),
            range,
            machine: (low, high),
            exclusive: (
                above && minimum == Some(range.0),
                below && maximum == Some(range.1),
            ),
            multiple_of,
            signed,
            bits,
            default: integer("default"),
            description: description.unwrap_or_default().to_owned(),
        })
    }

    /// Whether the type has a default value.
    pub(crate) fn has_default(&self) -> bool {
        self.default.is_some()
    }

    /// The newtype, which no value outside the bounds inhabits.
    pub(crate) fn tokens(&self) -> TokenStream {
        let name = names::ident(&names::type_name(&self.name));
        let machine = format_ident!("{}{}", if self.signed { "i" } else { "u" }, self.bits);
        let (minimum, maximum) = (
            Literal::i128_unsuffixed(self.range.0),
            Literal::i128_unsuffixed(self.range.1),
        );
        let mut rule = format!("an integer from {} to {}", self.range.0, self.range.1);
        let (above, below) = self.exclusive;
        let mut rules = Vec::new();
        if self.range.0 > self.machine.0 {
            rules.push(Rule {
                broken: quote!(value < Self::MIN),
                words: words::too_small(self.range.0 - i128::from(above), above),
            });
        }
        if self.range.1 < self.machine.1 {
            rules.push(Rule {
                broken: quote!(value > Self::MAX),
                words: words::too_large(self.range.1 + i128::from(below), below),
            });
        }
        if let Some(step) = self.multiple_of {
            rule.push_str(&format!(", a multiple of {step}"));
            let literal = Literal::i128_unsuffixed(step);
            rules.push(Rule {
                broken: quote!(value % #literal != 0),
                words: words::no_multiple(step),
            });
        }
        let newtype = Newtype {
            doc: said(&self.name, &self.description, &rule),
            derives: quote!(PartialEq, Eq, PartialOrd, Ord, Hash,),
            constants: quote! {
                /// The least value.
                pub const MIN: #machine = #minimum;
                /// The greatest value.
                pub const MAX: #machine = #maximum;
            },
            rules,
            unread: format!("must be {rule}"),
            default: self.default.map(|value| {
                let value = Literal::i128_unsuffixed(value);
                quote!(#value)
            }),
            name,
            machine,
        };
        newtype.tokens()
    }
}
