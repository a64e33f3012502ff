//! What validation may cost: in proportion to the size of the input, whatever the schema asks for.

use openapi_runtime::schema::{Property, Schema};
use openapi_runtime::strict::reason;
use serde_json::json;

use super::assert_rule;

/// What is asked of a value a few times is answered, and what is asked of it over and over is refused.
#[track_caller]
fn assert_cost(few: &Schema, many: &Schema, body: &str) {
    assert_rule(few, &[body], &[]);
    assert_rule(many, &[], &[(body, reason::TOO_COMPLEX)]);
}

#[test]
fn a_text_costs_a_sixteenth_of_its_length() {
    static TEXT: Schema = Schema::string();
    let body = json!("x".repeat(10_000)).to_string();
    assert_cost(
        &Schema::all_of(const { &[&TEXT; 40] }),
        &Schema::all_of(const { &[&TEXT; 600] }),
        &body,
    );
}

#[test]
fn an_item_that_must_be_unique_costs_a_sixteenth_of_its_length() {
    static ANY: Schema = Schema::any();
    static UNIQUE: Schema = Schema::array(&ANY).unique_items();
    let body = json!(["x".repeat(10_000)]).to_string();
    assert_cost(
        &Schema::all_of(const { &[&UNIQUE; 40] }),
        &Schema::all_of(const { &[&UNIQUE; 600] }),
        &body,
    );
}

#[test]
fn an_object_costs_an_eighth_of_the_members_that_it_may_have_and_so_does_each_that_is_unknown() {
    static ANY: Schema = Schema::any();
    const MEMBER: Property = Property::optional("a", &ANY);
    static OPEN: Schema = Schema::object(&[MEMBER; 64]);
    assert_cost(
        &Schema::all_of(const { &[&OPEN; 100] }),
        &Schema::all_of(const { &[&OPEN; 1200] }),
        "{}",
    );
    assert_cost(
        &Schema::all_of(const { &[&OPEN; 100] }),
        &Schema::all_of(const { &[&OPEN; 700] }),
        r#"{"x":1}"#,
    );
}
