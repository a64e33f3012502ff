//! Constructors of [`Schema`], for constants: one per type, one method per keyword.
//!
//! A method that stands for a keyword of another type panics; in a `static` that is an error of compilation.

use super::{
    Additional, ArrayRules, Format, IntegerFormat, IntegerRules, Kind, Literal, NumberRules,
    ObjectRules, Pattern, Property, Schema, StringRules,
};

impl Property {
    /// A member that the object must have.
    #[must_use]
    pub const fn required(name: &'static str, schema: &'static Schema) -> Self {
        Self {
            name,
            required: true,
            schema,
        }
    }

    /// A member that the object may have.
    #[must_use]
    pub const fn optional(name: &'static str, schema: &'static Schema) -> Self {
        Self {
            name,
            required: false,
            schema,
        }
    }
}

/// A constructor for each type and each combination.
impl Schema {
    /// A schema of this kind that refuses `null` and enumerates nothing.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        Self {
            nullable: false,
            literals: &[],
            kind,
        }
    }

    /// Any JSON value.
    #[must_use]
    pub const fn any() -> Self {
        Self::of(Kind::Any)
    }

    /// `type: boolean`.
    #[must_use]
    pub const fn boolean() -> Self {
        Self::of(Kind::Boolean)
    }

    /// `type: integer`, of the range of an `i64` until [`Self::integer_format`] says otherwise.
    #[must_use]
    pub const fn integer() -> Self {
        Self::of(Kind::Integer(IntegerRules {
            format: None,
            minimum: None,
            maximum: None,
            exclusive_minimum: false,
            exclusive_maximum: false,
            multiple_of: None,
        }))
    }

    /// `type: number`.
    #[must_use]
    pub const fn number() -> Self {
        Self::of(Kind::Number(NumberRules {
            minimum: None,
            maximum: None,
            exclusive_minimum: false,
            exclusive_maximum: false,
            multiple_of: None,
            single: false,
        }))
    }

    /// `type: string`.
    #[must_use]
    pub const fn string() -> Self {
        Self::of(Kind::String(StringRules {
            min_length: None,
            max_length: None,
            pattern: None,
            format: None,
            one_of: &[],
            printable: false,
        }))
    }

    /// `type: array` with these `items`.
    #[must_use]
    pub const fn array(items: &'static Schema) -> Self {
        Self::of(Kind::Array(ArrayRules {
            items,
            min_items: None,
            max_items: None,
            unique_items: false,
        }))
    }

    /// `type: object` with these `properties`; any other member is accepted until [`Self::closed`] or
    /// [`Self::additional_properties`] says otherwise.
    #[must_use]
    pub const fn object(properties: &'static [Property]) -> Self {
        Self::of(Kind::Object(ObjectRules {
            properties,
            additional: Additional::Any,
            min_properties: None,
            max_properties: None,
        }))
    }

    /// `allOf`.
    #[must_use]
    pub const fn all_of(schemas: &'static [&'static Schema]) -> Self {
        Self::of(Kind::AllOf(schemas))
    }

    /// `oneOf`.
    #[must_use]
    pub const fn one_of_schemas(schemas: &'static [&'static Schema]) -> Self {
        Self::of(Kind::OneOf(schemas))
    }

    /// `anyOf`.
    #[must_use]
    pub const fn any_of(schemas: &'static [&'static Schema]) -> Self {
        Self::of(Kind::AnyOf(schemas))
    }

    /// `not`.
    #[must_use]
    pub const fn not(schema: &'static Schema) -> Self {
        Self::of(Kind::Not(schema))
    }

    /// `$ref`, where a copy of its own is wanted, for instance to make it nullable; otherwise name the schema itself.
    #[must_use]
    pub const fn reference(schema: &'static Schema) -> Self {
        Self::of(Kind::Ref(schema))
    }
}

/// Keywords of every type.
impl Schema {
    /// `nullable: true`.
    #[must_use]
    pub const fn nullable(self) -> Self {
        Self {
            nullable: true,
            ..self
        }
    }

    /// `enum`, of any literals.
    #[must_use]
    pub const fn literals(self, literals: &'static [Literal]) -> Self {
        Self { literals, ..self }
    }
}

/// Defines the keywords of one kind: each a method that takes a value (or none, for a flag) and sets one rule.
macro_rules! keywords {
    ($kind:ident, $rules:ident, $what:literal: $(
        $(#[$doc:meta])* $method:ident ($($arg:ident: $type:ty)?) => $field:ident = $value:expr;
    )*) => {
        #[doc = concat!("Keywords of ", $what, ".")]
        impl Schema {
            $(
                $(#[$doc])*
                ///
                /// # Panics
                #[doc = concat!("If the schema is not that of ", $what, ": in a constant, it does not compile.")]
                #[must_use]
                pub const fn $method(self $(, $arg: $type)?) -> Self {
                    let Kind::$kind(rules) = self.kind else {
                        panic!(concat!(stringify!($method), " is for ", $what));
                    };
                    let kind = Kind::$kind($rules { $field: $value, ..rules });
                    Self { kind, ..self }
                }
            )*
        }
    };
}

keywords! { Integer, IntegerRules, "an integer":
    /// `format`: the machine type that the value must fit in.
    integer_format(format: IntegerFormat) => format = Some(format);
    /// `minimum`.
    minimum(bound: i128) => minimum = Some(bound);
    /// `maximum`.
    maximum(bound: i128) => maximum = Some(bound);
    /// `exclusiveMinimum: true`: the minimum itself is refused.
    exclusive_minimum() => exclusive_minimum = true;
    /// `exclusiveMaximum: true`: the maximum itself is refused.
    exclusive_maximum() => exclusive_maximum = true;
    /// `multipleOf`.
    multiple_of(divisor: i128) => multiple_of = Some(divisor);
}

keywords! { Number, NumberRules, "a number":
    /// `minimum`.
    number_minimum(bound: f64) => minimum = Some(bound);
    /// `maximum`.
    number_maximum(bound: f64) => maximum = Some(bound);
    /// `exclusiveMinimum: true`: the minimum itself is refused.
    number_exclusive_minimum() => exclusive_minimum = true;
    /// `exclusiveMaximum: true`: the maximum itself is refused.
    number_exclusive_maximum() => exclusive_maximum = true;
    /// `multipleOf`.
    number_multiple_of(divisor: f64) => multiple_of = Some(divisor);
    /// `format: float`.
    single() => single = true;
}

keywords! { String, StringRules, "a string":
    /// `minLength`, in Unicode scalar values.
    min_length(length: usize) => min_length = Some(length);
    /// `maxLength`, in Unicode scalar values.
    max_length(length: usize) => max_length = Some(length);
    /// `pattern`; see [`pattern!`](crate::pattern).
    pattern(pattern: &'static Pattern) => pattern = Some(pattern);
    /// `format`.
    format(format: Format) => format = Some(format);
    /// `enum`, of strings.
    one_of(strings: &'static [&'static str]) => one_of = strings;
    /// Refuses control, bidirectional and invisible format characters.
    printable() => printable = true;
}

keywords! { Array, ArrayRules, "an array":
    /// `minItems`.
    min_items(count: usize) => min_items = Some(count);
    /// `maxItems`.
    max_items(count: usize) => max_items = Some(count);
    /// `uniqueItems: true`.
    unique_items() => unique_items = true;
}

keywords! { Object, ObjectRules, "an object":
    /// `additionalProperties: false`.
    closed() => additional = Additional::Forbidden;
    /// `additionalProperties`, with a schema.
    additional_properties(schema: &'static Schema) => additional = Additional::Of(schema);
    /// `minProperties`.
    min_properties(count: usize) => min_properties = Some(count);
    /// `maxProperties`.
    max_properties(count: usize) => max_properties = Some(count);
}
