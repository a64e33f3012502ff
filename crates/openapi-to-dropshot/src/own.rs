//! Types that typify cannot make, or not as narrow as the document has them, and that are made here instead.

use crate::bounded::Bounded;
use crate::choice::Choice;
use crate::counted::Counted;
use crate::flag::Flag;
use crate::names;
use crate::namesake::Namesake;
use crate::number::Number;
use crate::tagged::Tagged;
use openapi_document::draft;
use proc_macro2::TokenStream;
use serde_json::{Value, json};
use typify::TypeSpaceImpl;

/// A type that is made here.
pub(crate) enum Own {
    /// An integer with bounds.
    Bounded(Bounded),
    /// A number with bounds.
    Number(Number),
    /// One boolean.
    Flag(Flag),
    /// A list or map with bounds.
    Counted(Counted),
    /// A text that is called as its type.
    Namesake(Namesake),
    /// Components that a property tells apart.
    Tagged(Tagged),
    /// An enum.
    Choice(Choice),
}

impl Own {
    /// The type for `schema`, if typify has none.
    pub(crate) fn of(name: &str, schema: &Value) -> Option<Own> {
        let nullable = schema.get("nullable") == Some(&Value::Bool(true));
        let own = || Own::beside_null(name, schema);
        (!nullable).then(own).flatten()
    }

    /// The type for `schema` but for its null.
    pub(crate) fn beside_null(name: &str, schema: &Value) -> Option<Own> {
        let bounded = Bounded::of(name, schema).map(Own::Bounded);
        bounded
            .or_else(|| Number::of(name, schema).map(Own::Number))
            .or_else(|| Flag::of(name, schema).map(Own::Flag))
            .or_else(|| Counted::of(name, schema).map(Own::Counted))
            .or_else(|| Namesake::of(name, schema).map(Own::Namesake))
            .or_else(|| Tagged::of(name, schema).map(Own::Tagged))
            .or_else(|| Choice::of(name, schema).map(Own::Choice))
    }

    /// The name of the component: its own, or that of the property which it was taken out of.
    pub(crate) fn name(&self) -> &str {
        match self {
            Own::Bounded(bounded) => &bounded.name,
            Own::Number(number) => &number.name,
            Own::Flag(flag) => &flag.name,
            Own::Counted(counted) => &counted.name,
            Own::Namesake(namesake) => &namesake.name,
            Own::Tagged(tagged) => &tagged.name,
            Own::Choice(choice) => &choice.name,
        }
    }

    /// The same under another name.
    pub(crate) fn called(mut self, name: String) -> Own {
        match &mut self {
            Own::Bounded(bounded) => bounded.name = name,
            Own::Number(number) => number.name = name,
            Own::Flag(flag) => flag.name = name,
            Own::Counted(counted) => counted.name = name,
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

    /// What typify is told of it where it asks whether one value may be of two schemas.
    pub(crate) fn outline(&self) -> Value {
        match self {
            Own::Bounded(_) | Own::Tagged(_) => json!({ "type": "integer" }),
            Own::Number(_) => json!({ "type": "number" }),
            Own::Flag(_) => json!({ "type": "boolean" }),
            Own::Counted(counted) => draft::typed(&counted.plain),
            Own::Namesake(_) | Own::Choice(_) => json!({ "type": "string" }),
        }
    }

    /// What the type implements, of what the client asks for.
    pub(crate) fn impls(&self) -> Vec<TypeSpaceImpl> {
        let mut impls = Vec::new();
        if !matches!(self, Own::Tagged(_) | Own::Counted(_)) {
            impls.extend([TypeSpaceImpl::FromStr, TypeSpaceImpl::Display]);
        }
        if self.has_default() {
            impls.push(TypeSpaceImpl::Default);
        }
        impls
    }

    /// Whether the type has a default value.
    fn has_default(&self) -> bool {
        match self {
            Own::Bounded(bounded) => bounded.has_default(),
            Own::Number(number) => number.has_default(),
            Own::Flag(flag) => flag.has_default(),
            Own::Counted(counted) => counted.has_default(),
            Own::Namesake(_) | Own::Tagged(_) => false,
            Own::Choice(choice) => choice.has_default(),
        }
    }

    /// Which helpers of [`crate::helpers`] the type calls.
    pub(crate) fn helpers(&self) -> &'static [&'static str] {
        match self {
            Own::Number(number) => number.helpers(),
            Own::Counted(counted) => counted.helpers(),
            _ => &[],
        }
    }

    /// The type.
    pub(crate) fn tokens(&self) -> TokenStream {
        match self {
            Own::Bounded(bounded) => bounded.tokens(),
            Own::Number(number) => number.tokens(),
            Own::Flag(flag) => flag.tokens(),
            Own::Counted(counted) => counted.tokens(),
            Own::Namesake(namesake) => namesake.tokens(),
            Own::Tagged(tagged) => tagged.tokens(),
            Own::Choice(choice) => choice.tokens(),
        }
    }
}
