//! The rules as a whole.

use openapi_check::{CHANGES, Level, changes, explain};
use openapi_document::Document;
use std::collections::BTreeSet;

fn document(text: &str) -> Document {
    Document::examine("t.yaml", text).0.unwrap()
}

/// Every code that the sources of the rules name.
fn named() -> BTreeSet<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/changes");
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("codes.rs") {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        found.extend(
            text.match_indices("\"K0")
                .filter_map(|(at, _)| text.get(at + 1..at + 6))
                .map(str::to_owned),
        );
    }
    found
}

#[test]
fn every_code_is_explained_and_every_explanation_has_its_code() {
    let explained: BTreeSet<String> = CHANGES.iter().map(|(code, _)| (*code).to_owned()).collect();
    assert_eq!(explained.len(), CHANGES.len(), "a code is explained twice");
    assert_eq!(named(), explained);
    for code in explained {
        assert!(explain(&code).is_some_and(|meaning| meaning.ends_with('.')));
    }
}

const RECURSIVE: &str = "openapi: 3.0.3
info: {title: T, version: 1.3.0}
paths:
  /trees:
    post:
      operationId: plant
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/Tree'}}}
      responses:
        '200':
          description: Planted
          content: {application/json: {schema: {$ref: '#/components/schemas/Tree'}}}
components:
  schemas:
    Tree:
      type: object
      properties:
        name: {type: string}
        left: {$ref: '#/components/schemas/Tree'}
        branches: {type: array, items: {$ref: '#/components/schemas/Tree'}}
";

#[test]
fn a_recursive_schema_is_compared_once() {
    let old = document(RECURSIVE);
    let new = document(&RECURSIVE.replace("name: {type: string}", "name: {type: integer}"));
    let found = changes(&old, &new);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found.level(), Some(Level::Major));
}

#[test]
fn what_is_sent_and_answered_is_judged_by_the_worse_of_both() {
    let enumerated = "name: {type: string, enum: [a, b]}";
    let old = document(&RECURSIVE.replace("name: {type: string}", enumerated));
    for values in ["[a]", "[a, b, c]"] {
        let now = format!("name: {{type: string, enum: {values}}}");
        let new = document(&RECURSIVE.replace("name: {type: string}", &now));
        let found = changes(&old, &new);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found.level(), Some(Level::Major), "{values}");
    }
}

#[test]
fn the_version_must_say_what_the_changes_are() {
    let old = document(RECURSIVE);
    let additional = RECURSIVE.replace(
        "name: {type: string}",
        "name: {type: string}\n        age: {type: integer}",
    );
    let step = changes(&old, &document(&additional)).step();
    assert_eq!(step.wanted.as_deref(), Some("1.4.0"));
    assert!(!step.enough);
    let stepped = additional.replace("1.3.0", "1.4.0");
    assert!(changes(&old, &document(&stepped)).step().enough);
}

#[test]
fn properties_that_move_into_an_all_of_are_the_same_properties() {
    let flat = RECURSIVE.replace(
        "        name: {type: string}\n",
        "        name: {type: string}\n        age: {type: integer}\n",
    );
    let composed = RECURSIVE
        .replace("    Tree:\n      type: object\n", "    Tree:\n      allOf:\n      - {$ref: '#/components/schemas/Named'}\n      type: object\n")
        .replace("        name: {type: string}\n", "        age: {type: integer}\n")
        + "    Named:\n      type: object\n      properties:\n        name: {type: string}\n";
    let found = changes(&document(&flat), &document(&composed));
    assert!(found.level() <= Some(Level::Patch), "{found:?}");
}

#[test]
fn the_first_bound_and_the_end_of_the_last_change_a_type() {
    let with = |schema: &str| document(&RECURSIVE.replace("{type: string}", schema));
    let told = |old: &str, new: &str| {
        let found = changes(&with(old), &with(new));
        let told = found
            .iter()
            .map(|change| change.consequence.clone().unwrap_or_default());
        told.collect::<Vec<_>>()
    };
    for (open, closed, held) in [
        ("{type: number}", "{type: number, minimum: 0}", "`f64`"),
        (
            "{type: integer, format: int32}",
            "{type: integer, format: int32, maximum: 9}",
            "`i32`",
        ),
        (
            "{type: array, items: {type: string}}",
            "{type: array, minItems: 1, items: {type: string}}",
            "`Vec`",
        ),
        ("{type: object}", "{type: object, maxProperties: 3}", "map"),
        (
            "{type: string}",
            "{type: string, pattern: '^a'}",
            "`String`",
        ),
    ] {
        let closes = format!("the type of `Tree::name` changes from {held} to `TreeName`");
        assert_eq!(told(open, closed), [closes], "{closed}");
        let opens = format!("the type of `Tree::name` changes from `TreeName` to {held}");
        assert_eq!(told(closed, open), [opens], "{closed}");
    }
    // Another bound of a closed type is none of these.
    let tighter = told("{type: number, minimum: 0}", "{type: number, minimum: 1}");
    assert!(
        tighter.iter().all(|told| !told.contains("changes from")),
        "{tighter:?}"
    );
    // As wide as the machine's type.
    let wide = told(
        "{type: integer, format: int32}",
        "{type: integer, format: int32, maximum: 2147483647}",
    );
    assert!(
        wide.iter().all(|told| !told.contains("changes from")),
        "{wide:?}"
    );
}

#[test]
fn items_with_a_first_bound_are_called_as_their_type() {
    let with = |items: &str| {
        let list = format!("{{type: array, items: {items}}}");
        document(&RECURSIVE.replace("{type: string}", &list))
    };
    let found = changes(&with("{type: number}"), &with("{type: number, minimum: 1}"));
    let told: Vec<_> = found
        .iter()
        .filter_map(|change| change.consequence.as_deref())
        .collect();
    assert_eq!(
        told,
        ["the type of `Tree::name[_]` changes from `f64` to `TreeNameItem`"]
    );
}

#[test]
fn a_choice_of_one_is_that_one() {
    let named = "name: {$ref: '#/components/schemas/State'}";
    let with = |schema: &str| {
        let text = RECURSIVE.replace("name: {type: string}", schema);
        document(
            &(text + "    State: {type: string, enum: [up, down]}\n    Other: {type: integer}\n"),
        )
    };
    for word in ["anyOf", "oneOf"] {
        let alone = format!("name: {{{word}: [{{$ref: '#/components/schemas/State'}}]}}");
        for (old, new) in [(named, alone.as_str()), (&alone, named)] {
            let found = changes(&with(old), &with(new));
            assert!(found.level() <= Some(Level::Patch), "{found:?}");
        }
        let more = alone.replace("}]", "}, {$ref: '#/components/schemas/Other'}]");
        let found = changes(&with(named), &with(&more));
        assert_eq!(found.level(), Some(Level::Major), "{found:?}");
    }
}

#[test]
fn a_list_that_says_nothing_of_its_items_holds_anything() {
    let with = |list: &str| document(&RECURSIVE.replace("{type: string}", list));
    let (typed, bare) = ("{type: array, items: {type: string}}", "{type: array}");
    // Trees are sent and answered, so each way breaks one side.
    for (old, new) in [(typed, bare), (bare, typed)] {
        let found = changes(&with(old), &with(new));
        assert_eq!(found.level(), Some(Level::Major), "{found:?}");
        assert!(found.iter().any(|change| change.code == "K0351"));
    }
    let found = changes(&with(bare), &with("{type: array, items: {}}"));
    assert!(found.level() <= Some(Level::Patch), "{found:?}");
}
