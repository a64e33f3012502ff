//! What an OpenAPI 3.0 schema says, as data that generated code can put in a `static`.
//!
//! The builders (`schema/build.rs`) carry the names of the keywords, so that emitted code reads like the
//! document it comes from:
//!
//! ```
//! use openapi_runtime::pattern;
//! use openapi_runtime::schema::{Format, Property, Schema};
//!
//! pub static KUBECONFIG_ISSUE_REQUEST: Schema = Schema::object(&[
//!     Property::optional("user", &Schema::string().min_length(1).max_length(253)),
//!     Property::optional("ttl", &Schema::integer().minimum(1)),
//!     Property::optional("id", &KUBECONFIG_ID),
//! ])
//! .closed();
//!
//! pub static KUBECONFIG_ID: Schema = Schema::string()
//!     .min_length(1)
//!     .max_length(63)
//!     .pattern(pattern!("^[a-z]([-a-z0-9]*[a-z0-9])?$"));
//! ```
//!
//! A schema of its own `static` is named by reference (`&KUBECONFIG_ID`), also from within itself: recursion
//! needs nothing special. A keyword on a schema of the wrong kind does not compile (the builders run in constants).
//!
//! Everything is `Copy` and free of interior mutability, except [`Pattern`], which is why a pattern needs a
//! `static` of its own ([`pattern!`](crate::pattern) makes one in place).

mod build;
mod format;
mod literal;
mod pattern;

pub use format::{Format, IntegerFormat};
pub use literal::Literal;
pub(crate) use literal::{integer, integer_value};
pub use pattern::Pattern;

/// One schema: what a JSON value must be.
#[derive(Clone, Copy)]
pub struct Schema {
    /// Whether `null` is accepted. It is then accepted at once: no other keyword, `enum` included, is looked at.
    /// So whoever lowers `nullable: true` next to an `enum` without `null`, which OpenAPI 3.0.3 reads as
    /// "not null", leaves this `false`.
    pub nullable: bool,
    /// `enum`: the value must equal one of these. Empty: no such rule.
    /// Enumerations of strings are better put into [`StringRules::one_of`].
    pub literals: &'static [Literal],
    /// The type of the value, and the rules of that type.
    pub kind: Kind,
}

/// The type of a value, with the rules that apply to that type; or a combination of other schemas.
///
/// `null` is accepted by [`Kind::Any`] and by combinations whose members accept it; by no other kind unless
/// [`Schema::nullable`] says so.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Any JSON value, `null` included: the schema without a `type`.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A number written without fraction and exponent.
    Integer(IntegerRules),
    /// Any number.
    Number(NumberRules),
    /// A string.
    String(StringRules),
    /// An array.
    Array(ArrayRules),
    /// An object.
    Object(ObjectRules),
    /// `allOf`: every one of them accepts the value. Keywords that stand beside an `allOf`, `oneOf` or `anyOf`
    /// are lowered to one more member of an `AllOf`.
    AllOf(&'static [&'static Schema]),
    /// `oneOf`: exactly one of them accepts the value.
    OneOf(&'static [&'static Schema]),
    /// `anyOf`: at least one of them accepts the value.
    AnyOf(&'static [&'static Schema]),
    /// `not`: the schema refuses the value.
    Not(&'static Schema),
    /// `$ref`: another schema, under a `nullable` or an `enum` of one's own.
    Ref(&'static Schema),
}

/// The rules of an integer. Bounds are `i128`, so that every bound of every format can be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntegerRules {
    /// The machine type that the value must fit in; none means `int64`.
    pub format: Option<IntegerFormat>,
    /// The least value.
    pub minimum: Option<i128>,
    /// The greatest value.
    pub maximum: Option<i128>,
    /// Whether [`Self::minimum`] itself is refused.
    pub exclusive_minimum: bool,
    /// Whether [`Self::maximum`] itself is refused.
    pub exclusive_maximum: bool,
    /// The value must be a multiple of this; 0 and less are ignored.
    pub multiple_of: Option<i128>,
}

/// The rules of a number. Values are IEEE 754 doubles: a number beyond them is refused when it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NumberRules {
    /// The least value.
    pub minimum: Option<f64>,
    /// The greatest value.
    pub maximum: Option<f64>,
    /// Whether [`Self::minimum`] itself is refused.
    pub exclusive_minimum: bool,
    /// Whether [`Self::maximum`] itself is refused.
    pub exclusive_maximum: bool,
    /// The value must be a multiple of this (within the precision of a double); 0 and less are ignored.
    pub multiple_of: Option<f64>,
    /// `format: float`: a single must hold the value, and what it makes of it must keep the other rules too.
    pub single: bool,
}

/// The rules of a string. Lengths count Unicode scalar values, as JSON Schema says: not bytes, not UTF-16 units.
#[derive(Clone, Copy, Debug, Default)]
pub struct StringRules {
    /// The least length.
    pub min_length: Option<usize>,
    /// The greatest length. Longer strings are not tried against [`Self::pattern`].
    pub max_length: Option<usize>,
    /// A regular expression that must match somewhere in the string (anchors are the pattern's own affair).
    pub pattern: Option<&'static Pattern>,
    /// The syntax that the string must have.
    pub format: Option<Format>,
    /// `enum`: the permitted strings. Empty: no such rule.
    pub one_of: &'static [&'static str],
    /// Whether control characters, bidirectional controls and other invisible format characters are refused
    /// (see [`crate::strict::is_printable`]). No keyword of OpenAPI: for an extension of the document.
    pub printable: bool,
}

/// The rules of an array.
#[derive(Clone, Copy)]
pub struct ArrayRules {
    /// What each item must be.
    pub items: &'static Schema,
    /// The least number of items.
    pub min_items: Option<usize>,
    /// The greatest number of items.
    pub max_items: Option<usize>,
    /// Whether no two items may be equal. `1` and `1.0` are equal; the order of an object's members is nothing.
    pub unique_items: bool,
}

/// The rules of an object.
#[derive(Clone, Copy)]
pub struct ObjectRules {
    /// The members that have a schema of their own.
    pub properties: &'static [Property],
    /// What other members are.
    pub additional: Additional,
    /// The least number of members.
    pub min_properties: Option<usize>,
    /// The greatest number of members.
    pub max_properties: Option<usize>,
}

/// A named member of an object.
#[derive(Clone, Copy)]
pub struct Property {
    /// The member's name.
    pub name: &'static str,
    /// Whether the object must have it.
    pub required: bool,
    /// What its value must be.
    pub schema: &'static Schema,
}

/// `additionalProperties`: what members are that [`ObjectRules::properties`] does not name.
#[derive(Clone, Copy)]
pub enum Additional {
    /// Anything (`true`, and the default of OpenAPI).
    Any,
    /// Refused (`false`).
    Forbidden,
    /// Each must be as this schema says.
    Of(&'static Schema),
}
