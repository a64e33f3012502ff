//! A member that is not sent has the default of the document, whatever it refers to.

#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[path = "../ring/golden/defaults/types.rs"]
mod types;

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The defaults that the document writes beside the members of `All`, by the member.
fn written() -> BTreeMap<String, Value> {
    let text = include_str!("../accept/defaults.yaml");
    let document = openapi_document::Document::read("defaults.yaml", text);
    let document = document.expect("an accepted document");
    let all = document.schema("All").map(openapi_document::draft::json);
    let members = all.as_ref().and_then(|all| all.get("properties"));
    let members = members.and_then(Value::as_object).into_iter().flatten();
    let defaults = members.map(|(name, member)| (name.clone(), member["default"].clone()));
    defaults.collect()
}

#[test]
fn what_is_not_sent_is_what_the_document_says() {
    let mut expected = written();
    assert!(expected.len() > 60, "{}", expected.len());
    // What the value leaves out has its own default, and null is as good as nothing.
    expected.insert("inlineObject".to_owned(), json!({ "a": "x", "n": 5 }));
    expected.insert("filled".to_owned(), json!({ "a": "x", "n": 5, "un": 7 }));
    expected.insert("whole".to_owned(), json!(5));
    expected.insert("mWide".to_owned(), json!({ "a": "x", "n": 5 }));
    assert_eq!(expected.remove("nullDefault"), Some(Value::Null));
    for empty in ["mFlag1", "mList1", "mMap1", "mPlain1"] {
        assert!(expected.contains_key(empty), "{empty}");
    }
    let read: types::All = serde_json::from_str("{}").expect("nothing is required");
    for all in [read, types::All::default()] {
        let told = serde_json::to_value(all).expect("it has a form");
        for (name, value) in &expected {
            let told = told.get(name).unwrap_or(&Value::Null);
            let same = told == value || (told.is_number() && told.as_f64() == value.as_f64());
            assert!(same, "{name}: {told} for {value}");
        }
    }
}

#[test]
fn a_default_is_of_the_alternative_that_it_fits() {
    let all = types::All::default();
    assert!(matches!(all.m_un_ref1, types::UnRef::Small(_)));
    assert!(matches!(all.m_un_ref0, types::UnRef::Name(_)));
    assert!(matches!(all.format_union, types::AllFormatUnion::String(_)));
    let deep: types::Deep = serde_json::from_value(json!({})).expect("an object");
    let told = serde_json::to_value(deep).expect("it has a form");
    assert_eq!(told, json!({ "left": "leaf12345" }));
}
