//! Both readers of JSON, and what the strict one tells.

use super::*;
use crate::{Diagnostics, Source};
use std::sync::Arc;

/// What the reader of YAML makes of it.
fn yaml(text: &str) -> Option<Node> {
    crate::read::yaml(text, 3).ok()
}

#[test]
fn both_readers_read_the_same_values_at_the_same_places() {
    let texts = [
        "{}",
        "{\"a\": 1, \"b\": [ ], \"c\":{},\n\t\"d\": [-1.5, 1e3, true, false, null, \"x\"]}\n",
        "{\"ä\": \"ü\\n\\u00e9\\\\\\/\\\"\", \"x\": \"é\", \"b\": [{\"日本\": 0}, 18446744073709551615]}",
        "{\"openapi\": \"3.0.3\",\n  \"paths\": {\n    \"/a\": {\"get\": {}}\n  }\n}\n\n",
    ];
    for text in texts {
        let json = read(text, 3);
        assert!(json.is_some(), "{text}");
        assert_eq!(json, yaml(text), "{text}");
    }
}

#[test]
fn what_is_no_json_is_left_to_the_other_reader() {
    let deep = format!("{{\"a\": {}{}}}", "[".repeat(200), "]".repeat(200));
    let texts = [
        "a: 1",
        "{a: 1}",
        "{\"a\": 1,}",
        "{\"a\": 1, \"a\": 2}",
        "{\"a\": 1} # said",
        "{\"a\": 1}\r\n",
        "{\"a\": \"b\nc\"}",
        "{\"a\": \"\\ud83d\"}",
        "{\"a\": yes}",
        "{\"a\": 012}",
        "{\"a\": [1 2]}",
        "{\"a\": 1",
        deep.as_str(),
    ];
    for text in texts {
        assert_eq!(read(text, 0), None, "{text}");
    }
}

/// What is told of the file, as an author sees it, and the places.
fn told(text: &str) -> (Vec<String>, String) {
    let found = strict(text, 0).err().unwrap_or_default();
    let (name, text) = ("a.json".to_owned(), text.to_owned());
    let mut told = Diagnostics::new(Arc::new(vec![Source { name, text }]));
    found.into_iter().for_each(|found| told.push(found));
    (told.places(), told.render(false))
}

#[test]
fn what_is_no_json_is_told_where_it_is_with_what_to_write() {
    for (text, place, words) in [
        ("{\"a\": 1,\n}", "1:8", "remove the `,`"),
        ("{\"a\": [1,\n 2,\n]}", "2:3", "no `,` stands before `]`"),
        ("{\"a\": 1,, \"b\": 2}", "1:9", "remove one of them"),
        (
            "{\"a\": 1\n, // said\n\"b\": 2}",
            "2:3",
            "there are no comments",
        ),
        ("{\n# said\n\"a\": 1}", "2:1", "there are no comments"),
        ("{\"a\": /* a\nb */ 1}", "1:7", "there are no comments"),
        ("{\"a\": 1\n \"b\": 2}", "1:8", "write `,` here"),
        ("{\"a\": {\n}\n \"b\": 2}", "2:2", "a `,` is missing"),
        ("{\"a\": [1 2]}", "1:9", "a `,` is missing"),
        ("{\"a\" 1}", "1:2", "a `:` is missing"),
        ("{\"a\" = 1}", "1:2", "a `:` is missing"),
        ("{a: 1}", "1:2", "write `\"a\"`"),
        ("{'a': 1}", "1:2", "in double quotes"),
        ("{\"a\": 'ü', \"b\": 1}", "1:7", "in double quotes"),
        ("{\"a\": True}", "1:7", "write `true`"),
        ("{\"a\": yes}", "1:7", "write `true`"),
        ("{\"a\": NaN}", "1:7", "`NaN` is no value"),
        ("{\"a\": 012}", "1:7", "write `12`"),
        ("{\"a\": +1}", "1:7", "write `1`"),
        ("{\"a\": .5}", "1:7", "write `0.5`"),
        ("{\"a\": 5.}", "1:7", "write `5`"),
        ("{\"a\": 0x1f}", "1:7", "write `31`"),
        ("{\"a\": 1_000}", "1:7", "digits alone"),
        ("{\"a\": 1e999}", "1:7", "larger than any"),
        ("{\"a\": }", "1:7", "a value cannot begin with `}`"),
        ("{\"a\": @}", "1:7", "a value cannot begin with `@`"),
        ("{\"a\": \"x\n\"}", "1:7", "not closed on its line"),
        ("{\"ä\": \"ä\tb\"}", "1:9", "write `\\t`"),
        ("{\"a\": \"ü\\d+\"}", "1:9", "write `\\\\d`"),
        ("{\"a\": \"\\\u{7f}\"}", "1:8", "has no meaning"),
        ("{\"a\": \"\\\u{85}\"}", "1:8", "has no meaning"),
        ("{\"a\": \"\\u12\"}", "1:8", "`\\u` has no meaning"),
        ("{\"a\": \"\\ud83d\"}", "1:8", "one half"),
        ("{\"a\": [1}", "1:9", "this closes a `[`"),
        ("{\"a\": [1]", "1:1", "this `{` is not closed"),
        (
            "{\n  \"a\": {\n    \"b\": 1\n}\n",
            "2:8",
            "this `{` is not closed",
        ),
        (
            "{\n  \"a\": {\n    \"b\": [1\n  }\n}\n",
            "4:3",
            "this closes a `[`",
        ),
        ("{} {}", "1:4", "after the end"),
        ("openapi: 3.0.3", "1:1", "call it `.yaml`"),
        ("", "1:1", "the document is empty"),
    ] {
        let (places, shown) = told(text);
        assert_eq!(
            places,
            [format!("a.json:{place} K0001")],
            "{text:?}\n{shown}"
        );
        assert!(shown.contains(words), "{text:?}: {words}\n{shown}");
    }
}

#[test]
fn keys_twice_and_nesting_are_told_as_in_yaml() {
    let (places, _) = told("{\"a\": 1,\n \"a\": 2,\n \"b\": {\"c\": 1, \"c\": 2}}");
    assert_eq!(places, ["a.json:3:16 K0002", "a.json:2:2 K0002"]);
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert_eq!(told(&deep).0, ["a.json:1:101 K0004"]);
}

#[test]
fn what_is_missing_before_a_character_of_several_bytes_is_told_behind_what_is_before_it() {
    for (text, column) in [
        ("{\"a\": 1“b\": 2}", 8),
        ("{\"a\":\"3\"\u{feff},\"b\": 1}", 9),
        ("[1.é3]", 4),
        ("[true\u{a0},false]", 6),
    ] {
        let (places, shown) = told(text);
        assert!(
            !places.is_empty() && shown.contains(&format!("a.json:1:{column}")),
            "{text:?} {places:?}\n{shown}"
        );
    }
}

#[test]
fn a_text_that_ends_with_a_backslash_is_told_once() {
    for text in ["{\"a\": \"b\\\n\"}", "{\"a\": \"b\\"] {
        let (places, shown) = told(text);
        assert_eq!(places, ["a.json:1:7 K0001"], "{shown}");
    }
}

#[test]
fn of_slips_without_number_the_first_hundred_are_told() {
    let (places, _) = told(&format!("[1{}2]", ",".repeat(10_000)));
    assert_eq!(places.len(), 100);
    let keys = vec!["\"a\": 1"; 10_000].join(",");
    assert_eq!(told(&format!("{{{keys}}}")).0.len(), 100);
}

#[test]
fn all_slips_of_a_file_are_told_at_once() {
    let text = "{\n  // said\n  \"a\": 'b',\n  \"c\": True\n  \"d\": [1, 2,],\n}";
    let (places, shown) = told(text);
    let lines: Vec<&str> = places
        .iter()
        .filter_map(|at| at.split(':').nth(1))
        .collect();
    assert_eq!(lines, ["2", "3", "4", "4", "5", "5"], "{shown}");
}

#[test]
fn what_yaml_reads_otherwise_is_json_in_a_file_of_that_name() {
    let text = "\u{feff}{\r\n\t\"a\": \"\\ud83d\\ude00\",\r\n\t\"b\" : 1e3 }\r\n";
    let root = strict(text, 0).unwrap_or_else(|found| panic!("{found:?}"));
    assert_eq!(root.get("a").and_then(Node::as_str), Some("\u{1f600}"));
    let b = root
        .entry("b")
        .map(|entry| (entry.key_span.line, entry.key_span.column));
    assert_eq!(b, Some((3, 2)));
    assert!(is_named("a/openapi.JSON") && !is_named("json") && !is_named("a.json.yaml"));
}
