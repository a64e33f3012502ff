//! Schemas made of other schemas: combinations, references, recursion, and what they may cost.

use openapi_runtime::pattern;
use openapi_runtime::schema::{Property, Schema};
use openapi_runtime::strict::{check, reason};
use serde_json::json;

use super::{assert_rule, places, refusals};

#[test]
fn combinations_accept_what_their_members_say_together() {
    static SHORT: Schema = Schema::string().max_length(3);
    static LOWER: Schema = Schema::string().pattern(pattern!("^[a-z]*$"));
    static SMALL: Schema = Schema::integer().maximum(10);
    static EVEN: Schema = Schema::integer().multiple_of(2);
    static LONE: Schema = Schema::all_of(&[&SMALL]);

    static ALL: Schema = Schema::all_of(&[&SHORT, &LOWER]);
    assert_rule(
        &ALL,
        &[r#""abc""#],
        &[
            (r#""abcd""#, reason::TOO_LONG),
            (r#""A""#, reason::PATTERN_MISMATCH),
        ],
    );
    // What all say is said once.
    assert_rule(
        &ALL,
        &[],
        &[
            ("1", reason::WRONG_TYPE),
            ("null", reason::NULL_NOT_ALLOWED),
        ],
    );

    static ANY: Schema = Schema::any_of(&[&SHORT, &SMALL, &EVEN]);
    assert_rule(
        &ANY,
        &[r#""abc""#, "9", "12", "2"],
        // Only one alternative is a string, so its own reason is given; two are integers.
        &[
            (r#""abcd""#, reason::TOO_LONG),
            ("11", reason::NO_ALTERNATIVE),
            ("[]", reason::NO_ALTERNATIVE),
        ],
    );
    static ONE: Schema = Schema::one_of_schemas(&[&SMALL, &EVEN]);
    assert_rule(
        &ONE,
        &["9", "12"],
        &[("2", reason::AMBIGUOUS), ("11", reason::NO_ALTERNATIVE)],
    );

    let not = Schema::all_of(const { &[&Schema::string(), &Schema::not(&SHORT)] });
    assert_rule(
        &not,
        &[r#""abcd""#],
        &[(r#""abc""#, reason::EXCLUDED_VALUE)],
    );

    let reference = Schema::reference(&SMALL).nullable();
    assert_rule(&reference, &["1", "null"], &[("11", reason::TOO_LARGE)]);
    assert_rule(
        &LONE.nullable(),
        &["1", "null"],
        &[("11", reason::TOO_LARGE)],
    );
}

/// A tree whose nodes name themselves.
static TREE: Schema = Schema::object(&[
    Property::required("name", &Schema::string()),
    Property::optional("children", &Schema::array(&TREE)),
])
.closed();

#[test]
fn recursive_schemas_reach_every_level() {
    let body =
        r#"{"name":"a","children":[{"name":"b"},{"name":"c","children":[{"name":1,"x":2}]}]}"#;
    assert_eq!(
        refusals(body, &TREE),
        [
            ("/children/1/children/0/name".to_owned(), reason::WRONG_TYPE),
            (
                "/children/1/children/0/x".to_owned(),
                reason::UNKNOWN_MEMBER
            ),
        ]
    );
    let value = serde_json::from_str(body).unwrap();
    let violations = check(&value, &TREE).unwrap_err();
    assert_eq!(violations[0].field, "children[1].children[0].name");
    assert_eq!(places(&violations), refusals(body, &TREE));
}

/// Each level can be read in two ways, so that a naive validator takes `2^depth` steps.
static FORK: Schema = Schema::one_of_schemas(&[&FORK_A, &FORK_B, &Schema::boolean()]);
static FORK_A: Schema = Schema::array(&FORK).min_items(1);
static FORK_B: Schema = Schema::array(&FORK).max_items(1);

/// Refers to itself without ever coming to a value.
static CIRCLE: Schema = Schema::all_of(&[&Schema::reference(&CIRCLE)]);
static LOOP: Schema = Schema::one_of_schemas(&[&Schema::any_of(&[&LOOP, &LOOP])]);

#[test]
fn schemas_that_would_take_exponential_or_endless_time_are_cut_off() {
    let body = format!("{}1{}", "[".repeat(31), "]".repeat(31));
    assert_rule(&FORK, &[], &[(&body, reason::TOO_COMPLEX)]);
    assert_rule(&CIRCLE, &[], &[("1", reason::TOO_COMPLEX)]);
    assert_rule(&LOOP, &[], &[("1", reason::TOO_COMPLEX)]);
    // Being cut off never turns a refusal into an acceptance.
    let not = Schema::not(&CIRCLE);
    assert_rule(&not, &[], &[("1", reason::TOO_COMPLEX)]);
}

#[test]
fn large_inputs_of_simple_schemas_are_not_cut_off() {
    static UNIQUE: Schema = Schema::array(&Schema::string()).unique_items();
    let items: Vec<String> = (0..50_000).map(|i| i.to_string()).collect();
    assert_eq!(refusals(json!(items).to_string(), &UNIQUE), []);
}
