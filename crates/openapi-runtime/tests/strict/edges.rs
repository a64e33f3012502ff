//! Rules at their edges: bounds beyond what a format holds, divisors of nothing, and what is said in the singular.

use openapi_runtime::schema::{IntegerFormat, Schema};
use openapi_runtime::strict::{check, reason};
use serde_json::{Value, json};

use super::{assert_rule, refusals};

#[test]
fn a_bound_beyond_what_the_format_holds_is_the_format_s() {
    let byte = Schema::integer().integer_format(IntegerFormat::Int8);
    let wide = byte.minimum(-1000).maximum(1000);
    for schema in [wide, wide.exclusive_minimum().exclusive_maximum()] {
        assert_rule(
            &schema,
            &["-128", "127"],
            &[("-129", reason::TOO_SMALL), ("128", reason::TOO_LARGE)],
        );
    }
    // One that is the format's own is the rule's: it may be excluded.
    let own = byte.minimum(-128).maximum(127);
    assert_rule(
        &own.exclusive_minimum().exclusive_maximum(),
        &["-127", "126"],
        &[("-128", reason::TOO_SMALL), ("127", reason::TOO_LARGE)],
    );
}

#[test]
fn a_number_with_an_exponent_is_no_integer_unless_none_could_hold_it() {
    assert_rule(
        &Schema::integer().integer_format(IntegerFormat::Uint64),
        &["18446744073709551615", "0"],
        &[
            ("1e19", reason::NOT_AN_INTEGER),
            ("1.0", reason::NOT_AN_INTEGER),
            ("-1e18", reason::NOT_AN_INTEGER),
            ("18446744073709551616", reason::TOO_LARGE),
            ("1e20", reason::TOO_LARGE),
            ("-1e19", reason::TOO_SMALL),
        ],
    );
}

#[test]
fn a_divisor_of_nothing_asks_for_nothing() {
    for body in ["0", "7", "-3"] {
        assert_eq!(refusals(body, &Schema::integer().multiple_of(0)), []);
        assert_eq!(
            refusals(body, &Schema::number().number_multiple_of(0.0)),
            []
        );
    }
}

#[test]
fn an_object_may_have_as_many_members_as_it_may() {
    let sized = Schema::object(&[]).min_properties(1).max_properties(2);
    assert_rule(
        &sized,
        &[r#"{"a":1}"#, r#"{"a":1,"b":1}"#],
        &[
            ("{}", reason::TOO_FEW_MEMBERS),
            (r#"{"a":1,"b":1,"c":1}"#, reason::TOO_MANY_MEMBERS),
        ],
    );
}

#[test]
fn large_integers_are_equal_however_they_are_written() {
    static ANY: Schema = Schema::any();
    let unique = Schema::array(&ANY).unique_items();
    for equal in [
        "[1000000000000000000, 1e18]",
        "[18446744073709549568, 1.8446744073709549568e19]",
        "[-9223372036854775808, -9.223372036854775808e18]",
        "[1e300, 1e300]",
    ] {
        let duplicate = [("/1".to_owned(), reason::DUPLICATE_ITEM)];
        assert_eq!(refusals(equal, &unique), duplicate, "{equal}");
    }
    for distinct in [
        "[1e300, 2e300]",
        "[1e38, 2e38]",
        "[18446744073709551615, 1.8446744073709549568e19]",
    ] {
        assert_eq!(refusals(distinct, &unique), [], "{distinct}");
    }
}

#[test]
fn what_is_one_is_said_in_the_singular() {
    static ANY: Schema = Schema::any();
    let told =
        |value: Value, schema: &Schema| check(&value, schema).unwrap_err()[0].message.clone();
    let text = Schema::string();
    assert_eq!(told(json!(""), &text.min_length(1)), "must not be empty");
    assert_eq!(
        told(json!(""), &text.min_length(2)),
        "must have at least 2 characters"
    );
    assert_eq!(
        told(json!("ab"), &text.max_length(1)),
        "must have at most 1 character"
    );
    assert_eq!(
        told(json!("abc"), &text.max_length(2)),
        "must have at most 2 characters"
    );
    let list = Schema::array(&ANY);
    assert_eq!(
        told(json!([]), &list.min_items(1)),
        "must have at least 1 item"
    );
    assert_eq!(
        told(json!([1, 2, 3]), &list.max_items(2)),
        "must have at most 2 items"
    );
}

#[test]
fn what_is_beside_another_is_no_deeper_than_it() {
    static NUMBER: Schema = Schema::integer();
    static NUMBERS: Schema = Schema::array(&NUMBER);
    // Of each length, so that no way to count them wrong comes past the bound unseen.
    for length in 0..4 {
        let wide = Value::from_iter((0..1000).map(|n| json!(vec![n; length]))).to_string();
        assert_eq!(refusals(&wide, &Schema::array(&NUMBERS)), [], "{length}");
    }
}
