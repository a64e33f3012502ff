//! The reasons for which input is refused: stable slugs, part of the interface that clients program against.

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $slug:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $slug;)*

        /// All of them.
        pub const ALL: &[&str] = &[$($name),*];
    };
}

reasons! {
    /// There is nothing, or only white space.
    EMPTY_BODY = "empty_body";
    /// The bytes are not UTF-8.
    NOT_UTF8 = "not_utf8";
    /// The body begins with a byte order mark.
    BYTE_ORDER_MARK = "byte_order_mark";
    /// The text is not RFC 8259 JSON. (The message gives the byte.)
    NOT_JSON = "not_json";
    /// Something follows the JSON value.
    TRAILING_DATA = "trailing_data";
    /// Arrays and objects nest too deep. Limit: the depth.
    TOO_DEEP = "too_deep";
    /// An object has two members of one name, after escapes are resolved.
    DUPLICATE_MEMBER = "duplicate_member";
    /// A string has half of a surrogate pair.
    LONE_SURROGATE = "lone_surrogate";
    /// A number that a double cannot hold, such as `1e400`; or, of `format: float`, a single.
    NUMBER_OUT_OF_RANGE = "number_out_of_range";
    /// Validation would take too many steps for a document of this size.
    TOO_COMPLEX = "too_complex";

    /// A value of another JSON type. Limit: the name of the type that is wanted.
    WRONG_TYPE = "wrong_type";
    /// `null` where it is not allowed. Limit: the name of the type that is wanted.
    NULL_NOT_ALLOWED = "null_not_allowed";
    /// A member that the schema does not know.
    UNKNOWN_MEMBER = "unknown_member";
    /// A required member is absent.
    MISSING_MEMBER = "missing_member";
    /// An object with too few members. Limit: the least number.
    TOO_FEW_MEMBERS = "too_few_members";
    /// An object with too many members. Limit: the greatest number.
    TOO_MANY_MEMBERS = "too_many_members";
    /// A number with a fraction or an exponent where an integer is wanted, or an integer of a parameter that is not
    /// written in plain decimal digits.
    NOT_AN_INTEGER = "not_an_integer";
    /// A number below its minimum or below what its format holds. Limit: the bound.
    TOO_SMALL = "too_small";
    /// A number above its maximum or above what its format holds. Limit: the bound.
    TOO_LARGE = "too_large";
    /// A number that is no multiple. Limit: the divisor.
    NOT_A_MULTIPLE = "not_a_multiple";
    /// A string below its least length. Limit: the length in characters.
    TOO_SHORT = "too_short";
    /// A string above its greatest length. Limit: the length in characters.
    TOO_LONG = "too_long";
    /// A string that its pattern does not match. Limit: the pattern.
    PATTERN_MISMATCH = "pattern_mismatch";
    /// A string that is not of its format. Limit: the name of the format.
    FORMAT_MISMATCH = "format_mismatch";
    /// A string with a control, bidirectional or invisible character.
    FORBIDDEN_CHARACTER = "forbidden_character";
    /// Not one of the enumerated values. Limit: all of them.
    NOT_IN_ENUM = "not_in_enum";
    /// An array with too few items. Limit: the least number.
    TOO_FEW_ITEMS = "too_few_items";
    /// An array with too many items. Limit: the greatest number.
    TOO_MANY_ITEMS = "too_many_items";
    /// An array of unique items has two that are equal.
    DUPLICATE_ITEM = "duplicate_item";
    /// None of the alternatives of a `oneOf` or `anyOf` accepts the value.
    NO_ALTERNATIVE = "no_alternative";
    /// More than one alternative of a `oneOf` accepts the value.
    AMBIGUOUS = "ambiguous";
    /// The value is what a `not` excludes.
    EXCLUDED_VALUE = "excluded_value";
}
