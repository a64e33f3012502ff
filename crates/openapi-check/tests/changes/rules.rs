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
    for (code, meaning) in CHANGES {
        assert_eq!(explain(code), Some(*meaning));
        let (words, _) = meaning.split_once("\n\n").unwrap();
        assert!(words.ends_with('.'), "{words}");
    }
}

/// The lines of `one` that the other document does not have at their place, without the spaces that they all begin with.
fn own_lines(one: &str, other: &str) -> Vec<String> {
    let (one, other): (Vec<&str>, Vec<&str>) = (one.lines().collect(), other.lines().collect());
    // The longest common subsequence, from the end.
    let mut common = vec![vec![0; other.len() + 1]; one.len() + 1];
    for at in (0..one.len()).rev() {
        for there in (0..other.len()).rev() {
            common[at][there] = match one[at] == other[there] {
                true => common[at + 1][there + 1] + 1,
                false => common[at + 1][there].max(common[at][there + 1]),
            };
        }
    }
    let (mut at, mut there, mut own) = (0, 0, Vec::new());
    while at < one.len() {
        if there < other.len() && one[at] == other[there] {
            (at, there) = (at + 1, there + 1);
        } else if there < other.len() && common[at][there + 1] > common[at + 1][there] {
            there += 1;
        } else {
            own.push(one[at].to_owned());
            at += 1;
        }
    }
    own
}

/// What an example shows of a document: the lines that begin with `mark`.
fn shown(example: &str, mark: char) -> Vec<String> {
    let lines = example.lines().filter_map(|line| line.strip_prefix("    "));
    let lines = lines.filter_map(|line| line.strip_prefix(mark)?.strip_prefix(' '));
    lines.map(str::to_owned).collect()
}

/// The lines without what all of them begin with, of both documents.
fn dedented(before: Vec<String>, after: Vec<String>) -> [Vec<String>; 2] {
    let all = || before.iter().chain(&after);
    let indent = |line: &String| line.len() - line.trim_start().len();
    let least = all().map(indent).min().unwrap_or(0);
    let cut = |lines: &[String]| lines.iter().map(|line| line[least..].to_owned()).collect();
    [cut(&before), cut(&after)]
}

#[test]
fn every_code_has_an_example_which_is_what_one_of_the_pairs_changes() {
    let mut pending: BTreeSet<&str> = CHANGES.iter().map(|(code, _)| *code).collect();
    for pair in crate::pairs() {
        let text = |name: &str| std::fs::read_to_string(pair.join(name)).unwrap();
        let texts = [text("old.yaml"), text("new.yaml")];
        for [old, new] in [[0, 1], [1, 0]] {
            let [old, new] = [&texts[old], &texts[new]];
            let changed = dedented(own_lines(old, new), own_lines(new, old));
            let found = changes(&document(old), &document(new));
            for change in found.iter() {
                let example = explain(change.code).and_then(|text| text.split_once("\n\n"));
                let (_, example) = example.unwrap_or_else(|| panic!("{}: no example", change.code));
                if [shown(example, '-'), shown(example, '+')] == changed {
                    pending.remove(change.code);
                }
            }
        }
    }
    assert!(pending.is_empty(), "no pair is their example: {pending:?}");
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
fn what_rust_code_sees_is_told_of_the_types_that_there_are() {
    let with = |schema: &str| {
        let text = RECURSIVE.replace("name: {type: string}", schema);
        document(
            &(text
                + "    Colour: {type: string, enum: [red, blue]}\n    Leaf: {type: object, properties: {vein: {type: string}, id: {type: string}}}\n"),
        )
    };
    let told = |old: &str, new: &str, values: &str| {
        let mut text = with(new).source().to_string();
        text = text.replace("[\"red\",\"blue\"]", values);
        let found = changes(&with(old), &document(&text));
        let told = found.iter().filter(|change| change.level == Level::Major);
        let told = told.map(|change| {
            format!(
                "{}: {}",
                change.message,
                change.consequence.clone().unwrap_or_default()
            )
        });
        told.collect::<Vec<_>>()
    };
    // The enum is that of the component, though a property with a default of its own is of it.
    let colour = "name: {allOf: [{$ref: '#/components/schemas/Colour'}], default: red}";
    let gone = told(colour, colour, "[\"red\"]");
    assert_eq!(
        gone,
        ["request property `Tree.name` may no longer be \"blue\": a variant of `Colour` is gone"]
    );
    // Text is text, whatever its format says.
    let [uri, reference] =
        ["uri", "uri-reference"].map(|format| format!("name: {{type: string, format: {format}}}"));
    assert_eq!(
        told(&uri, &reference, "[\"red\",\"blue\"]"),
        ["request property `Tree.name` changes its format from `uri` to `uri-reference`: "]
    );
    let date = uri.replace("uri", "date");
    assert!(
        told(&uri, &date, "[\"red\",\"blue\"]")[0].ends_with("the type of `Tree::name` changes")
    );
    // `Leaf` is as it was; what was a leaf is another type.
    let leaf = "name: {$ref: '#/components/schemas/Leaf'}";
    let own = "name: {type: object, properties: {id: {type: string}}}";
    assert_eq!(
        told(leaf, own, "[\"red\",\"blue\"]"),
        [
            "removes request property `Tree.name.vein`: `TreeName`, which it is now, has no such field as `Leaf::vein`"
        ]
    );
    // A list that is a property of the name `items`.
    let [open, closed] = ["", "minItems: 1, "]
        .map(|bound| format!("items: {{type: array, {bound}items: {{type: string}}}}"));
    assert_eq!(
        told(&open, &closed, "[\"red\",\"blue\"]"),
        [
            "request property `Tree.items` tightens `minItems` from none to 1: the type of `Tree::items` changes from `Vec` to `TreeItems`"
        ]
    );
}

#[test]
fn a_header_of_an_error_is_told_of_the_error() {
    let with = |required: bool| {
        let header = format!("{{required: {required}, schema: {{type: integer}}}}");
        let failed = format!(
            "        '429': {{description: Busy, headers: {{Retry-After: {header}, X-Left: {header}}}}}\n"
        );
        let found =
            format!("          description: Planted\n          headers: {{X-Left: {header}}}\n");
        let text = RECURSIVE.replace("          description: Planted\n", &found);
        document(&text.replace("      responses:\n", &format!("      responses:\n{failed}")))
    };
    let found = changes(&with(true), &with(false));
    let told = found
        .iter()
        .filter_map(|change| change.consequence.as_deref());
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "`PlantError::TooManyRequests` may come without it",
            "`PlantError::TooManyRequests` may come without it",
            "`PlantResponse::x_left` becomes `Option`",
        ]
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
