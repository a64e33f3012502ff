//! What is said of a bound that is not kept: the words of `openapi_runtime::strict`, so that a caller reads before anything
//! is sent what the server would have answered.

use std::fmt::Display;

/// Said of a number that is not finite.
pub(crate) const NOT_DOUBLE: &str = "must be a number that a double can hold";
/// Said of a number that is not finite as a single.
pub(crate) const NOT_SINGLE: &str = "must be a number that a float can hold";
/// Said of the second of two equal items.
pub(crate) const REPEATED: &str = "must not equal an earlier item";

/// Said of what is below its minimum; `above`: the minimum itself is refused.
pub(crate) fn too_small(minimum: impl Display, above: bool) -> String {
    let what = if above { "greater than" } else { "at least" };
    format!("must be {what} {minimum}")
}

/// Said of what is above its maximum; `below`: the maximum itself is refused.
pub(crate) fn too_large(maximum: impl Display, below: bool) -> String {
    let what = if below { "less than" } else { "at most" };
    format!("must be {what} {maximum}")
}

/// Said of what is no multiple of `step`.
pub(crate) fn no_multiple(step: impl Display) -> String {
    format!("must be a multiple of {step}")
}

/// Said of what is not the `only` value that is listed.
pub(crate) fn not_listed(only: impl Display) -> String {
    format!("must be one of {only}")
}

/// Said of a list or map with fewer than `least` of `what`, such as `item`.
pub(crate) fn too_few(least: u64, what: &str) -> String {
    format!("must have at least {}", count(least, what))
}

/// Said of a list or map with more than `most` of `what`.
pub(crate) fn too_many(most: u64, what: &str) -> String {
    format!("must have at most {}", count(most, what))
}

fn count(n: u64, what: &str) -> String {
    let end = if n == 1 { "" } else { "s" };
    format!("{n} {what}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use openapi_runtime::schema::{IntegerFormat, Literal, Property, Schema};
    use openapi_runtime::strict::check;
    use serde_json::{Value, json};

    static ITEM: Schema = Schema::any();

    #[track_caller]
    fn said(value: &Value, schema: Schema, words: &str) {
        let told = check(value, &schema).expect_err("it is out of bounds");
        assert_eq!(told[0].message, words);
    }

    #[test]
    fn they_are_the_servers() {
        let number = Schema::number();
        said(
            &json!(-1),
            number.number_minimum(0.0),
            &too_small(0.0, false),
        );
        let above = number.number_minimum(0.5).number_exclusive_minimum();
        said(&json!(0.5), above, &too_small(0.5, true));
        said(
            &json!(2),
            number.number_maximum(1.0),
            &too_large(1.0, false),
        );
        let below = number.number_maximum(1.5).number_exclusive_maximum();
        said(&json!(1.5), below, &too_large(1.5, true));
        let step = number.number_multiple_of(2.0);
        said(&json!(1), step, &no_multiple(json!(2.0)));
        said(&json!(1e39), number.single(), NOT_SINGLE);
        let integer = Schema::integer().integer_format(IntegerFormat::Int64);
        said(&json!(4), integer.minimum(5), &too_small(5, false));
        said(&json!(4), integer.multiple_of(3), &no_multiple(3));
        const ON: &[Literal] = &[Literal::Bool(true)];
        let flag = Schema::boolean().literals(ON);
        said(&json!(false), flag, &not_listed(true));
        let list = Schema::array(&ITEM);
        said(&json!([]), list.min_items(1), &too_few(1, "item"));
        said(&json!([1, 2, 3]), list.max_items(2), &too_many(2, "item"));
        said(&json!([1, 1.0]), list.unique_items(), REPEATED);
        const NONE: &[Property] = &[];
        let map = Schema::object(NONE);
        said(&json!({}), map.min_properties(2), &too_few(2, "member"));
        said(
            &json!({"a": 1}),
            map.max_properties(0),
            &too_many(0, "member"),
        );
    }
}
