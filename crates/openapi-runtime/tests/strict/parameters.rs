//! Parameters: values that arrive as text.

use openapi_runtime::schema::{Format, Schema};
use openapi_runtime::strict::{check_list, check_str, reason};
use serde_json::json;

use super::ID;

#[test]
fn integers_are_plain_decimal_digits() {
    let page_size = Schema::integer().minimum(1).maximum(500);
    for text in ["1", "50", "500"] {
        assert_eq!(
            check_str("pageSize", text, &page_size).unwrap().to_string(),
            text
        );
    }
    assert_eq!(check_str("n", "-7", &Schema::integer()), Ok(json!(-7)));
    for (text, reason) in [
        ("0", reason::TOO_SMALL),
        ("-1", reason::TOO_SMALL),
        ("501", reason::TOO_LARGE),
        ("9223372036854775808", reason::TOO_LARGE),
        ("99999999999999999999999", reason::TOO_LARGE),
        ("", reason::NOT_AN_INTEGER),
        ("-", reason::NOT_AN_INTEGER),
        ("-0", reason::NOT_AN_INTEGER),
        ("+50", reason::NOT_AN_INTEGER),
        ("050", reason::NOT_AN_INTEGER),
        ("00", reason::NOT_AN_INTEGER),
        (" 50", reason::NOT_AN_INTEGER),
        ("50 ", reason::NOT_AN_INTEGER),
        ("5_0", reason::NOT_AN_INTEGER),
        ("50.0", reason::NOT_AN_INTEGER),
        ("5e1", reason::NOT_AN_INTEGER),
        ("0x32", reason::NOT_AN_INTEGER),
        ("５０", reason::NOT_AN_INTEGER),
        ("null", reason::NOT_AN_INTEGER),
        ("50\0", reason::NOT_AN_INTEGER),
    ] {
        let violations = check_str("pageSize", text, &page_size).unwrap_err();
        assert_eq!(violations.len(), 1, "{text:?}");
        let found = &violations[0];
        assert_eq!(
            (found.field.as_str(), found.pointer.as_str()),
            ("pageSize", "")
        );
        assert_eq!(found.reason, reason, "{text:?}");
        // Told as of a text, also where JSON would take it for a number.
        let plain = "must be an integer in decimal digits, without spaces, `+` or leading zeros";
        assert!(
            reason != reason::NOT_AN_INTEGER || found.message == plain,
            "{text:?}"
        );
    }
}

#[test]
fn other_scalars_are_read_as_their_type() {
    assert_eq!(check_str("x", "true", &Schema::boolean()), Ok(json!(true)));
    assert_eq!(
        check_str("x", "false", &Schema::boolean()),
        Ok(json!(false))
    );
    assert_eq!(check_str("x", "1.5e1", &Schema::number()), Ok(json!(15.0)));
    // What looks like a number stays the string that the schema wants.
    assert_eq!(check_str("x", "007", &Schema::string()), Ok(json!("007")));
    assert_eq!(
        check_str("x", "null", &Schema::string().nullable()),
        Ok(json!("null"))
    );
    for (text, schema, reason) in [
        ("1", Schema::boolean(), reason::WRONG_TYPE),
        ("True", Schema::boolean(), reason::WRONG_TYPE),
        ("", Schema::boolean(), reason::WRONG_TYPE),
        ("1,5", Schema::number(), reason::WRONG_TYPE),
        ("NaN", Schema::number(), reason::WRONG_TYPE),
        ("1 ", Schema::number(), reason::WRONG_TYPE),
        ("1e999", Schema::number(), reason::NUMBER_OUT_OF_RANGE),
        ("Proj", ID, reason::PATTERN_MISMATCH),
        ("a/b", ID, reason::PATTERN_MISMATCH),
        ("é", ID, reason::PATTERN_MISMATCH),
        (
            "x",
            Schema::string().format(Format::Uuid),
            reason::FORMAT_MISMATCH,
        ),
        ("{}", Schema::object(&[]), reason::WRONG_TYPE),
    ] {
        assert_eq!(
            check_str("x", text, &schema).unwrap_err()[0].reason,
            reason,
            "{text:?}"
        );
    }
}

#[test]
fn references_and_combinations_decide_the_type_of_a_text() {
    static COUNT: Schema = Schema::integer().maximum(9);
    static FLAG: Schema = Schema::boolean();
    static OPEN: Schema = Schema::any();
    let reference = Schema::reference(&COUNT).nullable();
    assert_eq!(check_str("x", "7", &reference), Ok(json!(7)));
    static ALL: Schema = Schema::all_of(&[&OPEN, &COUNT]);
    assert_eq!(check_str("x", "7", &ALL), Ok(json!(7)));
    assert_eq!(
        check_str("x", "10", &ALL).unwrap_err()[0].reason,
        reason::TOO_LARGE
    );
    static ANY: Schema = Schema::any_of(&[&COUNT, &FLAG]);
    assert_eq!(check_str("x", "7", &ANY), Ok(json!(7)));
    assert_eq!(check_str("x", "true", &ANY), Ok(json!(true)));
    assert_eq!(
        check_str("x", "10", &ANY).unwrap_err()[0].reason,
        reason::NO_ALTERNATIVE
    );
}

#[test]
fn lists_are_read_item_by_item_and_validated_whole() {
    static COUNT: Schema = Schema::integer().minimum(1);
    let counts = Schema::array(&COUNT)
        .min_items(1)
        .max_items(3)
        .unique_items();
    assert_eq!(check_list("n", &["1", "2"], &counts), Ok(json!([1, 2])));
    for (texts, field, reason) in [
        (&[][..], "n", reason::TOO_FEW_ITEMS),
        (&["1", "2", "3", "4"], "n", reason::TOO_MANY_ITEMS),
        (&["1", "1"], "n[1]", reason::DUPLICATE_ITEM),
        (&["1", "0"], "n[1]", reason::TOO_SMALL),
        (&["1", "x"], "n[1]", reason::NOT_AN_INTEGER),
    ] {
        let violations = check_list("n", texts, &counts).unwrap_err();
        assert_eq!(
            (violations[0].field.as_str(), violations[0].reason),
            (field, reason)
        );
    }
    assert_eq!(
        check_list("n", &["1"], &COUNT).unwrap_err()[0].reason,
        reason::WRONG_TYPE
    );
    // Also where the list is said elsewhere.
    static COUNTS: Schema = Schema::array(&COUNT);
    static ALL: Schema = Schema::all_of(&[&COUNTS]);
    for counts in [&Schema::reference(&COUNTS), &ALL] {
        assert_eq!(check_list("n", &["1", "2"], counts), Ok(json!([1, 2])));
    }
}

#[test]
fn what_leads_to_itself_alone_has_no_type_and_ends() {
    static REFERENCE: Schema = Schema::reference(&REFERENCE);
    static ALL: Schema = Schema::all_of(&[&ALL]);
    static ANY: Schema = Schema::any_of(&[&ANY]);
    static ONE: Schema = Schema::one_of_schemas(&[&ONE]);
    for schema in [&REFERENCE, &ALL, &ANY, &ONE] {
        let violations = check_str("x", "7", schema).unwrap_err();
        assert_eq!(violations[0].reason, reason::TOO_COMPLEX, "{violations}");
    }
}
