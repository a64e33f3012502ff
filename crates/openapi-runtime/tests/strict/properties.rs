//! What holds for any input.

use std::collections::HashSet;
use std::sync::LazyLock;

use openapi_runtime::schema::{Property, Schema};
use openapi_runtime::strict::{Limits, check, check_str, decode, printable_name, reason};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ID, REQUEST, refusals};

/// Texts that are JSON, nearly JSON, or far from it, with an eye to what is refused: names are few, so that they repeat.
fn json_like() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("tru".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| format!("{n:e}")),
        r"-?(0|[1-9]\d{0,25}|0\d)(\.\d{0,3})?([eE][+-]?\d{0,3})?",
        any::<String>().prop_map(|s| json!(s).to_string()),
        r#""(a|\\n|\\"|\\x|\\u00e9|\\ud83d|\\ude00|\\u12|é|\n){0,5}"?"#,
    ];
    let separator = || prop_oneof![8 => Just(","), 1 => Just(" ,\n"), 1 => Just(";")];
    let name = || {
        prop_oneof![
            r#""[a-c]""#,
            Just(r#""\u0061""#.to_owned()),
            Just(r#""user""#.to_owned()),
            Just(r#""ttl""#.to_owned())
        ]
    };
    leaf.prop_recursive(5, 40, 4, move |inner| {
        let member = (name(), inner.clone()).prop_map(|(name, value)| format!("{name}:{value}"));
        prop_oneof![
            (prop::collection::vec(inner, 0..4), separator())
                .prop_map(|(items, separator)| format!("[{}]", items.join(separator))),
            (prop::collection::vec(member, 0..4), separator())
                .prop_map(|(members, separator)| format!("{{{}}}", members.join(separator))),
        ]
    })
}

/// JSON values with members that the request knows.
fn request_like() -> impl Strategy<Value = Value> {
    let value = || {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-2i64..3).prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (0i64..9).prop_map(|n| Value::from(n as f64 + 0.5)),
            "[a-zA-Z0-9é-]{0,5}".prop_map(Value::from),
            (60usize..66, "[a-zé]").prop_map(|(n, c)| Value::from(c.repeat(n))),
            (250usize..256, "[a-zé😀]").prop_map(|(n, c)| Value::from(c.repeat(n))),
            Just(json!([])),
            Just(json!({})),
        ]
    };
    let name = prop::sample::select(vec!["user", "role", "ttl", "id", "x"]);
    prop_oneof![
        9 => prop::collection::btree_map(name.prop_map(str::to_owned), value(), 0..5)
            .prop_map(|members| Value::Object(members.into_iter().collect())),
        1 => value(),
    ]
}

/// [`REQUEST`] as another implementation is told it. (Its rule of characters is ours alone; no such are generated.)
static OTHER: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "user": {"type": "string", "minLength": 1, "maxLength": 253},
            "role": {"type": "string", "minLength": 1, "maxLength": 63},
            "ttl": {"type": "integer", "minimum": 1},
            "id": {"type": "string", "minLength": 1, "maxLength": 63, "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$"},
        },
    });
    jsonschema::validator_for(&schema).expect("a schema that is valid")
});

/// A schema with most keywords, for values that have nothing to do with it.
static EVERYTHING: Schema = Schema::any_of(&[
    &Schema::array(&EVERYTHING).max_items(2).unique_items(),
    &Schema::object(&[Property::required("a", &EVERYTHING)]).max_properties(3),
    &Schema::string().max_length(4),
    &Schema::one_of_schemas(&[
        &Schema::integer().minimum(0),
        &Schema::number().number_maximum(0.5),
    ]),
    &REQUEST,
]);

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn any_bytes_are_decoded_or_refused_with_bounded_reports(
        bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..60), json_like().prop_map(String::into_bytes)],
    ) {
        for schema in [&Schema::any(), &REQUEST, &EVERYTHING] {
            if let Err(violations) = decode(&bytes, schema, Limits::DEFAULT) {
                prop_assert!((1..=16).contains(&violations.len()));
                for violation in violations.iter() {
                    prop_assert!(reason::ALL.contains(&violation.reason));
                    prop_assert!(!violation.message.is_empty());
                }
            }
        }
    }

    #[test]
    fn what_is_decoded_is_what_serde_json_reads_and_nothing_else_is_refused_without_reason(text in json_like()) {
        let ours = decode(text.as_bytes(), &Schema::any(), Limits::DEFAULT);
        let theirs = serde_json::from_str::<Value>(&text);
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
            (Ok(_), Err(error)) => prop_assert!(false, "only we accept {:?}: {}", text, error),
            // Stricter in one thing: nesting is too shallow here for the other.
            (Err(violations), Ok(_)) => prop_assert_eq!(violations[0].reason, reason::DUPLICATE_MEMBER),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn written_values_are_read_back_equal(text in json_like()) {
        if let Ok(value) = decode(text.as_bytes(), &Schema::any(), Limits::DEFAULT) {
            let again = decode(value.to_string().as_bytes(), &Schema::any(), Limits::DEFAULT);
            prop_assert_eq!(again, Ok(value));
        }
    }

    #[test]
    fn a_requests_verdict_agrees_with_another_implementation(value in request_like()) {
        let ours = check(&value, &REQUEST);
        prop_assert_eq!(ours.is_ok(), OTHER.is_valid(&value), "{:?}", ours);
        prop_assert_eq!(ours.is_ok(), refusals(value.to_string(), &REQUEST).is_empty());
        // The places are the same, too.
        let strip = |pointer: &str| pointer.split('/').nth(1).unwrap_or("").to_owned();
        let places: HashSet<String> = ours.err().into_iter().flatten()
            .filter(|v| v.reason != reason::UNKNOWN_MEMBER).map(|v| strip(&v.pointer)).collect();
        let theirs: HashSet<String> = OTHER.iter_errors(&value)
            .filter(|e| !e.to_string().contains("Additional properties"))
            .map(|e| strip(e.instance_path().as_str())).collect();
        prop_assert_eq!(places, theirs);
    }

    #[test]
    fn parameters_are_read_or_refused_and_integers_read_as_they_were_written(text in r"[-+ ]?\d{0,22}(\.\d)?|\PC{0,9}") {
        if let Ok(value) = check_str("n", &text, &Schema::integer()) {
            prop_assert_eq!(value.to_string(), text.clone());
        }
        for schema in [&ID, &EVERYTHING, &Schema::number(), &Schema::boolean()] {
            let _ = check_str("x", &text, schema);
        }
        prop_assert_eq!(check_str("x", &text, &Schema::string()), Ok(json!(text)));
    }

    #[test]
    fn shown_names_are_short_and_visible(name in any::<String>()) {
        let shown = printable_name(&name);
        prop_assert!(shown.chars().count() <= 64);
        prop_assert!(shown.chars().all(openapi_runtime::strict::is_printable));
    }
}
